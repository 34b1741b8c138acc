"""Old names: they work for a release, with a warning that says the new one."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any


def renamed(**names: str) -> Callable:
    """Returns a decorator that lets a function or a class take old keywords too.

    Args:
        **names: old keyword = new keyword.

    Example:
        >>> from kseq2seq.deprecation import renamed
        >>> @renamed(width="beam_width")
        ... def search(beam_width=4):
        ...     return beam_width
        >>> search(width=2)  # with a FutureWarning
        2
    """

    def decorate(function: Any) -> Any:
        if isinstance(function, type):
            function.__init__ = decorate(function.__init__)  # type: ignore[misc]
            return function
        name = function.__qualname__.removesuffix(".__init__")

        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            if not names.keys().isdisjoint(keywords):
                keywords = new_keywords(name, names, keywords)
            return function(*arguments, **keywords)

        # Keras reads the signature of layers, and does not look behind a wrapper
        vars(call).update(renamed=names, __signature__=inspect.signature(function))
        return call

    return decorate


def new_keywords(
    function: str, names: Mapping[str, str], keywords: dict[str, Any]
) -> dict[str, Any]:
    """Returns keywords under their new names, with a warning for each old one.

    Args:
        function: its name, for messages.
        names: old keyword -> new keyword.
        keywords: as they were passed.
    """
    for old, new in names.items():
        if old not in keywords:
            continue
        if new in keywords:
            raise TypeError(f"{function}() got `{new}` and its old name, `{old}`. Pass `{new}`.")
        warn_of(f"`{old}` of {function}() was renamed to `{new}`")
    return {names.get(keyword, keyword): value for keyword, value in keywords.items()}


def renamed_attributes(**names: str) -> Callable[[Any, str], Any]:
    """Returns a `__getattr__` for a class whose attributes have new names.

    Args:
        **names: old attribute = new attribute.

    Example:
        >>> from kseq2seq.deprecation import renamed_attributes
        >>> class Search:
        ...     beam_width = 4
        ...     __getattr__ = renamed_attributes(width="beam_width")
        >>> Search().width  # with a FutureWarning
        4
    """

    def look_up(self: Any, name: str) -> Any:
        if name not in names:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        warn_of(f"`{name}` of {type(self).__name__} was renamed to `{names[name]}`")
        return getattr(self, names[name])

    return look_up


def moved(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Returns a `__getattr__` for a module whose public names have moved or changed.

    Args:
        module: its name, `__name__`.
        homes: old name -> full new name, for example {"Run": "kseq2seq.runs.Run"}.

    Example:
        >>> from kseq2seq.deprecation import moved
        >>> moved("kseq2seq.old", {"Problem": "kseq2seq.decoding.Beam"})("Problem").__name__
        'Beam'
    """

    def look_up(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, new = homes[name].rpartition(".")
        warn_of(f"{module}.{name} is {homes[name]} now")
        return getattr(importlib.import_module(home), new)

    return look_up


def warn_of(change: str) -> None:
    """Warns that a name has changed, at the line of the caller outside of this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == "kseq2seq":
        level, frame = level + 1, frame.f_back
    message = f"{change}; the old name works until the next release."
    warnings.warn(message, FutureWarning, stacklevel=level)
