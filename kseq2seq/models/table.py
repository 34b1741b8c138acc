"""The one table of architectures, which users add to, and what a user says of their sizes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from numbers import Integral
from typing import Any

from kseq2seq.models.architecture import Architecture
from kseq2seq.registry import Registry

DOOR = "kseq2seq.models.register_architecture"
ARCHITECTURES: Registry = Registry("architecture", DOOR)


def register_architecture(name: str) -> Callable:
    """Returns a decorator that makes an architecture known to `build_model` and to saved files.

    Everything that names architectures reads this table or the class: the halves of a hybrid,
    `warm_start`, rates by layer, what can be packed, recipes. See `Architecture` for what a class
    says of itself.

    Args:
        name: what `build_model` and files call it; choose it to stay.

    Raises:
        ValueError: the name is taken, or no word.
        TypeError: what is decorated is no subclass of `Architecture`.

    Example:
        >>> from dataclasses import dataclass
        >>> from kseq2seq import build_model
        >>> from kseq2seq.models import Luong, register_architecture
        >>> @register_architecture("narrow_luong")
        ... @dataclass(frozen=True, kw_only=True)
        ... class NarrowLuong(Luong):
        ...     hidden_dim: int = 8
        >>> build_model("narrow_luong", 9, 9).get_config()["hidden_dim"]
        8
    """
    enter = ARCHITECTURES.register(name)

    def register(cls: type[Architecture]) -> type[Architecture]:
        if not (isinstance(cls, type) and issubclass(cls, Architecture)):
            raise TypeError(
                f"@{DOOR} decorates subclasses of kseq2seq.models.Architecture; got {cls!r}."
            )
        return enter(cls)

    return register


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
) -> Architecture:
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
