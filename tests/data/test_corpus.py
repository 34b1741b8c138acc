import gc
import os

import numpy as np
import pytest

from kseq2seq.contracts import ArraySource
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.pairs import Example, Pair, answers
from kseq2seq.data.records import pair_dataset, write_pairs
from kseq2seq.text import ByteTokenizer, TextSource

PAIRS = [
    Pair("안녕하세요", "e\u0301 bonjour\n2", "a"),
    Pair("", "👩‍💻", ""),
    Pair("tab\there", "\u2028", "a"),
]


def texts(dataset):
    return [(s.decode(), t.decode()) for s, t in dataset.as_numpy_iterator()]


def test_round_trip_keeps_order_and_every_character(tmp_path):
    many = PAIRS * 300
    assert write_pairs(iter(many), tmp_path / "c.tfrecord") == 900
    assert texts(pair_dataset(tmp_path / "c.tfrecord")) == [pair[:2] for pair in many]
    assert os.listdir(tmp_path) == ["c.tfrecord"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "c.tfrecord"
    write_pairs(PAIRS, path)

    def broken():
        yield PAIRS[0]
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        write_pairs(broken(), path)
    with pytest.raises(ValueError, match="`pairs` must hold at least one pair"):
        write_pairs([], path)
    assert len(texts(pair_dataset(path))) == 3
    assert os.listdir(tmp_path) == ["c.tfrecord"]


def test_corpus_gives_back_its_pairs_with_keys():
    with Corpus.write(iter(PAIRS)) as corpus:
        assert len(corpus) == 3
        assert list(corpus) == list(corpus) == PAIRS
        assert texts(corpus.dataset()) == [pair[:2] for pair in PAIRS]
    assert not corpus.path.parent.exists()


def test_corpus_in_a_folder_stays(tmp_path):
    with Corpus.write(PAIRS, tmp_path / "new" / "folder") as corpus:
        pass
    assert corpus.path == tmp_path / "new" / "folder" / "pairs.tfrecord"
    assert list(corpus) == PAIRS


def test_temporary_corpus_lives_as_long_as_its_datasets():
    corpus = Corpus.write(PAIRS)
    folder = corpus.path.parent
    dataset = corpus.dataset().shuffle(3).repeat(2).batch(2).prefetch(1)
    del corpus
    gc.collect()
    assert sum(len(sources) for sources, _ in dataset) == 6
    iterator = iter(dataset)
    del dataset
    gc.collect()
    assert sum(len(sources) for sources, _ in iterator) == 6
    del iterator
    gc.collect()
    assert not folder.exists()


def test_temporary_corpus_goes_if_writing_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ValueError, match="at least one pair"):
        Corpus.write([])
    assert os.listdir(tmp_path) == []


def test_what_is_no_pair_is_refused_by_its_number(tmp_path):
    pair = Pair("a", "b", "k")
    for nothing in (None, "text", 3):
        with pytest.raises(TypeError, match="`pairs` must be pairs; got"):
            Corpus.write(nothing)
    with pytest.raises(TypeError, match=r"number 1 is tuple \('a', 'b'\).*pairs_from"):
        Corpus.write([pair, ("a", "b")])
    with pytest.raises(TypeError, match=r"must be strings; pair 0 is"):
        Corpus.write([pair._replace(target=None)])
    with pytest.raises(ValueError, match="pair 1: half of a surrogate pair"):
        Corpus.write([pair, pair._replace(source="\ud83d")])


def test_a_corpus_that_was_written_over_or_removed(tmp_path):
    first = Corpus.write([Pair("a", "b", "k")], tmp_path)
    assert len(list(first)) == 1
    second = Corpus.write([Pair("a", "b", "k"), Pair("c", "d", "k")], tmp_path)
    for use in (first.records, first.dataset, lambda: list(first)):
        with pytest.raises(ValueError, match=r"pairs\.tfrecord: .* changed since it was written"):
            use()
    assert len(list(second)) == 2
    (tmp_path / "pairs.tfrecord").unlink()
    with pytest.raises(ValueError, match=r"pairs\.tfrecord: .* is gone"):
        second.records()


