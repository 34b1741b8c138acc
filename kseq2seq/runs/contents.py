"""The files of a checkpoint: JSON and arrays without pickle, looked at before they are used."""

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

FORMAT_VERSION = 1
PATHLESS = "? "
_ARRAY = "__array__"
_LONGEST = 2**62  # steps; a sum of two fits 64 bits
_COUNTS = ("step", "epoch", "taken", "skipped", "roll_backs")


def _without_paths(record: dict[str, Any]) -> dict[str, Any]:
    """Format 1 had shorter paths of variables, which do not tell an encoder from a decoder."""
    texts = record.get("described")
    if not isinstance(texts, list) or not all(isinstance(x, str) and " " in x for x in texts):
        return record  # damaged, which is told elsewhere
    return {**record, "described": [PATHLESS + text.split(" ", 1)[1] for text in texts]}


UPGRADES = (_without_paths,)  # of what a checkpoint says, from format 1 on


def read_state(path: Path) -> dict[str, Any]:
    """Returns what a checkpoint holds, in today's format.

    Raises:
        OSError: if a file can't be read.
        ValueError: if it is no such file, or of a newer format.
    """
    return upgraded(read_nest(path, "state"), UPGRADES, "state.json")


def check_contents(path: Path) -> None:
    """Refuses a checkpoint that a run can't go on from.

    Args:
        path: of its directory.

    Raises:
        OSError: if a file can't be read.
        ValueError: if it holds something else than what a `Run` writes; the message begins with the
            name of the file.
    """
    nest = read_state(path)
    for name in _COUNTS:
        _check(_count(nest.get(name)), name)
    _check(_count(nest.get("steps_per_epoch")) and nest["steps_per_epoch"] > 0, "steps_per_epoch")
    _check(path.name.endswith(f"-step-{nest['step']}"), "step", "that is not the directory's")
    done = nest["step"] - nest["epoch"] * nest["steps_per_epoch"]
    _check(0 <= done <= nest["steps_per_epoch"], "epoch", "that does not go with 'step'")
    _check(_number(nest.get("seconds")) and nest["seconds"] >= 0, "seconds")
    _check("learning_rate" in nest and _rate(nest["learning_rate"]), "learning_rate")
    _check("seed" in nest and isinstance(nest["seed"], int | None), "seed")
    _check(_all(nest.get("data"), str), "data")
    logs = nest.get("logs")
    _check(isinstance(logs, dict) and _all(list(logs.values()), np.ndarray), "logs")
    _check(_all(nest.get("callbacks"), dict), "callbacks")
    for state in nest["callbacks"]:
        _check(isinstance(state.get("class"), str) and "state" in state, "callbacks")
    _check_variables(nest)
    _check_random(nest.get("random"))
    if (path / "data.index").exists():
        _check_data(path)


def _check_variables(nest: dict[str, Any]) -> None:
    described, values = nest.get("described") or [], nest.get("variables") or []
    _check(_all(described, str), "described")
    _check(isinstance(values, list) and len(values) == len(described), "variables")
    for told, value in zip(described, values, strict=True):
        fits = type(value) in (bool, int, float) and told.endswith(" ()")
        if isinstance(value, np.ndarray):
            fits = told.endswith(f" {value.dtype.name} {value.shape}")
        _check(fits, "variables", f"unlike {told!r}")


def _check_random(state: Any) -> None:
    """Sets random numbers that no one else draws to a state."""
    try:
        version, words, gauss = state["python"]
        random.Random().setstate((version, tuple(words.tolist()), gauss))
        drawn = np.random.RandomState(getattr(np.random, _bit_generator())())
        drawn.set_state(state["numpy"])
        keras = state["keras"]
        fits = keras is None or (keras.shape == (2,) and keras.dtype.kind in "iu")
    except Exception as error:  # whatever random numbers make of what is no state
        raise ValueError(f"state.json has unusable 'random' ({error}).") from error
    _check(fits, "random")


def _check_data(path: Path) -> None:
    try:
        tf.train.load_checkpoint(str(path / "data"))
    except Exception as error:  # TensorFlow has several
        raise ValueError(f"data.index is of something else ({type(error).__name__}).") from error
    if not list(path.glob("data.data-*")):
        raise ValueError("data.data-00000-of-00001 is missing.")


def _check(usable: Any, name: str, why: str = "that a run does not write") -> None:
    if not usable:
        raise ValueError(f"state.json has {name!r} {why}.")


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LONGEST


def _number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < _LONGEST and math.isfinite(value)


def _rate(value: Any) -> bool:
    return value is None or _number(value)


def _bit_generator() -> str:
    """The name of the one that this process draws with."""
    state: Any = np.random.get_state(legacy=False)
    return state["bit_generator"]


def _all(values: Any, kind: type) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


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
