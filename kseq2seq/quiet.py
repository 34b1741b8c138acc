"""Keeps what TensorFlow's libraries print while they load away from the user."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_NOISE = re.compile(rb"WARNING: All log messages before absl|[IWE]\d{4} |To enable the following")


@contextmanager
def quiet_load() -> Iterator[None]:
    """Inside, lines of TensorFlow's own log do not reach standard error; all others come after.

    TensorFlow's libraries print to the file descriptor before any log level counts, so the
    descriptor itself is turned to a file. Does nothing once TensorFlow is loaded, or where the user
    set `TF_CPP_MIN_LOG_LEVEL` below 2.
    """
    wanted = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "") in ("0", "1")
    if wanted or "tensorflow" in sys.modules or sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            aside.seek(0)
            for line in aside:
                if not _NOISE.match(line):
                    os.write(2, line)
