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
