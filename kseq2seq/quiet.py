"""Keeps what TensorFlow's libraries print while they load away from the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_load() -> Iterator[None]:
    """Inside, nothing reaches standard error; Python's own exceptions still pass.

    TensorFlow's libraries print to the file descriptor before any log level counts, so the
    descriptor itself is turned away. Does nothing once TensorFlow is loaded, or where the user set
    `TF_CPP_MIN_LOG_LEVEL` below 2.
    """
    wanted = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "") in ("0", "1")
    if wanted or "tensorflow" in sys.modules or sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
