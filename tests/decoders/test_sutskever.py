from __future__ import annotations

import numpy as np
import pytest

TARGET = [1, 4, 6, 3]


def by_hand(lab, model, ids, target=TARGET):
    """Sutskever et al. 2014: the encoder's last h and c are the decoder's first."""
    embed = lab.weights(model.encoder.get_layer("embedding"))["embeddings"]
    read = model.encoder.get_layer("lstm_0").cell
    h = c = np.zeros(8)
    for token in ids:
        h, c = lab.lstm(read, embed[token], h, c)
    decoder = model.decoder
    embed, write = lab.weights(decoder.embedding)["embeddings"], decoder.stack.rnns[0].cell
    out, logits = lab.weights(decoder.logits), []
    for token in target:
        h, c = lab.lstm(write, embed[token], h, c)
        logits.append(h @ out["kernel"] + out["bias"])
    return np.array(logits)


def given(lab, model, ids):
    return np.array(model({**lab.of([ids]), "target": np.array([TARGET])}))[0]


@pytest.mark.parametrize("ids", [[4, 5, 6, 3, 2], [2]])
def test_equations(lab, model_named, ids):
    model = model_named("lstm")
    np.testing.assert_allclose(given(lab, model, ids), by_hand(lab, model, ids), atol=1e-5)


def test_reversed_source_is_the_source_reversed(lab, model_named):
    model = model_named("lstm-reversed")
    expected = by_hand(lab, model, [2, 3, 6, 5, 4])
    np.testing.assert_allclose(given(lab, model, [4, 5, 6, 3, 2]), expected, atol=1e-5)
    padded = given(lab, model, [4, 5, 6, 3, 2, 0, 0])
    np.testing.assert_allclose(padded, expected, atol=1e-5)


def test_context_is_empty(lab, model_named):
    model = model_named("lstm")
    context, state = model.decoder.initial(model.encoder(lab.source))
    assert context == {}
    last = model.encoder(lab.source)["states"][0]
    for handed, kept in zip(last, state["layers"][0], strict=True):
        np.testing.assert_array_equal(np.array(handed), np.array(kept))
