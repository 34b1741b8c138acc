"""How sources, targets and tokenizers lie on disk: a JSON file that names its type, and others."""

from __future__ import annotations

import os
from abc import ABC
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import tensorflow as tf

from kseq2seq.disk import settle, whole_files
from kseq2seq.disk.files import read_json, write_json
from kseq2seq.registry import Registry

HOMES = ("kseq2seq.text", "kseq2seq.image")
SOURCES: Registry = Registry("source", "kseq2seq.contracts.register_source", HOMES)
TARGETS: Registry = Registry("target", "kseq2seq.contracts.register_target", HOMES)


class Saved(tf.Module, ABC):
    """The base of sources, targets and tokenizers, which are saved as JSON.

    A subclass whose constructor takes JSON's own types needs to write `config` alone. One that has
    files beside its JSON overrides `write_files` and `from_files`.

    Attributes:
        kind: its name in files; set by the decorator that registers the class.
        side: its role, which names the JSON file.
        registry: the table of the classes that can be loaded.
        class_field: where the JSON says in which module a class of your own is defined.
        later: fields of the JSON that came with a later format version -> that version.
    """

    kind: ClassVar[str]
    side: ClassVar[str]
    registry: ClassVar[Registry]
    class_field: ClassVar[str] = "class"
    later: ClassVar[Mapping[str, int]] = {}

    def config(self) -> dict[str, Any]:
        """Returns what the constructor takes, in JSON's own types.

        With `write_files` and `from_files`, what `from_files` needs instead.
        """
        raise NotImplementedError(f"{type(self).__name__} must have a `config`.")

    def record(self) -> dict[str, Any]:
        """Returns what the JSON file holds beside the type; by default `config`."""
        return self.config()

    def write_files(self, directory: Path) -> None:
        """Writes what lies beside the JSON file; nothing by default."""

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """Returns what has this configuration; by default the constructor is given all of it.

        Args:
            directory: has what `write_files` wrote.
            config: what `record` returned.
            path: of the JSON file, for messages.

        Raises:
            ValueError, TypeError: the configuration does not describe one.
        """
        return cls(**config)

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Writes a JSON file and the files it needs; both sides of a model may share a directory.

        They appear there all together or not at all; what else the directory holds stays.

        Args:
            directory: where to write, made where needed.

        Raises:
            ValueError: the class is not registered, so it could not be loaded; or its `config` has
                a name that the JSON file needs.
        """
        kind = self.registry.name_of(type(self))
        place = f"{type(self).__module__}.{type(self).__qualname__}"
        own = {} if place.startswith("kseq2seq.") else {self.class_field: place}
        record = {"type": kind, **own, **self.record()}
        with whole_files(Path(directory)) as scratch:
            self.write_files(scratch)
            write_json(scratch / f"{self.side}.json", record)

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> Self:
        """Returns what `save` wrote, of this class or a registered subclass of it.

        Called on `Source`, `Target` or `Tokenizer`, it loads those of any registered type. No code
        from the files is run.

        Args:
            directory: what was given to `save`.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file is truncated, changed or malformed, of a newer format version, or of
                another type; one of your own is known once the module that defines it was imported.
        """
        directory = Path(directory)
        settle(directory)
        path = directory / f"{cls.side}.json"
        config = read_json(path, cls.later)
        del config["format_version"]
        kind, place = config.pop("type", None), config.pop(cls.class_field, None)
        if "kind" in vars(cls):
            known = cls.registry.get(kind) if isinstance(kind, str) else None
            if known is None or not issubclass(known, cls):
                raise ValueError(
                    f"{path} has type {kind!r:.80}, expected {cls.kind!r}. Load it by "
                    f"{cls.registry.what.capitalize()}.load, which knows all that are registered."
                )
        found = cls.registry.named(kind, str(path), place)
        try:
            return found.from_files(directory, config, path)
        except (ValueError, TypeError) as error:
            if isinstance(error, ValueError) and str(directory) in str(error):
                raise
            why = str(error).rstrip(".")
            raise ValueError(
                f"{path} does not describe a {found.__name__} ({why}). Save it again."
            ) from error


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
