"""Refusing settings that make no sense."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np


def check_whole(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """Returns a whole number from `least` to `most`, as an int.

    Raises:
        ValueError: if it is anything else.

    Example:
        >>> from kseq2seq.decoding.checks import check_whole
        >>> check_whole("width", 3)
        3
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or int(value) < least:
        raise ValueError(f"`{name}` must be a whole number of at least {least}; got {value!r}.")
    if most is not None and int(value) > most:
        raise ValueError(f"`{name}` must be at most {most:,}; got {value}. Lower it.")
    return int(value)


def check_number(
    name: str, value: Any, least: float = 0.0, most: float = math.inf, *, above: bool = False
) -> float:
    """Returns a finite number from `least` to `most`, as a float; with `above`, not `least` itself.

    Raises:
        ValueError: if it is anything else.

    Example:
        >>> from kseq2seq.decoding.checks import check_number
        >>> check_number("top_p", 1, 0, 1)
        1.0
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    low = real and (value > least if above else value >= least)
    if not (low and value <= most and math.isfinite(value)):
        bound = f"above {least:g}" if above else f"of at least {least:g}"
        upper = f" and at most {most:,g}" if math.isfinite(most) else ""
        raise ValueError(f"`{name}` must be a number {bound}{upper}; got {value!r}.")
    return float(value)


def check_phrases(name: str, phrases: Any) -> tuple[tuple[int, ...], ...]:
    """Returns phrases, each a sequence of token ids, as tuples.

    Raises:
        ValueError: if one is empty or holds something else than ids.

    Example:
        >>> from kseq2seq.decoding.checks import check_phrases
        >>> check_phrases("phrases", [[5, 6], [7]])
        ((5, 6), (7,))
    """
    hint = "sequences of token ids, such as [[5, 6], [7]] or what `Pipeline.phrases` makes of texts"
    try:
        made = tuple(tuple(phrase) for phrase in phrases)
    except TypeError:
        raise ValueError(f"`{name}` must be {hint}; got {phrases!r}.") from None
    whole = all(
        isinstance(token, int | np.integer) and not isinstance(token, bool) and int(token) >= 0
        for phrase in made
        for token in phrase
    )
    if not whole or not all(made):
        raise ValueError(f"`{name}` must be {hint}, none of them empty; got {phrases!r}.")
    return tuple(tuple(int(token) for token in phrase) for phrase in made)
