"""A nest of values and arrays as JSON and one file of arrays, without pickle."""

from __future__ import annotations

import json
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
        ValueError: if it was written by a newer version.
    """
    record = json.loads((folder / f"{name}.json").read_bytes())
    version = record.pop("format_version")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"{folder} has format_version {version}, this kseq2seq reads up to {FORMAT_VERSION}; "
            "go on with a newer kseq2seq."
        )
    with zipfile.ZipFile(folder / f"{name}.npz") as file:
        return _unpacked(record, file)


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
        with file.open(f"{value[_ARRAY]}.npy") as array:
            bits = np.lib.format.read_array(array, allow_pickle=False)
        return bits.view(tf.as_dtype(value["dtype"]).as_numpy_dtype)
    if isinstance(value, dict):
        return {key: _unpacked(part, file) for key, part in value.items()}
    return value
