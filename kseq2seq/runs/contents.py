"""The files of a checkpoint: JSON and arrays without pickle, checked before they are used."""

from __future__ import annotations

import json
import math
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.formats import upgraded

FORMAT_VERSION = 1  # of how a nest is written
PATHLESS = "? "  # stands for the path of a variable that is not known
_ARRAY = "__array__"
_LONGEST = 2**62  # steps; a sum of two fits 64 bits
_COUNTS = ("step", "epoch", "taken", "skipped", "roll_backs")


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
    record = {"format_version": FORMAT_VERSION, **_without_arrays(nest, arrays)}
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
            f"{FORMAT_VERSION}; use a newer kseq2seq."
        )
    try:
        with zipfile.ZipFile(folder / f"{name}.npz") as file:
            return _with_arrays(record, file)
    except OSError:
        raise
    except Exception as error:  # NumPy and zipfile have many ways to fail on foreign files
        raise ValueError(
            f"{name}.npz does not hold the arrays of {path.name} ({type(error).__name__}: {error})."
        ) from error


def _without_arrays(value: Any, arrays: list[np.ndarray]) -> Any:
    """The value with the number of each array in its place; the arrays are appended."""
    if isinstance(value, dict):
        return {str(key): _without_arrays(part, arrays) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_arrays(part, arrays) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        # NumPy's files know its own types only: others, such as bfloat16, are written as bytes.
        dtype = tf.as_dtype(value.dtype).name
        bits = value if value.dtype.isbuiltin == 1 else value.view(f"u{value.dtype.itemsize}")
        arrays.append(bits)
        return {_ARRAY: len(arrays) - 1, "dtype": dtype}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"A checkpoint holds dicts, lists, numbers, strings and arrays; got {type(value).__name__}."
    )


def _with_arrays(value: Any, file: zipfile.ZipFile) -> Any:
    if isinstance(value, list):
        return [_with_arrays(part, file) for part in value]
    if isinstance(value, dict) and _ARRAY in value:
        dtype = tf.as_dtype(value["dtype"]).as_numpy_dtype
        return _read_array(file, f"{value[_ARRAY]}.npy").view(dtype)
    if isinstance(value, dict):
        return {key: _with_arrays(part, file) for key, part in value.items()}
    return value


def _read_array(file: zipfile.ZipFile, name: str) -> np.ndarray:
    """Reads an array, never a larger one than is stored."""
    with file.open(name) as stored:
        version = np.lib.format.read_magic(stored)
        read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(stored)
        if math.prod(shape) * dtype.itemsize > file.getinfo(name).file_size:
            raise ValueError(f"{name} is too short for its shape, {shape}")
    with file.open(name) as stored:
        return np.lib.format.read_array(stored, allow_pickle=False)


def read_state(path: Path) -> dict[str, Any]:
    """Returns the content of a checkpoint, in today's format.

    Raises:
        OSError: if a file can't be read.
        ValueError: if it is not such a file, or of a newer format.
    """
    return upgraded(read_nest(path, "state"), UPGRADES, "state.json")


def _without_paths(record: dict[str, Any]) -> dict[str, Any]:
    """Format 1 had shorter paths of variables, which do not tell an encoder from a decoder."""
    texts = record.get("described")
    if not isinstance(texts, list) or not all(isinstance(x, str) and " " in x for x in texts):
        return record  # damaged; `check_contents` says so
    return {**record, "described": [PATHLESS + text.split(" ", 1)[1] for text in texts]}


UPGRADES = (_without_paths,)  # of `state.json`, from format 1 on


def check_contents(path: Path) -> None:
    """Refuses a checkpoint that a run can't continue from.

    Args:
        path: of its directory.

    Raises:
        OSError: if a file can't be read.
        ValueError: if it holds anything that a `Run` does not write; the message begins with the
            name of the file.
    """
    state = read_state(path)
    for name in _COUNTS:
        _check(_is_count(state.get(name)), name)
    per_epoch: Any = state.get("steps_per_epoch")
    _check(_is_count(per_epoch) and per_epoch > 0, "steps_per_epoch")
    _check(path.name.endswith(f"-step-{state['step']}"), "step", "that is not the directory's")
    within = state["step"] - state["epoch"] * per_epoch
    _check(0 <= within <= per_epoch, "epoch", "that does not go with 'step'")
    _check(_is_number(state.get("seconds")) and state["seconds"] >= 0, "seconds")
    rate = state.get("learning_rate", "missing")
    _check(rate is None or _is_number(rate), "learning_rate")
    _check("seed" in state and isinstance(state["seed"], int | None), "seed")
    _check(_all(state.get("data"), str), "data")
    logs = state.get("logs")
    _check(isinstance(logs, dict) and _all(list(logs.values()), np.ndarray), "logs")
    _check(_all(state.get("callbacks"), dict), "callbacks")
    for callback in state["callbacks"]:
        _check(isinstance(callback.get("class"), str) and "state" in callback, "callbacks")
    _check_variables(state)
    _check_random(state.get("random"))
    if (path / "data.index").exists():
        _check_data(path)


def _check_variables(state: dict[str, Any]) -> None:
    signatures, values = state.get("described") or [], state.get("variables") or []
    _check(_all(signatures, str), "described")
    _check(isinstance(values, list) and len(values) == len(signatures), "variables")
    for signature, value in zip(signatures, values, strict=True):
        fits = type(value) in (bool, int, float) and signature.endswith(" ()")
        if isinstance(value, np.ndarray):
            fits = signature.endswith(f" {value.dtype.name} {value.shape}")
        _check(fits, "variables", f"unlike {signature!r}")


def _check_random(state: Any) -> None:
    """Gives a state to generators of random numbers that nothing else uses."""
    try:
        version, words, gauss = state["python"]
        random.Random().setstate((version, tuple(words.tolist()), gauss))
        own: Any = np.random.get_state(legacy=False)
        generator = np.random.RandomState(getattr(np.random, own["bit_generator"])())
        generator.set_state(state["numpy"])
        keras = state["keras"]
        fits = keras is None or (keras.shape == (2,) and keras.dtype.kind in "iu")
    except Exception as error:  # whatever generators raise for something that is not a state
        raise ValueError(f"state.json has unusable 'random' ({error}).") from error
    _check(fits, "random")


def _check_data(path: Path) -> None:
    try:
        tf.train.load_checkpoint(str(path / "data"))
    except Exception as error:  # TensorFlow raises several
        raise ValueError(f"data.index is not of a checkpoint ({type(error).__name__}).") from error
    if not list(path.glob("data.data-*")):
        raise ValueError("data.data-00000-of-00001 is missing.")


def _check(usable: Any, name: str, why: str = "that a run does not write") -> None:
    if not usable:
        raise ValueError(f"state.json has {name!r} {why}.")


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LONGEST


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < _LONGEST and math.isfinite(value)


def _all(values: Any, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)
