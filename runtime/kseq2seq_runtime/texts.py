"""Raw texts as callers give them: strings that UTF-8 can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def strings(texts: str | Iterable[str]) -> list[str]:
    """Returns one text or several as a list, refusing what is none.

    Args:
        texts: a string, or strings in a list, a tuple, an array or the like.

    Raises:
        TypeError: something else than strings, or more than one dimension.
        ValueError: a text holds a lone surrogate.

    Example:
        >>> from kseq2seq_runtime.texts import strings
        >>> strings("one"), strings(("one", "two"))
        (['one'], ['one', 'two'])
    """
    if isinstance(texts, str | bytes):
        texts = [texts]
    dimensions = getattr(texts, "ndim", 1)
    if dimensions != 1 or isinstance(texts, Mapping) or not isinstance(texts, Iterable):
        given = shown(texts) if dimensions == 1 else f"{dimensions} dimensions"
        raise TypeError(
            f"`texts` must be a string or a list of strings; got {type(texts).__name__}: {given}. "
            "Give a list, or one column of a table."
        )
    return [checked(text, f"Text {index}") for index, text in enumerate(texts)]


def checked(text: Any, which: str) -> str:
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
