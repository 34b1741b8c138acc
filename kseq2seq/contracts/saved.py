"""How sources and targets lie on disk: a JSON file that names its type, and files beside it."""

from __future__ import annotations

import os
from abc import ABC
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

import tensorflow as tf

from kseq2seq.disk import settle, whole_files
from kseq2seq.disk.files import read_json, write_json
from kseq2seq.registry import Registry

HOMES = ("kseq2seq.text",)
SOURCES: Registry = Registry("source", "kseq2seq.contracts.register_source", HOMES)
TARGETS: Registry = Registry("target", "kseq2seq.contracts.register_target", HOMES)
CLASS = "class"  # where a type was defined, which is shown where it is not known


class Saved(tf.Module, ABC):
    """The base of sources and targets, which are saved as JSON.

    A subclass whose constructor takes JSON's own types needs to write `config` alone. One that has
    files beside its JSON overrides `write_files` and `from_files`.
    """

    kind: ClassVar[str]
    side: ClassVar[str]
    registry: ClassVar[Registry]

    def config(self) -> dict[str, Any]:
        """Returns what the constructor takes, in JSON's own types."""
        raise NotImplementedError(f"{type(self).__name__} must have a `config`.")

    def write_files(self, directory: Path) -> None:
        """Writes what lies beside the JSON file; nothing by default."""

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """Returns what has this configuration, which was read from `path`.

        Raises:
            ValueError: the configuration does not describe one.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise ValueError(
                f"{path} does not describe a {cls.__name__} ({error}). Save it again."
            ) from error

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Writes the side's JSON and its files; both sides may share a directory.

        They appear there all together or not at all; what else the directory holds stays.

        Args:
            directory: where to write, made where needed.

        Raises:
            ValueError: the class is not registered, so it could not be loaded.
        """
        kind = self.registry.name_of(type(self))
        place = f"{type(self).__module__}.{type(self).__qualname__}"
        own = {} if place.startswith("kseq2seq.") else {CLASS: place}
        with whole_files(Path(directory)) as scratch:
            write_json(scratch / f"{self.side}.json", {"type": kind, **own, **self.config()})
            self.write_files(scratch)

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> Self:
        """Returns what `save` wrote, of this class or a registered subclass of it.

        Called on `Source` or `Target`, it loads those of any registered type.

        Args:
            directory: what was given to `save`.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file is truncated, malformed, of a newer format, or of another type.
        """
        directory = Path(directory)
        settle(directory)
        path = directory / f"{cls.side}.json"
        config = read_json(path)
        del config["format_version"]
        kind, place = config.pop("type", None), config.pop(CLASS, None)
        if "kind" in vars(cls):
            known = cls.registry.get(kind) if isinstance(kind, str) else None
            if known is None or not issubclass(known, cls):
                raise ValueError(
                    f"{path} has type {kind!r:.80}, expected {cls.kind!r}. Load it by "
                    f"{cls.registry.what.capitalize()}.load, which knows all that are registered."
                )
        found = cls.registry.named(kind, str(path), place)
        return found.from_files(directory, config, path)


def register_source(name: str) -> Callable:
    """Returns a decorator that makes a `Source` of your own known to `Source.load`.

    Args:
        name: what its files call it; choose it to stay.

    Raises:
        ValueError: the name is taken, or no word.
    """
    return SOURCES.register(name)


def register_target(name: str) -> Callable:
    """Returns a decorator that makes a `Target` of your own known to `Target.load`."""
    return TARGETS.register(name)
