from __future__ import annotations

import numpy as np
import pytest

TARGET = [1, 4, 6, 3]


def dense(lab, layer, x):
    w = lab.weights(layer)
    return x @ w["kernel"] + w.get("bias", 0)


def annotate(lab, model, ids):
    """Annotations h_j, both directions, and the backward state at the first word."""
    embed = lab.weights(model.encoder.get_layer("embedding"))["embeddings"]
    both = model.encoder.get_layer("both_0")

    def read(cell, ids):
        h, states = np.zeros(8), []
        for token in ids:
            h = lab.gru(cell, embed[token], h)
            states.append(h)
        return np.array(states)

    ahead = read(both.forward_layer.cell, ids)
    back = read(both.backward_layer.cell, ids[::-1])[::-1]
    return np.concatenate([ahead, back], axis=1), back[0]


def by_hand(lab, model, ids, target=TARGET):
    """Bahdanau et al. 2015, appendix A.2, with the readout of equation 4."""
    decoder = model.decoder
    annotations, first = annotate(lab, model, ids)
    s = np.tanh(dense(lab, decoder.starts[0], first))
    embed = lab.weights(decoder.embedding)["embeddings"]
    energy = lab.weights(decoder.attention)["energy"]
    logits, alignments = [], []
    for token in target:
        y = embed[token]
        hidden = dense(lab, decoder.attention.query, s)
        scores = np.tanh(hidden + dense(lab, decoder.attention.key, annotations)) @ energy
        alpha = np.exp(scores) / np.exp(scores).sum()
        c = alpha @ annotations
        s = lab.gru(decoder.stack.rnns[0].cell, np.concatenate([y, c]), s)
        readout = dense(lab, decoder.readout, np.concatenate([s, y, c]))
        readout = readout.reshape(-1, 2).max(axis=1) if decoder.maxout else np.tanh(readout)
        logits.append(dense(lab, decoder.logits, readout))
        alignments.append(alpha)
    return np.array(logits), np.array(alignments)


def run(lab, model, ids, target=TARGET):
    context, state = model.decoder.initial(model.encoder(lab.of([ids])))
    step = model.decoder(np.array([target]), context, state)
    return np.array(step.logits)[0], np.array(step.alignment)[0]


@pytest.mark.parametrize("name", ["bahdanau", "bahdanau-tanh"])
@pytest.mark.parametrize("ids", [[4, 5, 6, 3, 2], [6, 2]])
def test_equations(lab, model_named, name, ids):
    model = model_named(name)
    logits, alignments = by_hand(lab, model, ids)
    made, aligned = run(lab, model, ids)
    np.testing.assert_allclose(made, logits, atol=2e-5)
    np.testing.assert_allclose(aligned, alignments, atol=1e-5)
    made, aligned = run(lab, model, [*ids, 0, 0])
    np.testing.assert_allclose(made, logits, atol=2e-5)
    np.testing.assert_allclose(aligned[:, : len(ids)], alignments, atol=1e-5)


def test_looks_before_it_is_given_the_token(lab, model_named):
    """The query is s_{t-1}: the input of step t moves the alignment of t + 1, not of t."""
    model = model_named("bahdanau")
    ids = [4, 5, 6, 3, 2]
    _, expected = run(lab, model, ids, [1, 4, 6, 3])
    _, changed = run(lab, model, ids, [1, 5, 6, 3])
    np.testing.assert_allclose(changed[:2], expected[:2], atol=1e-7)
    assert np.abs(changed[2] - expected[2]).max() > 1e-4


def test_one_way_starts_from_the_last_state(lab, model_named):
    model = model_named("bahdanau-oneway")
    encoded = lab.numpy(model.encoder(lab.source))
    _, state = model.decoder.initial(model.encoder(lab.source))
    expected = np.tanh(dense(lab, model.decoder.starts[0], encoded["states"][0][0]))
    np.testing.assert_allclose(np.array(state["layers"][0][0]), expected, atol=1e-5)
