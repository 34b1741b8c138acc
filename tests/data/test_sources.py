"""The data floor with sources and targets that are no text."""

import warnings
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.contracts import ArraySource, Source, Target
from kseq2seq.data import (
    Corpus,
    Example,
    Pair,
    bucket_table,
    eval_batches,
    fit_buckets,
    masked_batches,
    packed_batches,
    padding_share,
    pairs_from,
    survey,
    train_batches,
)
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

STEP = 2


class Frames(ArraySource):
    """Means of each two readings of three sensors; noise, that is 1, is added while training."""

    step = STEP

    def __init__(self, max_length=20, too_long="error"):
        super().__init__((3,), max_length, too_long)
        self.spec = {"source": ((None, 3), "float32"), "source_mask": ((None,), "int32")}

    def __call__(self, raws, training=False):
        inputs = super().__call__(raws, training)
        real = tf.cast(inputs["source_mask"], tf.float32)[..., None]
        return {**inputs, "source": inputs["source"] + float(training) * real}

    def features(self, values, lengths):
        return tf.reduce_mean(tf.reshape(values, [tf.shape(values)[0], -1, STEP, 3]), axis=2)


class Pictures(Source):
    """Gray pictures of 4 x 4 as four rows: nothing of it may be sliced."""

    kind = "test_pictures"
    unit = "rows"
    raw = tf.TensorSpec([None, 4, 4, 1], tf.uint8, name="pictures")

    def __init__(self, max_length):
        super().__init__(max_length)
        shapes = {"source": (4, 4, 1), "source_mask": (4,), "side": (2,)}
        self.spec = {name: (shape, "float32") for name, shape in shapes.items()}

    def pack(self, raw):
        return np.asarray(raw, "uint8").tobytes()

    def unpack(self, packed):
        return tf.reshape(tf.io.decode_raw(packed, tf.uint8), [-1, 4, 4, 1])

    def lengths(self, raws):
        return tf.fill([tf.shape(raws)[0]], 4)

    def __call__(self, raws, training=False):
        count = tf.shape(raws)[0]
        return {
            "source": tf.cast(raws, tf.float32),
            "source_mask": tf.ones([count, 4], tf.int32),
            "side": tf.ones([count, 2]),
        }

    def fixed(self, places):
        raise NotImplementedError


class Letters(Target):
    """Labels, a letter each: nothing closes them."""

    closes = False
    unit = "labels"
    size = 30

    def ids(self, raws, training=False):
        codes = tf.strings.unicode_decode(tf.strings.regex_replace(raws, " ", ""), "UTF-8")
        return tf.cast(codes - 96, tf.int32)

    def read(self, ids):
        raise NotImplementedError

    def labels(self, ids):
        raise NotImplementedError


FRAMES = Frames()
TARGET = TextTarget(ByteTokenizer(), max_length=12)


def readings(length, seed=0):
    return np.random.default_rng([seed, length]).normal(size=(length, 3)).astype("float32")


def examples(lengths):
    return [Example(readings(n, k), "x" * (1 + k % 9), str(k)) for k, n in enumerate(lengths)]


@pytest.fixture(scope="module")
def some():
    """Examples of 1 to 18 frames."""
    return examples(np.random.default_rng(0).integers(1, 36, 150).tolist())


@pytest.fixture(scope="module")
def corpus(some):
    with Corpus.write(some, source=FRAMES) as corpus:
        yield corpus


def features_of(raw, noise=0.0):
    """By the definition, in NumPy."""
    filled = np.concatenate([raw, np.zeros((len(raw) % STEP, 3), "float32")])
    return filled.reshape(-1, STEP, 3).mean(axis=1) + noise


def check(batches, some, noise, source=FRAMES, target=TARGET, count=None):
    """Each row against its example; returns how often each came, and the shapes."""
    expected = {features_of(e.source, noise).tobytes(): e for e in some}
    seen, shapes = Counter(), set()
    for inputs, labels in batches.take(count or -1):
        shapes.add((*inputs["source"].shape, labels.shape[1]))
        for row, mask, label in zip(inputs["source"], inputs["source_mask"], labels, strict=True):
            if not np.any(label):
                continue
            length = int(np.sum(mask))
            assert not np.any(mask[length:]) and not np.any(row[length:])
            example = expected[np.ascontiguousarray(row[:length]).tobytes()]
            ids = target.ids([example.target]).to_list()[0]
            assert label.numpy().tolist() == ids + [0] * (len(label) - len(ids))
            seen[example.key] += 1
    return seen, shapes


