"""Raw texts as callers give them: strings that UTF-8 can hold, several of them in a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def raw_texts(texts: Iterable[str] | bytes, name: str = "texts") -> list[str]:
    """Returns texts as a list, refusing what is none.

    Args:
        texts: strings, in a list, a tuple, an array, a column of a table or the like.
        name: of the argument, for messages.

    Raises:
        TypeError: `texts` is not a collection of strings, or has more than one dimension.
        ValueError: it is a single string, or a text holds a lone surrogate; the message says which.

    Example:
        >>> from kseq2seq.raw import raw_texts
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
