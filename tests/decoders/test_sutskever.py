from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.decoders import SutskeverDecoder
from kseq2seq.encoders import recurrent_encoder

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


def elman(lab, cell, x, h):
    """Elman 1990, with tanh, from a Keras cell's weights."""
    w = lab.weights(cell)
    return np.tanh(x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"])


def given(lab, model, ids):
    return np.array(model({**lab.of([ids]), "target": np.array([TARGET])}))[0]


@pytest.mark.parametrize("ids", [[4, 5, 6, 3, 2], [2]])
def test_equations(lab, model_named, ids):
    model = model_named("lstm")
    np.testing.assert_allclose(given(lab, model, ids), by_hand(lab, model, ids), atol=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "gru"])
@pytest.mark.parametrize("ids", [[4, 5, 6, 3, 2], [6, 2]])
def test_equations_of_cells_with_one_state(lab, cell, ids):
    """Two layers; each begins with its own last state, and padding is not read."""
    step = {"rnn": elman.__get__(lab), "gru": lab.gru}[cell]
    encoder = recurrent_encoder(
        cell, 9, embedding_dim=6, hidden_dim=8, num_layers=2, bidirectional=False
    )
    sizes = {"embedding_dim": 5, "hidden_dim": 8, "source_dim": 8, "num_layers": 2}
    decoder = SutskeverDecoder(7, cell=cell, dropout=0.0, residual=False, **sizes)
    rng = np.random.default_rng(0)
    for weight in encoder.weights + decoder.weights:
        weight.assign(rng.normal(scale=0.5, size=weight.shape))

    def run(tokens, table, cells, states):
        outputs = []
        for token in tokens:
            x = lab.weights(table)["embeddings"][token]
            for index, layer in enumerate(cells):
                x = states[index] = step(layer, x, states[index])
            outputs.append(x)
        return np.array(outputs), states

    cells = [encoder.get_layer(f"{cell}_{index}").cell for index in range(2)]
    _, states = run(ids, encoder.get_layer("embedding"), cells, [np.zeros(8)] * 2)
    hidden, last = run(
        TARGET, decoder.embedding, [rnn.cell for rnn in decoder.stack.rnns], list(states)
    )
    out = lab.weights(decoder.logits)
    for padding in ([], [0, 0]):
        context, state = decoder.initial(encoder(lab.of([[*ids, *padding]])))
        assert context == {}
        assert [len(layer) for layer in state["layers"]] == [1, 1]
        made = decoder(np.array([TARGET]), context, state)
        expected = hidden @ out["kernel"] + out["bias"]
        np.testing.assert_allclose(np.array(made.logits)[0], expected, atol=1e-5)
        for layer, value in zip(made.state["layers"], last, strict=True):
            np.testing.assert_allclose(np.array(layer[0])[0], value, atol=1e-5)


def test_rnn_model_is_wired_as_the_lstm(lab, model_named):
    model = model_named("rnn")
    assert type(model.decoder) is SutskeverDecoder
    ids, decoder = [4, 5, 6, 3, 2], model.decoder
    h, embed = np.zeros(8), lab.weights(model.encoder.get_layer("embedding"))["embeddings"]
    for token in ids:
        h = elman(lab, model.encoder.get_layer("rnn_0").cell, embed[token], h)
    embed, out, logits = (
        lab.weights(decoder.embedding)["embeddings"],
        lab.weights(decoder.logits),
        [],
    )
    for token in TARGET:
        h = elman(lab, decoder.stack.rnns[0].cell, embed[token], h)
        logits.append(h @ out["kernel"] + out["bias"])
    np.testing.assert_allclose(given(lab, model, ids), np.array(logits), atol=1e-5)


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
