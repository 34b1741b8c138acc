"""Mixtures: weights as the formula has them, epochs that are drawn, positions that are kept."""

from collections import Counter
from itertools import chain

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.contracts import ArraySource
from kseq2seq.data import (
    Corpus,
    Example,
    Pair,
    eval_batches,
    fit_buckets,
    mixed,
    packed_batches,
    survey,
    train_batches,
)
from kseq2seq.data.epochs import endless_epochs
from kseq2seq.data.mixture import times_of
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

SIZES = {"large": 150, "small": 10}


def pairs(name, count):
    return [Pair(f"{name[0]}{n}", name[0], f"{name}{n}") for n in range(count)]


@pytest.fixture(scope="module")
def mixture():
    parts = {name: pairs(name, count) for name, count in SIZES.items()}
    return mixed(parts, temperature=2)


def epochs(corpus, count, seed=3, buffer=1000):
    """The sources of each epoch, by the records that the epochs are made of."""
    found = []

    def rows(records, own):
        return records.map(lambda record: (own, record))

    numbers = {}
    for own, record in endless_epochs(corpus, rows, seed=seed, buffer=buffer).as_numpy_iterator():
        number = numbers.setdefault(int(own), len(numbers))
        if number == count:
            return found
        if number == len(found):
            found.append([])
        found[number].append(tf.train.Example.FromString(record).features.feature)
    return found


def sources(epoch):
    return [feature["source"].bytes_list.value[0].decode() for feature in epoch]


def test_weights_are_those_of_the_formula(mixture):
    times = {packed.target: packed.times for packed in mixture.packed()}
    shares = {name: size**0.5 for name, size in SIZES.items()}
    for name, size in SIZES.items():
        expected = shares[name] / sum(shares.values()) * 160 / size
        assert times[name[0]] == pytest.approx(expected)
    assert times_of({"a": 5, "b": 9}, 1.0) == pytest.approx({"a": 1.0, "b": 1.0})
    assert times_of({"a": 2, "b": 8}, float("inf")) == pytest.approx({"a": 2.5, "b": 0.625})


def test_epochs_hold_pairs_as_often_as_they_weigh_and_are_drawn_anew(mixture):
    times = {packed.target: packed.times for packed in mixture.packed()}
    drawn = epochs(mixture, 6)
    counts = Counter(source for epoch in drawn for source in sources(epoch))
    for epoch in map(sources, drawn):
        assert len(epoch) <= mixture.epoch_length
        for source, count in Counter(epoch).items():
            assert np.floor(times[source[0]]) <= count <= np.ceil(times[source[0]])
    for name, size in SIZES.items():
        mean = sum(n for source, n in counts.items() if source[0] == name[0]) / size / 6
        assert mean == pytest.approx(times[name[0]], rel=0.1)
    assert len({tuple(sorted(sources(epoch))) for epoch in drawn}) == 6
    again = epochs(mixture, 2)
    assert [sources(epoch) for epoch in again] == [sources(epoch) for epoch in drawn[:2]]
    assert sources(epochs(mixture, 1, seed=4)[0]) != sources(drawn[0])


def test_a_whole_weight_is_no_matter_of_chance():
    corpus = mixed({"a": pairs("a", 30), "b": pairs("b", 5)}, times={"a": 1, "b": 3})
    for epoch in epochs(corpus, 3, buffer=20):
        counts = Counter(sources(epoch))
        assert {counts[f"a{n}"] for n in range(30)} == {1}
        assert {counts[f"b{n}"] for n in range(5)} == {3}


@pytest.mark.parametrize("packing", [False, True])
def test_training_continues_at_the_exact_position(mixture, tmp_path, packing):
    source, target = (kind(ByteTokenizer(), 16) for kind in (TextSource, TextTarget))
    settings = {"seed": 5, "tokens_per_batch": 64, "shuffle_buffer": 100}

    def batches():
        if packing:
            return packed_batches(mixture, source, target, shape=(8, 8), **settings)
        buckets = fit_buckets(survey(mixture, source, target), 2)
        return train_batches(mixture, source, target, buckets=buckets, **settings)

    straight = iter(batches())
    first = [next(straight) for _ in range(50)]  # more than two epochs
    interrupted = iter(batches())
    for _ in range(37):
        next(interrupted)
    path = tf.train.Checkpoint(position=interrupted).save(str(tmp_path / "at"))
    continued = iter(batches())
    tf.train.Checkpoint(position=continued).restore(path)
    for inputs, labels in first[37:]:
        others, other = next(continued)
        assert (labels.numpy() == other.numpy()).all()
        assert (inputs["source"].numpy() == others["source"].numpy()).all()


