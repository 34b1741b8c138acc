"""Copying and coverage of recurrent decoders, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, build_model
from kseq2seq.decoding.tensors import repeat

IDS = [4, 5, 4, 3, 2]
TARGET = [1, 4, 6, 3]
LUONG = {"score": "concat", "input_feeding": True}


def dense(lab, layer, x):
    w = lab.weights(layer)
    return x @ w["kernel"] + w.get("bias", 0)


def test_equations_of_bahdanau_with_coverage_and_copies(lab, model_named):
    """See et al. 2017, equations 8 to 11, in the steps of Bahdanau et al. 2015, A.2."""
    model = model_named("bahdanau-copy")
    decoder = model.decoder
    encoded = lab.numpy(model.encoder(lab.of([[*IDS, 0, 0]]), training=False))
    real = len(IDS)
    outputs, attention = encoded["outputs"][0, :real], lab.weights(decoder.attention)
    embed = lab.weights(decoder.embedding)["embeddings"]
    s = np.tanh(dense(lab, decoder.starts[0], encoded["start"][0]))
    coverage, expected, alignments = np.zeros(real), [], []
    for token in TARGET:
        y = embed[token]
        hidden = dense(lab, decoder.attention.query, s) + dense(lab, decoder.attention.key, outputs)
        hidden = hidden + coverage[:, None] * attention["coverage"]
        scores = np.tanh(hidden) @ attention["energy"]
        alpha = np.exp(scores) / np.exp(scores).sum()
        coverage = coverage + alpha
        c = alpha @ outputs
        s = lab.gru(decoder.stack.rnns[0].cell, np.concatenate([y, c]), s)
        readout = dense(lab, decoder.readout, np.concatenate([s, y, c])).reshape(-1, 2).max(axis=1)
        vocabulary = np.exp(lab.log_softmax(dense(lab, decoder.logits, readout)))
        features = np.concatenate([s, y, c])
        p_gen = 1 / (1 + np.exp(-dense(lab, decoder.pointer.switch, features)))
        mixture = p_gen * vocabulary
        for place, id in enumerate(IDS):
            mixture[id] += (1 - p_gen[0]) * alpha[place]
        expected.append(np.log(mixture))
        alignments.append(alpha)
    context, state = decoder.initial(encoded)
    step = decoder(np.array([TARGET]), context, state)
    np.testing.assert_allclose(step.alignment[0, :, :real], alignments, atol=1e-5)
    np.testing.assert_allclose(step.logits[0], expected, atol=3e-5)
    np.testing.assert_allclose(step.state["coverage"][0, :real], coverage, atol=1e-5)


def test_luong_copies_and_covers_step_by_step(lab):
    sizes = {"hidden_dim": 8, "score": "concat", "dropout": 0.0, "copy": True, "coverage": 0.5}
    model = build_model("luong", 7, 7, **sizes)
    targets = np.array([[1, 3, 4, 5], [1, 6, 6, 3], [1, 4, 3, 6]], "int32")
    made = np.array(model({**lab.source, "target": targets}, training=False))
    np.testing.assert_allclose(np.exp(made).sum(-1), 1, atol=1e-5)
    encoded = model.encoder(lab.source, training=False)
    context, state = model.decoder.initial(encoded, 4)
    width = 2  # hypotheses of a source, which share its context
    state = repeat(state, width)
    for t in range(4):
        tokens = np.repeat(targets[:, t : t + 1], width, axis=0)
        step = model.decoder(tokens, context, state, position=t)
        for row in range(width):
            np.testing.assert_allclose(step.logits[row::width, 0], made[:, t], atol=1e-5)
        state = step.state
    np.testing.assert_allclose(np.sum(state["coverage"], axis=1), 4, atol=1e-5)


@pytest.mark.parametrize(("name", "settings"), [("bahdanau", {}), ("luong", LUONG)])
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float16"])
def test_coverage_is_a_sum_in_float32(lab, name, settings, dtype):
    """In 8 bits a sum above 1 would lose all that is below 0.004."""
    sizes = {"hidden_dim": 8, "dropout": 0.0, "copy": True, "coverage": 0.5, "dtype": dtype}
    model = build_model(name, 7, 7, **sizes, **settings)
    ids = np.array([[3, 4, 5, 6] * 40 + [2]])
    context, state = model.decoder.initial(model.encoder(lab.of(ids), training=False), 9)
    targets = np.array([[1, *[3, 4, 5, 6] * 50]])
    step = model.decoder(targets, context, state)
    alignments = np.array(step.alignment, "float64")
    np.testing.assert_allclose(alignments.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(step.state["coverage"], alignments.sum(1), rtol=1e-5)
    assert alignments.sum(1).max() < 2  # spread thinly
    for t in range(3):
        one = model.decoder(targets[:, t : t + 1], context, state, position=t)
        assert one.state["coverage"].dtype == "float32"
        np.testing.assert_allclose(one.alignment[0, 0], alignments[0, t], atol=2e-3)
        state = one.state
    np.testing.assert_allclose(np.sum(state["coverage"]), 3, atol=1e-5)
    found = model.generate({"source": ids}, Beam(2), max_length=5)
    assert np.isfinite(found.scores).all()


def test_beams_of_sources_of_different_lengths(model_named):
    """Sources decoded together, where some are cropped and leave early, and one by one."""
    model = model_named("bahdanau-copy")
    rng = np.random.default_rng(3)
    ids = np.zeros((40, 30), "int32")
    for row in range(40):
        length = rng.integers(2, 31 if row % 8 == 0 else 5)
        ids[row, : length - 1] = rng.integers(3, 7, length - 1)
        ids[row, length - 1] = 2
    together = model.generate({"source": ids}, Beam(3), max_length=6)
    rows = [0, 7, 24]
    alone = model.generate({"source": ids[rows]}, Beam(3), max_length=6)
    np.testing.assert_array_equal(together.ids.numpy()[rows], alone.ids)
    np.testing.assert_allclose(together.scores.numpy()[rows], alone.scores, atol=1e-4)
