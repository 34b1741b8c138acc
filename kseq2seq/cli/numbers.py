"""Numbers of command lines, for `type=` of `argparse`."""

from __future__ import annotations

import argparse
import math


def positive(text: str) -> float:
    """Returns a finite number above 0.

    Raises:
        argparse.ArgumentTypeError: if it is anything else.

    Example:
        >>> positive("0.5")
        0.5
    """
    number = _number(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"must be a number above 0; got {text!r}")
    return number


def share(text: str) -> float:
    """Returns a number from 0 to below 1.

    Raises:
        argparse.ArgumentTypeError: if it is anything else.

    Example:
        >>> share("0.1")
        0.1
    """
    number = _number(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to below 1; got {text!r}")
    return number


def whole(text: str) -> int:
    """Returns a whole number of at least 1.

    Raises:
        argparse.ArgumentTypeError: if it is anything else.

    Example:
        >>> whole("2000")
        2000
    """
    number = _number(text)
    if not (number >= 1 and number.is_integer()):
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}")
    return int(number)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
