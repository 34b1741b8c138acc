"""Refusing settings that make no sense."""

from __future__ import annotations

import functools
import math
import numbers
import warnings
from collections.abc import Callable
from typing import Any


def check_whole(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """Returns a whole number from `least` to `most`, as an int.

    Raises:
        ValueError: it is anything else.

    Example:
        >>> from kseq2seq_runtime.settings import check_whole
        >>> check_whole("beam_width", 3)
        3
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(f"`{name}` must be a whole number of at least {least}; got {value!r}.")
    if most is not None and value > most:
        raise ValueError(f"`{name}` must be at most {most:,}; got {value}. Lower it.")
    return int(value)


def check_number(
    name: str, value: Any, least: float = 0.0, most: float = math.inf, *, above: bool = False
) -> float:
    """Returns a finite number from `least` to `most`, as a float; with `above`, not `least` itself.

    Raises:
        ValueError: it is anything else.

    Example:
        >>> from kseq2seq_runtime.settings import check_number
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


def renamed(**names: str) -> Callable[[type], type]:
    """Returns a decorator that lets a class take old keywords too, with a warning.

    Args:
        **names: old keyword = new keyword.

    Example:
        >>> from kseq2seq_runtime import Beam
        >>> Beam(width=2).beam_width  # with a FutureWarning
        2
    """

    def decorate(cls: Any) -> Any:
        init = cls.__init__

        @functools.wraps(init)
        def take(self: Any, *arguments: Any, **keywords: Any) -> None:
            for old in names.keys() & keywords.keys():
                if names[old] in keywords:
                    raise TypeError(
                        f"{cls.__name__}() got `{names[old]}` and its old name, `{old}`. Pass "
                        f"`{names[old]}`."
                    )
                warnings.warn(
                    f"`{old}` of {cls.__name__} was renamed to `{names[old]}`; the old name works "
                    "until the next release.",
                    FutureWarning,
                    stacklevel=2,
                )
                keywords[names[old]] = keywords.pop(old)
            init(self, *arguments, **keywords)

        cls.__init__ = take
        return cls

    return decorate
