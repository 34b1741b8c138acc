"""The one table of architectures, and one of them chosen by name and sizes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from numbers import Integral
from typing import Any

from kseq2seq.registry import Registry

DOOR = "kseq2seq.models.register_architecture"
ARCHITECTURES: Registry = Registry("architecture", DOOR)


def halves(side: str) -> list[str]:
    """Returns the names of the architectures whose "encoder" or "decoder" can be half of a hybrid.

    Example:
        >>> from kseq2seq.models.table import halves
        >>> halves("decoder")[:3]
        ['rnn', 'lstm', 'gru']
    """
    return [name for name, kind in ARCHITECTURES.items() if kind.is_half(side)]


def defined(cls: type) -> dict[str, str]:
    """Returns what a saved configuration says of where an architecture of a user's is defined."""
    if cls.__module__.split(".")[0] == "kseq2seq":
        return {}
    return {"defined": f"{cls.__module__}.{cls.__qualname__}"}


def plan(
    name: Any, sizes: Mapping[str, Any], among: Iterable[str] | None = None, place: Any = None
) -> Any:
    """Returns the architecture of a name with the sizes given, or says what is wrong with them.

    Args:
        name: of the architecture.
        sizes: its fields.
        among: the names that may be given; all by default.
        place: where it was defined when it was saved; only shown.

    Raises:
        ValueError: for an unknown name or size; the message says what is known.
    """
    kinds = list(ARCHITECTURES if among is None else among)
    if not isinstance(name, str) or name not in kinds:
        own = f", {str(place)[:100]} when it was saved" if place else ""
        imported = (
            ""
            if name in ARCHITECTURES
            else f" If it is an architecture of your own{own}, first import the module that "
            f"registers it by @{DOOR}."
        )
        raise ValueError(
            f"Unknown architecture {name!r:.80}; known are {', '.join(kinds)}."
            f"{_did_you_mean(name, kinds, repr)}{imported}"
        )
    kind = ARCHITECTURES[name]
    known = [field.name for field in fields(kind)]
    for size in sizes:
        if size not in known:
            raise ValueError(
                f"'{name}' has no size `{size}`; it has {', '.join(known)}."
                f"{_did_you_mean(size, known, '`{}`'.format)}"
            )
    # NumPy's whole numbers become Python's, which files can hold
    whole = {
        k: int(v) if isinstance(v, Integral) and not isinstance(v, bool) else v
        for k, v in sizes.items()
    }
    try:
        return kind(**whole)
    except TypeError as error:  # a size without a default was left out
        raise ValueError(f"'{name}' needs more sizes: {error}.") from error


def _did_you_mean(word: Any, known: Iterable[str], quote: Any) -> str:
    near = difflib.get_close_matches(str(word), known, n=1)
    return f" Did you mean {quote(near[0])}?" if near else ""
