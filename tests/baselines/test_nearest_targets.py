"""The nearest training example, against BM25 written out."""

import math
import re

import pytest

from kseq2seq.baselines import nearest_targets
from kseq2seq.data import Pair

TRAIN = [
    Pair("Return the number of rows.", "rows()", "1"),
    Pair("Return the number of columns of a table.", "columns()", "2"),
    Pair("Delete a table", "drop_table()", "3"),
    Pair("def numRows(self): return self._rows", "The rows.", "4"),
]


def words(text):
    return [w.lower() for w in re.findall(r"[A-Za-z][a-z]*|\d+", text)]


def expected(source):
    documents = [words(pair.source) for pair in TRAIN]
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        score = 0.0
        for word in words(source):
            having = sum(word in other for other in documents)
            rarity = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
            count = document.count(word)
            room = 1.2 * (0.25 + 0.75 * len(document) / mean)
            score += rarity * count / (count + room)
        scores.append(score)
    return TRAIN[scores.index(max(scores))].target


@pytest.mark.parametrize(
    "source", ["rows", "the table of a table", "num_rows", "delete", "Number of columns", "xyz"]
)
def test_is_bm25(source):
    assert nearest_targets(TRAIN, [source]) == [expected(source)]


def test_needs_an_example():
    with pytest.raises(ValueError, match="at least one example"):
        nearest_targets([], ["a"])