def test_arrays_come_in_batches_as_texts_do(corpus, some):
    found = survey(corpus, FRAMES, TARGET)
    assert found.kept == len(some)
    assert found.source_tokens == sum(-(-len(e.source) // STEP) for e in some)
    buckets = fit_buckets(found, 3)
    table = bucket_table(found, buckets)
    assert "source frames, " in table and "target tokens" in table
    assert "more than 20 frames x 12 tokens" in table
    assert "a side without frames or tokens" in table

    made = eval_batches(corpus, FRAMES, TARGET, buckets=buckets, tokens_per_batch=60)
    seen, shapes = check(made, some, 0.0)
    assert seen == Counter(e.key for e in some)
    assert shapes == {(60 // max(s, t), s, 3, t) for s, t in buckets}

    training = train_batches(corpus, FRAMES, TARGET, buckets=buckets, seed=1, batch_size=5)
    seen, shapes = check(training, some, 1.0, count=60)
    assert shapes == {(5, s, 3, t) for s, t in buckets}
    assert len(seen) == len(some)
    inputs, labels = next(iter(training))
    assert inputs["target"].shape == labels.shape and np.all(inputs["target"][:, 0] == 1)
    mask = np.concatenate([np.ravel(i["source_mask"]) for i, _ in made])
    places = mask.size + sum(label.shape.num_elements() for _, label in made)
    real = mask.sum() + sum(np.count_nonzero(label) for _, label in made)
    assert padding_share(made) == pytest.approx(1 - real / places)


def test_what_is_too_long_is_left_out_cut_or_said_to_be_split_elsewhere():
    given = examples([4, 7, 50, 60, 3])
    with Corpus.write(given, source=FRAMES) as corpus:
        refused = survey(corpus, Frames(), TARGET)
        assert (refused.kept, refused.too_long, refused.cut) == (3, 2, 0)
        assert "cut" not in str(refused)
        apart = survey(corpus, Frames(too_long="split"), TARGET)
        assert apart.too_long == 2
        assert "12 tokens; longer sources are split in generation only" in str(apart)

        cutting = Frames(too_long="cut")
        with pytest.warns(UserWarning, match="2 of 5 sources have more than 20 frames and are cut"):
            found = survey(corpus, cutting, TARGET)
        assert (found.kept, found.too_long, found.cut) == (5, 0, 2)
        assert str(found).splitlines()[2] == (
            "cut                 2   40.0%  kept, sources cut at 20 frames"
        )
        assert found.longest()[0] == 20
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            survey(corpus, cutting, TARGET)
            batches = eval_batches(corpus, cutting, TARGET, buckets=[(20, 12)], batch_size=5)
        beginnings = [e._replace(source=e.source[: 20 * STEP]) for e in given]
        seen, _ = check(batches, beginnings, 0.0)
        assert seen == Counter(e.key for e in given)


def test_cut_texts_keep_their_end():
    source = TextSource(ByteTokenizer(), 4, too_long="cut")
    with Corpus.write(pairs_from([("abcdef", "x"), ("ab", "y")])) as corpus:
        with pytest.warns(UserWarning, match="1 of 2 sources have more than 4 tokens"):
            assert survey(corpus, source, TARGET).cut == 1
        ((inputs, _),) = eval_batches(corpus, source, TARGET, buckets=[(4, 2)], batch_size=2)
        assert (
            inputs["source"].numpy().tolist() == source(["abcdef", "ab"])["source"].numpy().tolist()
        )
        batches = train_batches(
            corpus, source, TARGET, buckets=[(4, 2)], seed=0, batch_size=2, sample=True
        )
        inputs, _ = next(iter(batches))
        assert sorted(inputs["source"][:, -1].numpy().tolist()) == [0, 2]


def test_pictures_are_never_sliced_or_padded():
    pictures = [np.full((4, 4, 1), n, "uint8") for n in range(5)]
    source = Pictures(max_length=9)
    given = [Example(picture, "ab", str(n)) for n, picture in enumerate(pictures)]
    with Corpus.write(given, source=source) as corpus:
        found = survey(corpus, source, TARGET)
        buckets = fit_buckets(found, multiple_of=3)
        assert buckets == [(6, 3)]  # an image has no more rows for that
        batches = list(eval_batches(corpus, source, TARGET, buckets=buckets, batch_size=3))
        restored = [example.source for example in corpus]
    assert [dict(sorted((k, v.shape) for k, v in inputs.items())) for inputs, _ in batches] == 2 * [
        {"side": (3, 2), "source": (3, 4, 4, 1), "source_mask": (3, 4), "target": (3, 3)}
    ]
    rows = np.concatenate([inputs["source"][:, 0, 0, 0] for inputs, _ in batches])
    assert rows.tolist() == [0, 1, 2, 3, 4, 3]  # the missing row is one that a model can take
    assert not batches[1][1][2].numpy().any()
    np.testing.assert_array_equal(restored, pictures)


def test_targets_that_nothing_closes_are_no_input():
    given = [Example(readings(4), "a b c", "1"), Example(readings(2), "d", "2")]
    given += [Example(readings(6), "", "3"), Example(readings(2), "a b c d e f", "4")]
    target = Letters(max_length=5)
    with Corpus.write(given, source=FRAMES) as corpus:
        found = survey(corpus, FRAMES, target)
        assert (found.kept, found.empty, found.too_long) == (2, 1, 1)
        assert "frames, 4 target labels" in str(found)
        batches = eval_batches(corpus, FRAMES, target, buckets=[(1, 1), (2, 3)], batch_size=1)
        (inputs, labels), (_, shorter) = batches
        assert shorter.numpy().tolist() == [[4]]
        assert sorted(inputs) == ["source", "source_mask"]
        assert labels.numpy().tolist() == [[1, 2, 3]]
        with pytest.raises(ValueError, match="Several pairs can share a row only if"):
            packed_batches(corpus, FRAMES, TARGET, shape=(9, 9), seed=0)
        with pytest.raises(ValueError, match="`source` must be a source of ids"):
            masked_batches(eval_batches(corpus, FRAMES, target, buckets=[(3, 3)]), FRAMES, seed=0)


def ctc(lengths, ids):
    """Whether CTC can align them: a place for each label, and one between two that are alike."""
    alike = tf.ragged.map_flat_values(
        lambda a, b: tf.cast(a == b, tf.int32), ids[:, 1:], ids[:, :-1]
    )
    needed = tf.cast(ids.row_lengths(), tf.int32) + tf.reduce_sum(alike, axis=1)
    return lengths >= needed


def test_what_a_model_can_not_learn_is_counted_and_left_out():
    target = Letters(max_length=9)
    labels = {4: ["a b", "a a", "a b c", ""], 6: ["a a", "a b c", "a a b"]}  # 2 and 3 frames
    given = [
        Example(readings(n, k), text, text)
        for n, texts in labels.items()
        for k, text in enumerate(texts)
    ]
    with Corpus.write(given, source=FRAMES) as corpus:
        found = survey(corpus, FRAMES, target, fits=ctc)
        assert (found.kept, found.unfit, found.empty, found.total) == (3, 3, 1, 7)
        assert "unfit               3   42.9%  what the model can't learn" in str(found)
        made = eval_batches(corpus, FRAMES, target, buckets=[(3, 3)], batch_size=3, fits=ctc)
        assert made.cardinality() == 1
        training = train_batches(
            corpus, FRAMES, target, buckets=[(3, 3)], batch_size=3, seed=0, fits=ctc
        )
        for batches, noise in ((made, 0.0), (training.take(4), 1.0)):
            seen, _ = check(batches, given, noise, target=target)
            assert set(seen) == {"a b", "a a", "a b c"}
        with pytest.raises(ValueError, match="or can't be learned by the model"):
            train_batches(
                corpus, FRAMES, target, buckets=[(3, 3)], seed=0,
                fits=lambda lengths, ids: tf.zeros_like(lengths, tf.bool),
            )  # fmt: skip


def test_a_source_whose_rows_are_longer_than_it_said_is_an_error(corpus):
    class Longer(Frames):
        def prepare(self, packed, room, sample=False):
            rows, lengths, empty = super().prepare(packed, room, sample)
            return rows, lengths - 1, empty

    longer = Longer()
    with pytest.raises(tf.errors.InvalidArgumentError, match="longer than its `lengths` said"):
        list(eval_batches(corpus, longer, TARGET, buckets=[(17, 12)]))


def test_a_corpus_of_other_sources_is_refused(corpus):
    source = TextSource(ByteTokenizer(), 9)
    with pytest.raises(ValueError, match="holds sources packed by 'Frames', which a 'text'"):
        survey(corpus, source, TARGET)
    with (
        Corpus.write([Pair("a", "b", "k")]) as texts,
        pytest.raises(ValueError, match="holds texts, which a 'Frames' source can't unpack"),
    ):
        train_batches(texts, FRAMES, TARGET, buckets=[(9, 9)], seed=0)
