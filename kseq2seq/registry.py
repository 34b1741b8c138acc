"""Classes by the name that files call them, which users add to."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

Kind = TypeVar("Kind", bound=type)


class Registry(Mapping[str, Kind], Generic[Kind]):
    """A table from names to classes; a class enters it by a decorator and is then known to `load`.

    Files name what they hold by these names and by nothing else: loading a file never imports
    anything, so a class of your own must be registered before what was saved with it is loaded.

    Args:
        what: the kind of class, for messages, such as "source".
        door: the decorator as users call it, such as "kseq2seq.register_source".
        homes: modules of this package whose classes are known without being imported first.

    Example:
        >>> from kseq2seq.registry import Registry
        >>> shapes = Registry("shape", "register_shape")
        >>> @shapes.register("circle")
        ... class Circle:
        ...     pass
        >>> shapes["circle"] is Circle, Circle.kind
        (True, 'circle')
    """

    def __init__(self, what: str, door: str, homes: Sequence[str] = ()):
        self.what = what
        self.door = door
        self.homes = homes
        self._classes: dict[str, Kind] = {}

    def register(self, name: str) -> Callable[[Kind], Kind]:
        """Returns a decorator that enters a class under a name and sets its `kind`.

        The same class, defined again as in a notebook, takes its own place.

        Raises:
            ValueError: the name is no identifier such as "my_words", or belongs to another class.
        """
        if not isinstance(name, str) or not name.replace("-", "_").isidentifier():
            raise ValueError(
                f"The name of a {self.what} must be a word such as 'my_{self.what}'; got {name!r}."
            )

        def enter(cls: Kind) -> Kind:
            known = self._classes.get(name)
            if known is not None and _place(known) != _place(cls):
                raise ValueError(
                    f"The {self.what} {name!r} is {_place(known)} already, so {_place(cls)} can't "
                    "take that name. Choose another."
                )
            self._classes[name] = cls
            cls.kind = name  # type: ignore[attr-defined]
            return cls

        return enter

    def name_of(self, cls: type) -> str:
        """Returns the name of a registered class.

        Raises:
            ValueError: it was not registered itself; its base class may be.
        """
        name = vars(cls).get("kind")
        if name is None or _place(self._classes.get(name, object)) != _place(cls):
            raise ValueError(
                f"The {self.what} {cls.__name__} is not registered, so nothing that is saved with "
                f"it could be loaded. Decorate the class: @{self.door}({_suggested(cls)!r})."
            )
        return name

    def find(self, name: Any) -> Kind | None:
        """Returns the class of a name that was read, which may be anything; None without one.

        Example:
            >>> from kseq2seq.registry import Registry
            >>> Registry("shape", "register_shape").find(["circle"]) is None
            True
        """
        for home in self.homes:
            importlib.import_module(home)
        return self._classes.get(name) if isinstance(name, str) else None

    def named(self, name: Any, where: str, place: Any = None) -> Kind:
        """Returns the class of a name that was read.

        Args:
            name: what was read; anything.
            where: names the file or argument, for messages.
            place: where the class was defined when it was saved, as the file says; only shown.

        Raises:
            ValueError: no class has that name; the message says what to import.
        """
        if (found := self.find(name)) is not None:
            return found
        close = difflib.get_close_matches(name, self._classes, n=1) if isinstance(name, str) else []
        hint = f" Did you mean {close[0]!r}?" if close else ""
        shown = f" (it was {str(place)[:100]!r} when saved)" if place else ""
        known = " or ".join(map(repr, sorted(self._classes)))
        given = name[:60] if isinstance(name, str) else name
        raise ValueError(
            f"{where} has type {given!r:.80}, expected {known}.{hint} If it is a {self.what} of "
            f"your own{shown}, import the module that registers it by @{self.door} first; nothing "
            "is imported from a file."
        )

    def __getitem__(self, name: str) -> Kind:
        return self._classes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


def _place(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _suggested(cls: type) -> str:
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in cls.__name__)
    return words.strip("_") or "mine"
