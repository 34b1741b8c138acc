"""The likeliest alignment of labels, against all paths that spell them."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq.heads import Ctc
from kseq2seq.heads.ctc_alignment import best_alignment, spans
from tests.heads.conftest import log_softmax, spelled


def numbered(path):
    """Which label of the spelled ones each position of a path is in, from 1; 0 for blanks."""
    numbers, count, before = [], 0, 0
    for label in path:
        count += bool(label) and label != before
        numbers.append(count if label else 0)
        before = label
    return numbers


@pytest.mark.parametrize("labels", [(), (1,), (1, 2), (2, 2), (1, 1, 2), (2, 1, 2)])
def test_it_is_the_best_of_all_paths(rng, labels):
    logits = (2 * rng.normal(size=(4, 5, 3))).astype("float32")
    given = np.tile(np.pad(labels, (0, 3 - len(labels))).astype("int32"), (4, 1))
    made = best_alignment(tf.nn.log_softmax(logits), given, np.full(4, len(labels), "int32"))
    for row in range(4):
        logs = log_softmax(logits[row])
        paths = (p for p in itertools.product(range(3), repeat=5) if spelled(p) == labels)
        best = max(paths, key=lambda path: sum(logs[place, x] for place, x in enumerate(path)))
        assert made[row].numpy().tolist() == numbered(best)


def test_labels_without_room_are_nowhere():
    made = best_alignment(np.zeros((1, 2, 3), "float32"), np.array([[1, 1]]), np.array([2]))
    assert made.numpy().tolist() == [[0, 0]]


def test_spans_are_even_and_as_sure_as_their_best_position():
    probs = np.array([[[0.1, 0.9], [0.4, 0.6], [0.8, 0.2]]], "float32")
    alignment, sure = spans(np.array([[1, 1, 0]]), np.log(probs), np.array([[1, 0]]))
    np.testing.assert_allclose(alignment, [[[0.5, 0.5, 0], [0, 0, 0]]])
    np.testing.assert_allclose(sure, [[0.9, 0]], atol=1e-6)


@pytest.mark.parametrize("head", ["ctc", "joint"])
def test_answers_come_with_it(head):
    frames = {"source": ((None, 3), "float32"), "source_mask": ((None,), "int32")}
    head = Ctc(end=2) if head == "ctc" else head
    model = ks.build_model("gru", frames, 7, head=head, stride=2, hidden_dim=8, dropout=0.0)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(np.asarray(weight) + rng.normal(scale=0.8, size=weight.shape))
    mask = np.arange(12) < np.array([[12], [7]])
    source = {
        "source": rng.normal(size=(2, 12, 3)).astype("float32"),
        "source_mask": mask.astype("int32"),
    }
    found = ks.decode(model, source, ks.Beam(2), max_length=6, alignments=True)
    plain = ks.decode(model, source, ks.Beam(2), max_length=6)
    assert plain.confidences is None and plain.alignments is None
    np.testing.assert_array_equal(found.ids, plain.ids)
    alignments, sure = found.alignments.numpy(), found.confidences.numpy()
    assert alignments.shape == (2, 2, 6, 6) and sure.shape == (2, 2, 6)
    real = np.arange(6) < found.lengths.numpy()[..., None]
    assert ((sure > 0) == real).all() and (sure <= 1).all()
    seen = alignments.sum(axis=-1)
    assert (seen[~real] == 0).all() and np.isin(np.round(seen[real], 5), [0, 1]).all()
    assert not alignments[1, :, :, 4:].any()  # beyond seven frames
    if model.head.with_decoder:
        logs = ks.decoding.score_targets(model, source, found.ids[:, 0])
        np.testing.assert_allclose(np.exp(logs) * real[:, 0], sure[:, 0], atol=1e-4)
        ends = found.ids.numpy() == 2
        assert (alignments[0].argmax(-1)[ends[0]] == 5).all()