class Readings(ArraySource):
    """Single numbers, as they are."""

    kind = "test_numbers"

    def __init__(self):
        super().__init__((), 99)
        self.spec = {"source": ((None,), "float32"), "source_mask": ((None,), "int32")}

    def features(self, values, lengths):
        return values


def test_sources_of_any_kind_are_read_once_and_come_back(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3.0))
    examples = [
        Example(str(tmp_path / "a.npy"), "one", "k", ("uno", "one")),
        Example(np.arange(2), "two", "k"),
        Pair(tmp_path / "a.npy", "three", "l"),
    ]
    with Corpus.write(iter(examples), source=Readings()) as corpus:
        back = list(corpus)
        assert [e.source.tolist() for e in back] == [[0, 1, 2], [0, 1], [0, 1, 2]]
        assert [e[1:] for e in back] == [
            ("one", "k", ("uno", "one")), ("two", "k", ()), ("three", "l", ())
        ]  # fmt: skip
        assert [answers(e) for e in back] == [("one", "uno"), ("two",), ("three",)]
        opened = list(Corpus(corpus.path, 3))  # as it lies on disk
        assert opened[1].source == np.arange(2, dtype="<f4").tobytes()
        with Corpus.write(back, source=Readings()) as again:
            assert again.path.read_bytes() == corpus.path.read_bytes()


def test_texts_are_the_same_with_and_without_a_source():
    source = TextSource(ByteTokenizer(), 9)
    examples = [*PAIRS, Example("a", "b", "c", ("d",))]
    with Corpus.write(examples) as plain, Corpus.write(examples, source=source) as packed:
        assert plain.path.read_bytes() == packed.path.read_bytes()
        assert list(plain) == list(packed) == examples


def test_a_bad_file_is_named_or_skipped_and_shown(tmp_path):
    (tmp_path / "bad.npy").write_bytes(b"no array")
    missing, bad = str(tmp_path / "missing.npy"), str(tmp_path / "bad.npy")
    good = Example([1.0], "t", "k")
    for source, kind in ((missing, FileNotFoundError), (bad, ValueError), ([["x"]], ValueError)):
        named = source if isinstance(source, str) else "the array"
        with pytest.raises(kind, match=rf"example 1: .*{named}"):
            Corpus.write([good, Example(source, "t", "k")], source=Readings())
    given = [
        good,
        *[Example(missing, "t", "k")] * 4,
        Example(bad, "t", "k"),
        Pair("\ud83d", "t", "k"),
    ]
    with pytest.warns(
        UserWarning, match=r"(?s)^6 of 8 examples left out\n  example 1: .*\n  and 1 more"
    ):
        corpus = Corpus.write([*given, good], source=Readings(), errors="skip")
    assert len(corpus) == 2 and len(corpus.problems) == 6
    assert corpus.problems[4].startswith("example 5: ") and bad in corpus.problems[4]
    with (
        pytest.warns(UserWarning, match="1 of 1 examples left out"),
        pytest.raises(ValueError, match=r"at least one pair: all were left out; the first: .*bad"),
    ):
        Corpus.write([Example(bad, "t", "k")], source=Readings(), errors="skip")
    with pytest.raises(ValueError, match="`errors` must be 'raise' or 'skip'; got 'ignore'"):
        Corpus.write([good], source=Readings(), errors="ignore")


def test_a_failure_that_names_no_file_is_given_its_name(tmp_path):
    class Failing(Readings):
        def read(self, example):
            raise RuntimeError("unknown format")

    with pytest.raises(ValueError, match=r"example 0: clips/1\.wav: unknown format"):
        Corpus.write([Example("clips/1.wav", "t", "k")], source=Failing())


def test_a_source_that_is_no_text_needs_a_source():
    with pytest.raises(TypeError, match=r"must be strings; pair 0 .* Pass `source`"):
        Corpus.write([Example(np.zeros(3), "t", "k")])
    with pytest.raises(TypeError, match="references of a pair must be a tuple of strings"):
        Corpus.write([Example("a", "t", "k", "t")])
    with pytest.raises(TypeError, match="must be strings; pair 0"):
        Corpus.write([Example("a", "t", "k", (3,))])
