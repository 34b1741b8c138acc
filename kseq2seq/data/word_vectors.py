"""Word vectors trained elsewhere, from the text files of GloVe, fastText and word2vec."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kseq2seq.disk.lines import data_path, numbered_lines

_LARGEST = float(np.finfo(np.float32).max)


class WordVectors(NamedTuple):
    """Vectors of the words of a vocabulary, by id.

    Args:
        matrix: float32 (V, dim), zero where a word has none.
        found: bool (V,), True where it has one.

    Example:
        >>> WordVectors(np.ones((8000, 2), "float32"), np.arange(8000) < 7310).coverage
        '7,310 of 8,000 words (91.4 %)'
    """

    matrix: np.ndarray
    found: np.ndarray

    @property
    def coverage(self) -> str:
        """How many words have a vector, for reading."""
        count, total = int(self.found.sum()), len(self.found)
        return f"{count:,} of {total:,} words ({count / total:.1%})".replace("%", " %")


def read_word_vectors(path: str | Path, words: Sequence[str]) -> WordVectors:
    r"""Reads the vectors of some words, one line at a time, keeping no others in memory.

    A line is a word and its numbers, separated by single spaces. A first line of two whole
    numbers is the header "count dim" of fastText and word2vec; GloVe has none. A word may hold
    spaces: the numbers are taken from the right. Numbers of other words are not checked.

    Each word is looked up as it is, then in lower case; if the file has one several times, the
    first counts.

    Args:
        path: a UTF-8 file, plain or compressed by gzip, bzip2 or xz.
        words: V words by id, for example `tokenizer.words()`.

    Returns:
        The vectors, as many as words; see their `coverage`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a line with too few or too many numbers, or a wanted one with something
            that is not a finite number, a count of lines that is not the header's, a file
            without vectors or that is not UTF-8, and for no words.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "vectors.txt")
        >>> _ = path.write_text("the 0.5 1\n학교 -1 2\n", encoding="utf-8")
        >>> vectors = read_word_vectors(path, ["학교", "Schule", "The"])
        >>> vectors.matrix.tolist()
        [[-1.0, 2.0], [0.0, 0.0], [0.5, 1.0]]
        >>> vectors.coverage
        '2 of 3 words (66.7 %)'

    Source:
        Pennington et al. 2014 (GloVe); Bojanowski et al. 2017 (fastText); Mikolov et al. 2013
        (word2vec).
    """
    if isinstance(words, str):
        raise ValueError(f"`words` must be a list, for example tokenizer.words(); got {words!r}.")
    path = data_path(path)
    if not len(words):
        raise ValueError("`words` must not be empty. Pass, for example, tokenizer.words().")
    wanted, folded = defaultdict(list), defaultdict(list)
    for index, word in enumerate(words):
        wanted[word].append(index)
        if word != word.lower():
            folded[word.lower()].append(index)

    dim, promised, count = 0, None, 0
    exact, found = np.zeros(len(words), bool), np.zeros(len(words), bool)
    for number, line in numbered_lines(path):
        line = line.rstrip("\r\n ")
        if number == 1:
            promised, dim = _shape(path, line)
            matrix = np.zeros((len(words), dim), np.float32)
            if promised is not None:
                continue
        count += 1
        word, *numbers = line.rsplit(" ", dim)
        last = word.rsplit(" ", 1)[1] if " " in word else word
        if len(numbers) != dim or (last != word and (not last or _is_number(last))):
            got = len(line.split(" ")) - 1
            raise ValueError(f"{path}:{number}: expected a word and {dim} numbers, got {got}")
        rows = [row for row in wanted.get(word, ()) if not exact[row]]
        exact[rows] = True
        rows += [row for row in folded.get(word, ()) if not found[row]]
        if rows:
            matrix[rows] = _vector(path, number, numbers)
            found[rows] = True
    if not count or promised not in (None, count):
        expected = "at least one vector" if promised is None else f"{promised} vectors"
        raise ValueError(f"{path}: expected {expected}, got {count}; is the file cut short?")
    return WordVectors(matrix, found)


def _shape(path: Path, line: str) -> tuple[int | None, int]:
    """The number of vectors, if the first line is a header that has it, and their width."""
    fields = line.split(" ")
    if len(fields) == 2 and all(field.isdecimal() for field in fields):
        promised, dim = map(int, fields)
    else:
        promised, dim = None, 0
        while dim < len(fields) - 1 and _is_number(fields[-1 - dim]):
            dim += 1
    if not dim:
        raise ValueError(
            f"{path}:1: expected a word and its numbers, or the header 'count dim', got "
            f"{line[:80]!r}"
        )
    return promised, dim


def _vector(path: Path, number: int, numbers: list[str]) -> list[float]:
    for text in numbers:
        if not (_is_number(text) and abs(float(text)) <= _LARGEST):
            raise ValueError(f"{path}:{number}: expected a finite number, got {text!r}")
    return [float(text) for text in numbers]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
