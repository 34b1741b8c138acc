"""Texts and their labels, by the names that recipes take, and where each label was first read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from kseq2seq.data.bad_lines import BadLine
from kseq2seq.data.conll import SUFFIX, conll_pairs, is_conll
from kseq2seq.data.named import Known, named_pairs
from kseq2seq.data.pairs import Example, Pair
from kseq2seq.data.readers import FORMATS, format_of
from kseq2seq.data.word_labels import one_label_a_word

_REMEDY = "Correct the line, or remove it"


class LabeledPairs:
    r"""Reads corpora whose targets are labels, and stops at the first line that has no label.

    A corpus is one of `known`; a file of `named_pairs`, with a column of texts and one of labels,
    which stand between spaces; or a file of `conll_pairs`, whose name ends in `.conll`.

    Args:
        known: names and functions; see `named_pairs`.
        whole: whether a text as a whole has one label, which may hold spaces; else each word has
            one.

    Raises:
        ValueError: while reading, at a line that holds no pair, or in which labels and words differ
            in number; the message has the file, the line and what to do.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from kseq2seq.data import LabeledPairs
        >>> path = Path(tempfile.mkdtemp(), "tags.tsv")
        >>> _ = path.write_text("source\ttarget\nThe tab\tDET NOUN\nStop it\tVERB\n")
        >>> list(LabeledPairs({})(str(path)))
        Traceback (most recent call last):
            ...
        ValueError: ...tags.tsv:3: 1 label for 2 words; give each word one label, or read one label
        for each text. Correct the line, or remove it.
    """

    def __init__(self, known: Known, whole: bool = False):
        self.known = known
        self.whole = whole

    def __call__(
        self, name: str, columns: Sequence[str] = ("source", "target")
    ) -> Iterator[Pair | Example]:
        """Returns an iterator of the pairs of a corpus; see the class, and `named_pairs`."""
        if str(name).partition(":")[0] in self.known:
            return self._checked(name, named_pairs(name, columns, self.known))
        if not is_conll(name):
            if Path(name).is_file() and format_of(Path(name)) is None:
                endings = ", ".join(sorted([SUFFIX, *FORMATS]))
                raise ValueError(f"{name}: the name of a file of labels must end in {endings}.")
            return named_pairs(name, columns, self.known, check=self._check, on_error=_refuse)
        if self.whole:
            raise ValueError(
                f"{name} has a label for each word, and one for each text is asked for. Give a "
                ".tsv, .csv or .jsonl file."
            )
        if list(columns) == ["source", "target"]:
            return conll_pairs(name, check=self._check, on_error=_refuse)
        if not all(column.isdigit() for column in columns):
            raise ValueError(f"{name}: `columns` must be numbers, from 0; got {columns!r}.")
        numbers = [int(column) for column in columns]
        return conll_pairs(name, numbers, check=self._check, on_error=_refuse)

    def _checked(self, name: str, pairs: Iterator[Pair | Example]) -> Iterator[Pair | Example]:
        for pair in pairs:
            if wrong := self._check(pair):
                raise ValueError(f"{name}: {wrong}.")
            yield pair

    def _check(self, pair: Pair | Example) -> str | None:
        return None if self.whole else one_label_a_word(pair)


def _refuse(bad: BadLine) -> NoReturn:
    raise ValueError(f"{bad}. {_REMEDY}.")
