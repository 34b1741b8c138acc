"""What code a run was of, and what it ran on."""

from __future__ import annotations

import os
import platform
import subprocess
from typing import Any

import keras
import tensorflow as tf

import kseq2seq


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
    """Returns the git commit of the working directory, and if tracked files differ from it.

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
    """How many this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _device(device: tf.config.PhysicalDevice) -> str:
    details = tf.config.experimental.get_device_details(device)
    return details.get("device_name", device.device_type)
