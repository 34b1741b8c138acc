import gc
import os

import pytest

from kseq2seq.data.pairs import Pair
from kseq2seq.data.records import Corpus, pair_dataset, write_pairs

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
    with pytest.raises(ValueError, match="no pairs to write"):
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
    with pytest.raises(ValueError, match="no pairs"):
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
