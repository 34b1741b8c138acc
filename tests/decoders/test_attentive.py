"""Copying and coverage of recurrent decoders, by hand."""

from __future__ import annotations

import numpy as np

from kseq2seq import Beam, build_model
from kseq2seq.decoding.tensors import repeat

IDS = [4, 5, 4, 3, 2]
TARGET = [1, 4, 6, 3]


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
