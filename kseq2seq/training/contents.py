"""What a checkpoint holds, looked at before anything is made of it."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.formats import upgraded
from kseq2seq.training.arrays import read_nest
from kseq2seq.training.state import UPGRADES

_LONGEST = 2**62  # steps; a sum of two fits 64 bits
_COUNTS = ("step", "epoch", "taken", "skipped", "roll_backs")


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
