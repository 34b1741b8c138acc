import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from kseq2seq.data import Pair, named_pairs, sample, split_corpora, split_of


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
        with pytest.raises(ValueError, match="`columns` must be a list of the names"):
            named_pairs("a.tsv", columns)
    (tmp_path / "a,b.tsv").write_text("source\ttarget\na\tb\n")
    assert len(list(named_pairs(str(tmp_path / "a,b.tsv")))) == 1
    with pytest.raises(ValueError, match="two text files have no columns"):
        named_pairs("a.en,a.fr", ["en", "fr"])


@pytest.mark.parametrize("name", ["sample:", "debian:"])
def test_a_language_that_is_left_out_is_asked_for(name):
    with pytest.raises(ValueError, match=f"must name a language after the colon.*'{name}fr'"):
        named_pairs(name)
