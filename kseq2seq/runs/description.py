"""What a run is, as JSON: settings, data, parts of Keras, code and machine."""

from __future__ import annotations

import math
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import kseq2seq
from kseq2seq.data import Corpus
from kseq2seq.disk.files import sha256


def json_settings(value: Any, name: str) -> Any:
    """Returns a user's settings as JSON holds them: tuples as lists, paths as strings.

    Args:
        value: settings, or a part of them.
        name: of the argument, for messages.

    Raises:
        TypeError: if JSON can't hold a value.
        ValueError: if a number is not finite.

    Example:
        >>> json_settings({"output": Path("here"), "sizes": (1, 2)}, "settings")
        {'output': 'here', 'sizes': [1, 2]}
    """
    if isinstance(value, Mapping):
        if others := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"Names in `{name}` must be strings; got {others[0]!r}.")
        return {key: json_settings(part, f"{name}.{key}") for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_settings(part, f"{name}[{index}]") for index, part in enumerate(value)]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"`{name}` must be a finite number; got {value!r}.")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"`{name}` must be a number, a string, a path, None, or a list or dict of these; got "
        f"{type(value).__name__}. Pass a description, for example float(...) or str(...)."
    )


def describe(part: Any) -> Any:
    """Returns a description of a model, optimizer, schedule or loss for a reader.

    Args:
        part: an object with `get_config`, a function, a name, or a list or dict of these. Anything
            without a configuration is described by its name alone.

    Example:
        >>> import keras
        >>> describe(keras.optimizers.SGD(0.5))["config"]["learning_rate"]
        0.5
        >>> describe(len)
        'len'
    """
    if hasattr(part, "get_config") and not isinstance(part, type):
        try:
            config = dict(part.get_config())
        except NotImplementedError:
            config = {}
        config.pop("name", None)  # Keras counts them through a process
        return {"class": type(part).__name__, "config": describe(config)}
    if isinstance(part, Mapping):
        if part.keys() >= {"class_name", "config"}:  # as Keras writes the parts of an object
            return {"class": part["class_name"], "config": describe(part["config"])}
        return {str(name): describe(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [describe(value) for value in part]
    if isinstance(part, np.generic):
        return describe(part.item())
    if isinstance(part, float) and not math.isfinite(part):
        return str(part)
    if part is None or isinstance(part, bool | int | float | str):
        return part
    return getattr(part, "__name__", type(part).__name__)


def checksums(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the SHA-256 and the size or path of each of several named files or corpora.

    Args:
        data: name -> a `Corpus` or a path.

    Raises:
        FileNotFoundError: if there is no such file.
        TypeError: if a value is neither.

    Example:
        >>> checksums({"train": os.devnull})["train"]["sha256"][:16]
        Traceback (most recent call last):
        ...
        FileNotFoundError: `data.train` must be a file; there is none at ...
    """
    if not isinstance(data, Mapping):
        raise TypeError(
            f'`data` must be a dict, for example {{"train": corpus}}; got {type(data).__name__}.'
        )
    sums: dict[str, dict[str, Any]] = {}
    for name, part in data.items():
        if isinstance(part, Corpus):
            sums[name] = {"pairs": len(part), "sha256": sha256(part.path)}
            continue
        if not isinstance(part, str | os.PathLike):
            raise TypeError(f"`data.{name}` must be a Corpus or a path; got {type(part).__name__}.")
        if not Path(part).is_file():
            raise FileNotFoundError(f"`data.{name}` must be a file; there is none at {part}.")
        sums[name] = {"file": os.fspath(part), "sha256": sha256(part)}
    return sums


def environment() -> dict[str, Any]:
    """Returns versions, system, processors and devices, as plain values.

    Example:
        >>> environment()["keras"] == keras.__version__
        True
    """
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": _cores(),
        "devices": [_device(device) for device in tf.config.list_physical_devices()],
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "kseq2seq": kseq2seq.__version__,
    }


def revision() -> dict[str, Any] | None:
    """Returns the git commit of the working directory, and whether tracked files differ from it.

    None outside a repository, before its first commit, and where git is missing or takes longer
    than ten seconds.

    Example:
        >>> code = revision()
        >>> code is None or sorted(code) == ["changed", "commit"]
        True
    """
    commit = _git("rev-parse", "--verify", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty")
    if commit is None or changes is None:
        return None
    return {"commit": commit, "changed": bool(changes)}


def _git(*arguments: str) -> str | None:
    # Nothing is written to the repository, and no monitor that its settings name is started.
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=True, text=True)
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return None
    return done.stdout.strip()


def _cores() -> int | None:
    """How many this process may use, if the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _device(device: tf.config.PhysicalDevice) -> str:
    details = tf.config.experimental.get_device_details(device)
    return details.get("device_name", device.device_type)