def test_other_weights_are_other_data(tmp_path):
    def position(temperature):
        corpus = mixed({"a": pairs("a", 30), "b": pairs("b", 5)}, temperature=temperature)
        sides = TextSource(ByteTokenizer(), 16), TextTarget(ByteTokenizer(), 16)
        return iter(train_batches(corpus, *sides, buckets=[(8, 8)], seed=1, batch_size=2))

    before = position(2)
    next(before)
    path = tf.train.Checkpoint(position=before).save(str(tmp_path / "at"))
    after = position(3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="different dataset"):
        tf.train.Checkpoint(position=after).restore(path)
        next(after)


def test_weights_are_of_training_alone(mixture):
    source, target = (kind(ByteTokenizer(), 16) for kind in (TextSource, TextTarget))
    counts = survey(mixture, source, target)
    assert (counts.total, counts.kept, len(mixture)) == (160, 160, 160)
    batches = eval_batches(mixture, source, target, buckets=[(8, 8)], batch_size=32)
    labels = np.concatenate([labels.numpy()[:, 0] for _, labels in batches])
    assert (labels > 0).sum() == 160
    assert sum(1 for _ in mixture) == 160


def test_each_stretch_has_the_parts_in_proportion(mixture):
    names = [pair.target for pair in mixture]
    for first in range(0, 160, 32):
        assert names[first : first + 32].count("s") == 2


def test_corpora_without_weights_are_written_as_before(tmp_path):
    plain = Corpus.write(pairs("a", 3), tmp_path / "plain")
    mixture = mixed({"a": pairs("a", 3)}, temperature=5)
    assert plain.path.read_bytes() == mixture.path.read_bytes()
    assert not mixture.weighted


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"temperature": 0.5}, "at least 1"),
        ({"temperature": float("nan")}, "at least 1"),
        ({"temperature": "5"}, "must be a number"),
        ({"times": {"a": 1}}, "a number for each of a, b"),
        ({"times": {"a": 1, "b": 0}}, r"`times\['b'\]` must be a number above 0; got 0"),
        ({"times": {"a": 1, "b": "2"}}, r"`times\['b'\]` must be a number above 0; got '2'"),
        ({"times": {"a": True, "b": 1}}, r"`times\['a'\]` must be a number above 0; got True"),
        ({"times": {"a": 1, "b": 2}, "temperature": 5}, "Leave one out"),
    ],
)
def test_bad_weights_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        mixed({"a": pairs("a", 1), "b": pairs("b", 1)}, **settings)


def test_numbers_of_numpy_are_numbers():
    assert times_of({"a": 2, "b": 8}, np.float32(1)) == times_of({"a": 2, "b": 8}, 1)
    assert times_of({"a": 2, "b": 8}, np.inf) == pytest.approx({"a": 2.5, "b": 0.625})


def test_bad_parts_are_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match="at least one corpus"):
        mixed({})
    with pytest.raises(ValueError, match=r"Corpus 'b': .*at least one pair"):
        mixed({"a": pairs("a", 1), "b": []})
    with pytest.raises(ValueError, match="Corpus 'b' is empty"):
        mixed({"a": pairs("a", 1), "b": Corpus(tmp_path / "none", 0)})
    with pytest.raises(TypeError, match=r"Corpus 'b': .*number 0 is str"):
        mixed({"a": pairs("a", 1), "b": ["text"]})


class Frames(ArraySource):
    """Two numbers a frame, as they are."""

    def __init__(self):
        super().__init__((2,), max_length=9)

    def features(self, values, lengths):
        return values


def test_sources_of_different_kinds_are_not_mixed():
    source = Frames()
    arrays = Corpus.write([Example(np.zeros((3, 2), "float32"), "x", "1")], source=source)
    texts = Corpus.write(pairs("a", 2))
    message = "sources of 'a' are texts, those of 'b' packed by 'Frames'"
    with pytest.raises(ValueError, match=message):
        mixed({"a": texts, "b": arrays})
    with pytest.raises(ValueError, match="before number 2 are texts, its own packed by 'Frames'"):
        Corpus.write(chain(texts.packed(), arrays.packed()))
    both = mixed({"a": arrays, "b": arrays}, times={"a": 1, "b": 2})
    assert both.kind == "Frames" and both.source is source


def test_a_file_knows_its_weights(mixture):
    opened = Corpus(mixture.path, len(mixture))
    assert opened.weighted and opened.epoch_length == mixture.epoch_length > 160
    assert [sources(one) for one in epochs(opened, 2)] == [
        sources(one) for one in epochs(mixture, 2)
    ]
    plain = mixed({"a": pairs("a", 3)})
    assert Corpus(plain.path, 3).epoch_length == 3 and not Corpus(plain.path, 3).weighted
