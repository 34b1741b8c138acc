"""Where examples stand in a user's files, found again by reading them once more."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kseq2seq.data.languages import asking, languages_named
from kseq2seq.data.pairs import digest
from kseq2seq.data.places import place_of

Read = Callable[[str, Sequence[str]], Iterable[Any]]


class Places:
    """Finds the file and the line of examples that a corpus gave back.

    A corpus keeps no lines, and what is wrong with an example (too long for a tokenizer that the
    examples trained, a label that others lack) can be seen only once it is written. So the file is
    read again, when there is something to tell.

    Args:
        options: with `data`, or `train`, `validation` and `test`, and `columns`.
        read: (name, columns) -> examples, as `read_corpora` takes it.
        source: of a pipeline, which reads sources that are not texts.
    """

    def __init__(self, options: argparse.Namespace, read: Read, source: Any = None):
        self._options = vars(options)
        self._read = read
        self._source = source

    def of(self, split: str, examples: Sequence[Any]) -> list[str]:
        """Returns "FILE:LINE: " for each example; "" where it is not of a file, or has changed.

        Args:
            split: "train", "validation" or "test".
            examples: of this split.
        """
        wanted = {digest(example.source, example.target) for example in examples}
        # A corpus has what was read of files; so read those again that may be the ones.
        targets = {one.target for one in examples if not isinstance(one.source, str)}
        found: dict[bytes, str] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # all were shown at the first reading
            for example in self._of_files(split) if wanted else ():
                raw = self._as_kept(example) if example.target in targets else example.source
                mark = digest(raw, example.target)
                if mark in wanted and mark not in found:
                    found[mark] = place_of(example)
                    if len(found) == len(wanted):
                        break
        places = (found.get(digest(one.source, one.target), "") for one in examples)
        return [f"{place}: " if place else "" for place in places]

    def _as_kept(self, example: Any) -> Any:
        """Returns the source of an example as a corpus gives it back; None if it can't be read."""
        try:
            return self._source.restore(self._source.pack(self._source.read(example.source)))
        except (ValueError, TypeError, OSError, RuntimeError):
            return None

    def files(self, split: str) -> dict[str, str]:
        """Returns the names of the files of a split by their languages; "" where there is one."""
        names = (self._options.get(name) for name in (split, "train", "data"))
        name = str(next((each for each in names if each), ""))
        parts = languages_named(name) or {"": name}
        return {
            language: part
            for language, part in parts.items()
            if any(Path(path).is_file() for path in (part, *part.split(",")))
        }

    def _of_files(self, split: str) -> Iterator[Any]:
        for language, name in self.files(split).items():
            examples = self._read(name, self._options.get("columns") or ())
            yield from asking(language, examples) if language else examples
