from __future__ import annotations

import numpy as np

TARGET = [1, 4, 6, 3]


def dense(lab, layer, x):
    w = lab.weights(layer)
    return x @ w["kernel"] + w.get("bias", 0)


def by_hand(lab, model, ids):
    """Cho et al. 2014, section 2.2 and appendix A.1."""
    embed = lab.weights(model.encoder.get_layer("embedding"))["embeddings"]
    h = np.zeros(8)
    for token in ids:
        h = lab.gru(model.encoder.get_layer("gru_0").cell, embed[token], h)
    decoder = model.decoder
    c = np.tanh(dense(lab, decoder.summary, h))
    h = np.tanh(dense(lab, decoder.starts[0], c))
    embed, logits = lab.weights(decoder.embedding)["embeddings"], []
    for token in TARGET:
        y = embed[token]
        h = lab.gru(decoder.stack.rnns[0].cell, np.concatenate([y, c]), h)
        s = dense(lab, decoder.readout, np.concatenate([h, y, c]))
        pairs = s.reshape(-1, 2).max(axis=1)
        logits.append(dense(lab, decoder.logits, pairs))
    return np.array(logits)


def test_equations(lab, model_named):
    model = model_named("gru")
    for ids in ([4, 5, 6, 3, 2], [6, 2]):
        made = np.array(model({**lab.of([ids]), "target": np.array([TARGET])}))[0]
        np.testing.assert_allclose(made, by_hand(lab, model, ids), atol=1e-5)


def test_context_is_one_vector(lab, model_named):
    model = model_named("gru")
    context, _ = model.decoder.initial(model.encoder(lab.source))
    assert {name: tuple(x.shape) for name, x in context.items()} == {"summary": (3, 8)}


def test_summary_is_seen_at_every_step(lab, model_named):
    """The state held still, another summary gives other logits."""
    model = model_named("gru")
    context, state = model.decoder.initial(model.encoder(lab.source))
    tokens = np.array([[3], [3], [3]])
    other = {"summary": -np.array(context["summary"])}
    made = np.array(model.decoder(tokens, context, state).logits)
    changed = np.array(model.decoder(tokens, other, state).logits)
    assert np.abs(made - changed).max(axis=-1).min() > 1e-3
