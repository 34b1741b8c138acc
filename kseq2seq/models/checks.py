"""Refusals of impossible sizes, before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

MOST = 2**20  # of any width or length
MOST_IDS = 2**24
MOST_LAYERS = 1024  # each of which is built one by one; the deepest known has 1,000
MOST_PLACES = 4096  # that a window or a kernel sees at once


def at_least(low: int, most: int = MOST, **sizes: Any) -> None:
    """Raises unless every size is a whole number from `low` to `most`."""
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or value < low:
            raise ValueError(f"`{name}` must be a whole number of at least {low}; got {value!r}.")
        if int(value) > most:
            raise ValueError(f"`{name}` must be at most {most:,}; got {value}. Lower it.")


def one_of(options: Sequence, **choices: Any) -> None:
    """Raises unless every choice is among `options`."""
    for name, value in choices.items():
        if value not in options:
            listed = ", ".join(repr(option) for option in options)
            raise ValueError(f"`{name}` must be one of {listed}; got {value!r}.")


def rate(**rates: Any) -> None:
    """Raises unless every rate is a number in [0, 1)."""
    for name, value in rates.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
            raise ValueError(
                f"`{name}` must be a number in [0, 1), for example 0.1; got {value!r}."
            )


def flag(**flags: Any) -> None:
    """Raises unless every flag is True or False."""
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise ValueError(f"`{name}` must be True or False; got {value!r}.")


def divides(part: str, num_parts: int, whole: str, size: int) -> None:
    """Raises unless `num_parts` divides `size`."""
    if size % num_parts:
        fits = [n for n in range(1, size + 1) if size % n == 0]
        near = sorted(fits, key=lambda n: abs(n - num_parts))[:3]
        raise ValueError(
            f"`{part}`={num_parts} does not divide `{whole}`={size}. "
            f"Pass a `{part}` such as {sorted(near)}, or another `{whole}`."
        )
