"""A nest of values and arrays as JSON and one file of arrays, without pickle."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

FORMAT_VERSION = 1
_ARRAY = "__array__"


def write_nest(folder: Path, name: str, nest: dict[str, Any]) -> None:
    """Writes `<name>.json`, which people can read, and `<name>.npz`.

    Args:
        folder: an existing directory.
        name: of the files.
        nest: dicts with string keys, lists, numbers, strings, None, and arrays of any type that
            TensorFlow has, bfloat16 included.

    Raises:
        TypeError: if something else is in it.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_nest(folder, "state", {"step": 3, "weights": [np.ones(2, "float32")]})
        >>> read_nest(folder, "state")
        {'step': 3, 'weights': [array([1., 1.], dtype=float32)]}
    """
    arrays: list[np.ndarray] = []
    record = {"format_version": FORMAT_VERSION, **_packed(nest, arrays)}
    with open(folder / f"{name}.npz", "wb") as file:
        np.savez(file, allow_pickle=False, **{str(i): array for i, array in enumerate(arrays)})
    (folder / f"{name}.json").write_text(json.dumps(record), encoding="utf-8", newline="\n")


def read_nest(folder: Path, name: str) -> dict[str, Any]:
    """Reads what `write_nest` wrote.

    Args:
        folder: where it was written.
        name: of the files.

    Raises:
        OSError: if a file can't be read.
        ValueError: if it was written by a newer version, or by something else; the message begins
            with the name of the file.
    """
    path = folder / f"{name}.json"
    try:
        record = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is not valid JSON: {error}") from error
    version = record.pop("format_version", None) if isinstance(record, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError(f"{path.name} must be a JSON object with a whole `format_version`.")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"{path.name} has format_version {version}, this kseq2seq reads up to "
            f"{FORMAT_VERSION}; go on with a newer kseq2seq."
        )
    try:
        with zipfile.ZipFile(folder / f"{name}.npz") as file:
            return _unpacked(record, file)
    except OSError:
        raise
    except Exception as error:  # NumPy and zipfile have many ways to fail on what is not theirs
        raise ValueError(
            f"{name}.npz does not hold the arrays of {path.name} ({type(error).__name__}: {error})."
        ) from error


def _packed(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, dict):
        return {str(key): _packed(part, arrays) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_packed(part, arrays) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        # NumPy's files know its own types only: others, such as bfloat16, go as bytes
        dtype = tf.as_dtype(value.dtype).name
        bits = value if value.dtype.isbuiltin == 1 else value.view(f"u{value.dtype.itemsize}")
        arrays.append(bits)
        return {_ARRAY: len(arrays) - 1, "dtype": dtype}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"A checkpoint holds dicts, lists, numbers, strings and arrays; got {type(value).__name__}."
    )


def _unpacked(value: Any, file: zipfile.ZipFile) -> Any:
    if isinstance(value, list):
        return [_unpacked(part, file) for part in value]
    if isinstance(value, dict) and _ARRAY in value:
        return _array(file, f"{value[_ARRAY]}.npy").view(_dtype(value["dtype"]))
    if isinstance(value, dict):
        return {key: _unpacked(part, file) for key, part in value.items()}
    return value


def _array(file: zipfile.ZipFile, name: str) -> np.ndarray:
    """Reads an array, no larger than what is stored of it."""
    with file.open(name) as stored:
        version = np.lib.format.read_magic(stored)
        read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(stored)
        if math.prod(shape) * dtype.itemsize > file.getinfo(name).file_size:
            raise ValueError(f"{name} says it has the shape {shape}, for which it is too short")
    with file.open(name) as stored:
        return np.lib.format.read_array(stored, allow_pickle=False)


def _dtype(name: str) -> Any:
    return tf.as_dtype(name).as_numpy_dtype
