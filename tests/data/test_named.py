import bz2
import gzip
import lzma
import warnings
from pathlib import Path

import numpy as np
import pytest

from kseq2seq.contracts import ArraySource
from kseq2seq.data import (
    Example,
    Pair,
    named_pairs,
    own_splits,
    pairs_from,
    sample,
    split_corpora,
    split_of,
    write_examples,
)


def test_sample_names():
    assert next(named_pairs("sample")) == next(sample("fr"))
    assert next(named_pairs("sample:ko")) == next(sample("ko"))


def test_files_by_column_names_and_numbers(tmp_path):
    (tmp_path / "a.tsv").write_text("fr\ten\tpackage\nbonjour\thello\tp1\n", encoding="utf-8")
    made = list(named_pairs(str(tmp_path / "a.tsv"), ["en", "fr", "package"]))
    assert made == [Pair("hello", "bonjour", "p1")]
    (tmp_path / "b.csv").write_text("hello,안녕\n", encoding="utf-8")
    assert list(named_pairs(str(tmp_path / "b.csv"), ["0", "1"])) == [
        Pair("hello", "안녕", "hello")
    ]


def test_parallel_files(tmp_path):
    (tmp_path / "a.en").write_text("one\ntwo\n")
    (tmp_path / "a.fr").write_text("un\ndeux\n")
    made = list(named_pairs(f"{tmp_path / 'a.en'},{tmp_path / 'a.fr'}"))
    assert [pair.target for pair in made] == ["un", "deux"]


@pytest.mark.parametrize("name", ["a.tsv.xz", "a.TSV", "a.tsv.gz", "a.tsv.bz2"])
def test_files_that_read_pairs_knows_by_name(tmp_path, name):
    packer = {".xz": lzma, ".gz": gzip, ".bz2": bz2}.get(Path(name).suffix)
    content = b"source\ttarget\na\tb\n"
    (tmp_path / name).write_bytes(packer.compress(content) if packer else content)
    assert list(named_pairs(str(tmp_path / name))) == [Pair("a", "b", "a")]


def test_jsonl_may_have_several_references(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"source": "read", "target": "R EH D", "references": ["R IY D"]}\n'
        '{"source": "a", "target": "AH"}\n'
    )
    several, one = named_pairs(str(path))
    assert several == Example("read", "R EH D", "read", ("R IY D",)) and one == Pair("a", "AH", "a")


def test_readers_take_a_part_or_refuse_it():
    known = {
        "whole": lambda: [Pair("w", "", "")],
        "parts": lambda part="one": [Pair(part, "", "")],
        "named": lambda part: [Pair(part, "", "")],
    }
    for name, source in (
        ("whole", "w"),
        ("parts", "one"),
        ("parts:two", "two"),
        ("named", ""),
        ("named:three", "three"),
    ):
        assert next(named_pairs(name, known=known)).source == source
    with pytest.raises(ValueError, match="'whole' has no parts; got 'fr'"):
        named_pairs("whole:fr", known=known)


def test_refuses_one_column(tmp_path):
    with pytest.raises(ValueError, match="the source, the target and, optionally, the key"):
        named_pairs("a.tsv", ["text"])


def test_split_corpora_reads_a_stream_once_and_loses_nothing():
    pairs = [Pair(str(n % 900), str(n % 900), str(n % 300)) for n in range(1800)]
    corpora = split_corpora(iter(pairs))
    assert sum(len(corpus) for corpus in corpora.values()) == 900
    for name, corpus in corpora.items():
        assert {split_of(pair.key) for pair in corpus} == {name}


def test_too_few_pairs_for_three_splits():
    with pytest.raises(ValueError, match=r"2 pairs leave nothing for .*some hundreds"):
        split_corpora([Pair("a", "b", "a"), Pair("c", "d", "c")])


def test_wrong_kinds_of_names_and_columns(tmp_path):
    for name in (None, "", ["sample"]):
        with pytest.raises(ValueError, match="name of a corpus must be a string"):
            named_pairs(name)
    for columns in ("en", "en,fr", [0, 1]):
        with pytest.raises(ValueError, match="`columns` must be a list that names"):
            named_pairs("a.tsv", columns)
    (tmp_path / "a,b.tsv").write_text("source\ttarget\na\tb\n")
    assert len(list(named_pairs(str(tmp_path / "a,b.tsv")))) == 1
    with pytest.raises(ValueError, match="two text files have no columns"):
        named_pairs("a.en,a.fr", ["en", "fr"])


@pytest.mark.parametrize("name", ["sample:", "debian:"])
def test_a_language_that_is_left_out_is_asked_for(name):
    with pytest.raises(ValueError, match=f"must name a language after the colon.*'{name}fr'"):
        named_pairs(name)


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
