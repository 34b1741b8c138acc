import warnings

import numpy as np
import pytest

from kseq2seq.contracts import ArraySource
from kseq2seq.data import Example, Pair, own_splits, pairs_from, write_examples


def test_pairs_that_lie_in_two_sets_are_counted_and_told(tmp_path):
    train = [("a", "A"), ("b", "B"), ("b", "B"), ("c", "C")]
    validation = [("d", "D"), ("c", "C"), ("b", "other")]
    test = [("b", "B"), ("d", "D"), ("d", "D"), ("e", "E")]
    paths = []
    for name, pairs in (("train", train), ("validation", validation)):
        paths.append(tmp_path / f"{name}.tsv")
        write_examples(paths[-1], pairs_from(pairs))
    with pytest.warns(UserWarning, match="1 of 4 test pairs are in train, too; 1 of 3 validation"):
        made = own_splits(paths[0], str(paths[1]), pairs_from(test))
    assert made.leaks == {
        ("test", "train"): 1, ("validation", "train"): 1, ("test", "validation"): 2
    }  # fmt: skip
    assert [pair[:2] for pair in made.train] == train
    assert {name: len(corpus) for name, corpus in made.corpora.items()} == {
        "train": 4, "validation": 3, "test": 4
    }  # fmt: skip
    assert str(made).splitlines()[-1] == "2 of 4 test pairs are in validation, too"


def test_sets_of_their_own_are_no_cause_for_a_warning():
    sets = [[Pair(name, f"{name}{n}", "k") for n in range(3)] for name in "abc"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = own_splits(*sets)
    assert not any(made.leaks.values())


def test_files_that_hold_the_same_are_the_same(tmp_path):
    class Numbers(ArraySource):
        kind = "test_own"

        def __init__(self):
            super().__init__((), 9)

        def features(self, values, lengths):
            return values

    for name in "ab":
        np.save(tmp_path / f"{name}.npy", np.arange(3))
    one, other = (Example(tmp_path / f"{name}.npy", "t", name) for name in "ab")
    third = Example(np.arange(4), "t", "c")
    with pytest.warns(UserWarning, match="1 of 1 test pairs are in train"):
        own_splits([one], [third], [other], source=Numbers())
