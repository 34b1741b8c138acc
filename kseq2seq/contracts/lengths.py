"""Limits that make sense."""

from __future__ import annotations

from numbers import Integral
from typing import Any

MOST = 2**30


def check_length(max_length: Any) -> None:
    """Refuses a limit that is no whole number of at least 1.

    Raises:
        ValueError: it is none.
    """
    whole = isinstance(max_length, Integral) and not isinstance(max_length, bool)
    if not whole or not 1 <= int(max_length) <= MOST:
        raise ValueError(
            f"max_length must be a whole number of at least 1, got {max_length!r:.60}; the most is "
            f"{MOST:,}."
        )
