"""Hides what TensorFlow's libraries print while they load."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_NOISE = re.compile(rb"WARNING: All log messages before absl|[IWE]\d{4} |To enable the following")

_redirected = False


@contextmanager
def quiet_load(loaded: bool | None = None) -> Iterator[None]:
    """Inside, lines of TensorFlow's own log do not reach standard error; all others come after.

    TensorFlow's libraries print to the file descriptor before any log level counts, so the
    descriptor itself is redirected to a file. Does nothing once TensorFlow is loaded, or where the
    user set `TF_CPP_MIN_LOG_LEVEL` below 2.

    Args:
        loaded: whether TensorFlow is loaded; None asks Python, which says so as soon as loading
            begins.
    """
    if "tensorflow" in sys.modules if loaded is None else loaded:
        yield
        return
    with without_lines(_NOISE):
        yield


@contextmanager
def without_lines(noise: re.Pattern[bytes]) -> Iterator[None]:
    """Inside, lines that `noise` matches do not reach standard error; all others come after.

    Does nothing where the user set `TF_CPP_MIN_LOG_LEVEL` below 2, or inside another such context.

    Args:
        noise: matches the beginning of a line.
    """
    global _redirected
    verbose = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "") in ("0", "1")
    if verbose or _redirected or sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    stderr = os.dup(2)
    _redirected = True
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            _redirected = False
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            aside.seek(0)
            for line in aside:
                if not noise.match(line):
                    os.write(2, line)
