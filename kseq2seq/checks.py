"""Refusing arguments that make no sense, with what to pass in their place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

MOST = 2**20  # of any width or length
MOST_IDS = 2**24
MOST_LAYERS = 1024  # each of which is built one by one; the deepest known has 1,000
MOST_PLACES = 4096  # that a window or a kernel sees at once


def check_whole(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """Returns a whole number from `least` to `most`, as an int.

    Raises:
        ValueError: if it is anything else.

    Example:
        >>> from kseq2seq.checks import check_whole
        >>> check_whole("width", 3)
        3
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
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
        >>> from kseq2seq.checks import check_number
        >>> check_number("top_p", 1, 0, 1)
        1.0
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
    low = real and (value > least if above else value >= least)
    if not (low and value <= most and math.isfinite(value)):
        bound = f"above {least:g}" if above else f"of at least {least:g}"
        upper = f" and at most {most:,g}" if math.isfinite(most) else ""
        raise ValueError(f"`{name}` must be a number {bound}{upper}; got {value!r}.")
    return float(value)


def at_least(low: int, most: int = MOST, **sizes: Any) -> None:
    """Raises unless every size is a whole number from `low` to `most`."""
    for name, value in sizes.items():
        check_whole(name, value, low, most)


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


def raw_texts(texts: Iterable[str] | bytes, name: str = "texts") -> list[str]:
    """Returns texts as a list, refusing what is none.

    Args:
        texts: strings, in a list, a tuple, an array, a column of a table or the like.
        name: of the argument, for messages.

    Raises:
        TypeError: `texts` is not a collection of strings, or has more than one dimension.
        ValueError: it is a single string, or a text holds a lone surrogate; the message says which.

    Example:
        >>> from kseq2seq.checks import raw_texts
        >>> raw_texts(("one", "two"))
        ['one', 'two']
        >>> raw_texts("one", "targets")
        Traceback (most recent call last):
        ValueError: `targets` must be a list of strings; got one string, 'one'. Put it in a list.
    """
    return list(each_text(texts, name))


def each_text(texts: Iterable[str] | bytes, name: str = "texts") -> Iterator[str]:
    """Returns an iterator over texts that refuses what is none; see `raw_texts`."""
    if isinstance(texts, str | bytes):
        raise ValueError(
            f"`{name}` must be a list of strings; got one string, {shown(texts)}. Put it in a list."
        )
    dimensions = getattr(texts, "ndim", 1)
    if dimensions != 1 or isinstance(texts, Mapping) or not isinstance(texts, Iterable):
        given = shown(texts) if dimensions == 1 else f"{dimensions} dimensions"
        raise TypeError(
            f"`{name}` must be a list of strings; got {type(texts).__name__}: {given}. Give a "
            "list, or one column of a table."
        )
    of = "" if name == "texts" else f" of `{name}`"
    return (checked_text(text, f"Text {index}{of}") for index, text in enumerate(texts))


def checked_text(text: Any, which: str) -> str:
    """Returns a text, refusing what is none.

    Args:
        text: what was given.
        which: how messages call it.

    Raises:
        TypeError: it is not a string.
        ValueError: it holds a lone surrogate.
    """
    if not isinstance(text, str):
        decode = " Decode it first." if isinstance(text, bytes) else ""
        raise TypeError(f"{which} must be a str; got {type(text).__name__}: {shown(text)}.{decode}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{which} holds a lone surrogate at {error.start}, which UTF-8 can't hold: "
            f"{text[max(0, error.start - 10) : error.start + 10]!a}. Remove it, or decode the "
            "text again from where it came."
        ) from None
    return text


def shown(given: Any) -> str:
    """Returns what was given as a message shows it: cut where it is long."""
    text = repr(given)
    return text if len(text) <= 60 else text[:57] + "..."
