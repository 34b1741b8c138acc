import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.data import Aligner
from kseq2seq.data.alignment import NULL, RARE, TENSION


def batches_of(source, labels, size=64):
    pairs = tf.data.Dataset.from_tensor_slices(({"source": source}, labels))
    return pairs.batch(size)


def shuffled_sentences(rows=300, length=5):
    """Words 3 to 12 become 13 to 22, in another order; where each came from."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, length + 1, rows)
    source, labels = np.zeros((2, rows, length), int)
    origin = np.full((rows, length), -1)
    for row, n in enumerate(lengths):
        source[row, :n] = rng.choice(np.arange(3, 13), n, replace=False)
        origin[row, :n] = rng.permutation(n)
        labels[row, :n] = source[row, origin[row, :n]] + 10
    return source, labels, origin


def test_recovers_a_known_permutation():
    source, labels, origin = shuffled_sentences()
    aligner = Aligner.fit(batches_of(source, labels), iterations=10)
    links = aligner.align(tf.constant(source), tf.constant(labels)).numpy()
    assert links.dtype == np.float32
    assert set(links.sum(-1)[labels != 0]) <= {0.0, 1.0}
    assert (links.argmax(-1) == origin)[labels != 0].mean() > 0.99
    assert not links[labels == 0].any()
    assert not (links.sum(1) * (source == 0)).any()


def test_the_likelihood_never_falls_and_is_what_it_should_be():
    source, labels, _ = shuffled_sentences(60)
    aligner = Aligner.fit(batches_of(source, labels, 16), iterations=12)
    rising = aligner.log_likelihoods
    assert len(rising) == 12
    assert rising[0] == pytest.approx(-np.log(11))  # ten words and padding, equally likely
    assert (np.diff(rising) >= -1e-12).all()
    assert rising[-1] > rising[0] + 0.5


def literal(source, labels, iterations):
    """The same by loops over words: p(target | source), 0 standing for none."""
    words = {y for row in labels for y in row}
    table = {(x, y): 1 / len(words) for row in source for x in {0, *row} for y in words}
    for _ in range(iterations):
        counts = dict.fromkeys(table, 0.0)
        for xs, ys in zip(source, labels, strict=True):
            for t, y in enumerate(ys, start=1):
                near = [
                    np.exp(-TENSION * abs(t / len(ys) - s / len(xs))) for s in range(1, len(xs) + 1)
                ]
                prior = [NULL, *((1 - NULL) * np.array(near) / sum(near))]
                joint = [p * table[x, y] for p, x in zip(prior, [0, *xs], strict=True)]
                for x, p in zip([0, *xs], joint, strict=True):
                    counts[x, y] += p / sum(joint)
        of = {x: sum(counts[x, y] for y in words) for x, _ in table}
        table = {(x, y): count / of[x] for (x, y), count in counts.items()}
    return table


def test_equals_the_definition_whatever_the_padding_and_the_batches():
    rows = [([5, 6, 2], [8, 7, 7, 2]), ([5, 2], [7, 2]), ([6, 4, 2], [8, 2]), ([4], [9])]
    source, labels = np.zeros((5, 6), int), np.zeros((5, 5), int)  # the last row is all padding
    for row, (xs, ys) in enumerate(rows):
        source[row, : len(xs)], labels[row, : len(ys)] = xs, ys
    expected = literal(*zip(*rows, strict=True), iterations=3)
    aligner = Aligner.fit(batches_of(source, labels, 2), iterations=3)
    made = {
        (int(pair >> 32), int(pair & (2**32 - 1))): p
        for pair, p in zip(aligner.pairs.numpy(), aligner.probabilities.numpy(), strict=True)
    }
    likely = {pair: p for pair, p in expected.items() if p > RARE}
    assert made.keys() == likely.keys()
    assert made == pytest.approx(likely)


def test_words_that_were_never_seen_go_by_the_diagonal():
    source, labels, _ = shuffled_sentences(20)
    aligner = Aligner.fit(batches_of(source, labels), iterations=2)
    links = aligner.align(tf.constant([[90, 91, 92]]), tf.constant([[80, 81, 82]]))
    np.testing.assert_array_equal(links[0], np.eye(3))


def test_adds_labels_to_batches_of_several_lengths():
    source, labels, _ = shuffled_sentences(20)
    aligner = Aligner.fit(batches_of(source, labels), iterations=2)
    kinds = (
        {"source": tf.TensorSpec((None, None), tf.int32), "source_mask": tf.TensorSpec(None)},
        tf.TensorSpec((None, None), tf.int32),
    )

    def two_lengths():
        for n in (3, 5):
            yield {"source": source[:4, :n], "source_mask": 0.0}, labels[:4]

    added = aligner.add_to(tf.data.Dataset.from_generator(two_lengths, output_signature=kinds))
    for n, (inputs, wanted) in zip((3, 5), added, strict=True):
        assert set(inputs) == {"source", "source_mask"}
        assert wanted["alignments"].shape == (4, 5, n)
        np.testing.assert_array_equal(wanted["logits"], labels[:4])


def test_refuses():
    source, labels, _ = shuffled_sentences(4)
    batches = batches_of(source, labels)
    with pytest.raises(ValueError, match=r"have an end.*take\(1000\)"):
        Aligner.fit(batches.repeat())
    with pytest.raises(ValueError, match=r"`iterations` must be at least 1.* and 0"):
        Aligner.fit(batches, iterations=0)
    with pytest.raises(ValueError, match="no batches"):
        Aligner.fit(batches.take(0))
