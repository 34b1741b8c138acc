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
    """

    def __init__(self, options: argparse.Namespace, read: Read):
        self._options = vars(options)
        self._read = read

    def of(self, split: str, examples: Sequence[Any]) -> list[str]:
        """Returns "FILE:LINE: " for each example; "" where it is not of a file, or has changed.

        Args:
            split: "train", "validation" or "test".
            examples: of this split.
        """
        files = (self._options.get(name) for name in (split, "train", "data"))
        name = next((file for file in files if file), None)
        wanted = {digest(example.source, example.target) for example in examples}
        found: dict[bytes, str] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # all were shown at the first reading
            for example in self._of_files(name) if name and wanted else ():
                mark = digest(example.source, example.target)
                if mark in wanted and mark not in found:
                    found[mark] = place_of(example)
                    if len(found) == len(wanted):
                        break
        places = (found.get(digest(one.source, one.target), "") for one in examples)
        return [f"{place}: " if place else "" for place in places]

    def _of_files(self, name: str) -> Iterator[Any]:
        """The examples of a name that are of files, each language's by itself."""
        for language, part in (languages_named(name) or {"": name}).items():
            if any(Path(path).is_file() for path in (part, *part.split(","))):
                examples = self._read(part, self._options.get("columns") or ())
                yield from asking(language, examples) if language else examples
