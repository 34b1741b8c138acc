from __future__ import annotations

import numpy as np
import pytest

TARGET = [1, 4, 6, 3]
IDS = [4, 5, 6, 3, 2]


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def score(lab, attention, h, sources):
    """Luong et al. 2015, the three cases of section 3.1."""
    if attention.score == "dot":
        return sources @ h
    if attention.score == "general":
        return sources @ (lab.weights(attention.key)["kernel"] @ h)
    w_a = np.concatenate(
        [lab.weights(attention.query)["kernel"], lab.weights(attention.key)["kernel"]]
    )
    pairs = np.array([np.concatenate([h, source]) for source in sources])
    return np.tanh(pairs @ w_a) @ lab.weights(attention)["energy"]


def by_hand(lab, model, ids, target=TARGET):
    decoder = model.decoder
    encoded = lab.numpy(model.encoder(lab.of([ids])))
    sources = encoded["outputs"][0].astype("float64")
    h, c = (np.array(x)[0] for x in decoder.bridge(encoded["states"])[0])
    embed, fed = lab.weights(decoder.embedding)["embeddings"], np.zeros(8)
    logits, alignments = [], []
    for token in target:
        x = np.concatenate([embed[token], fed]) if decoder.input_feeding else embed[token]
        h, c = lab.lstm(decoder.stack.rnns[0].cell, x, h, c)
        alpha = softmax(score(lab, decoder.attention, h, sources))
        mixed = np.concatenate([alpha @ sources, h])
        fed = np.tanh(mixed @ lab.weights(decoder.combine)["kernel"])
        logits.append(fed @ lab.weights(decoder.logits)["kernel"])
        alignments.append(alpha)
    return np.array(logits), np.array(alignments)


def run(lab, model, ids, target=TARGET):
    context, state = model.decoder.initial(model.encoder(lab.of([ids])))
    step = model.decoder(np.array([target]), context, state)
    return np.array(step.logits)[0], np.array(step.alignment)[0]


@pytest.mark.parametrize("name", ["luong", "luong-dot", "luong-concat", "luong-unfed"])
@pytest.mark.parametrize("ids", [IDS, [6, 2]])
def test_equations(lab, model_named, name, ids):
    model = model_named(name)
    logits, alignments = by_hand(lab, model, ids)
    made, aligned = run(lab, model, ids)
    np.testing.assert_allclose(made, logits, atol=2e-5)
    np.testing.assert_allclose(aligned, alignments, atol=1e-5)


def test_encoder_is_an_lstm_over_the_source(lab, model_named):
    model = model_named("luong")
    embed = lab.weights(model.encoder.get_layer("embedding"))["embeddings"]
    h = c = np.zeros(8)
    outputs = np.array(model.encoder(lab.of([IDS]))["outputs"])[0]
    for token, output in zip(IDS, outputs, strict=True):
        h, c = lab.lstm(model.encoder.get_layer("lstm_0").cell, embed[token], h, c)
        np.testing.assert_allclose(output, h, atol=1e-5)


def test_looks_after_it_is_given_the_token(lab, model_named):
    """The query is h_t: the input of step t moves the alignment of t."""
    model = model_named("luong")
    _, expected = run(lab, model, IDS, [1, 4, 6, 3])
    _, changed = run(lab, model, IDS, [1, 5, 6, 3])
    np.testing.assert_allclose(changed[0], expected[0], atol=1e-7)
    assert np.abs(changed[1] - expected[1]).max() > 1e-4


@pytest.mark.parametrize(("name", "feeds"), [("luong", True), ("luong-unfed", False)])
def test_attention_reaches_the_recurrence_by_input_feeding_alone(lab, model_named, name, feeds):
    model = model_named(name)
    context, state = model.decoder.initial(model.encoder(lab.of([IDS])))
    looks_away = {**context, "value": -np.array(context["value"])}
    tokens = np.array([[4, 5]])
    before = model.decoder(tokens, context, state).state["layers"][0][0]
    after = model.decoder(tokens, looks_away, state).state["layers"][0][0]
    assert (np.abs(np.array(before) - np.array(after)).max() > 1e-5) == feeds
    assert ("fed" in state) == feeds
    if feeds:
        assert not np.array(state["fed"]).any()
        first = model.decoder(tokens[:, :1], context, state)
        away = model.decoder(tokens[:, :1], looks_away, state)
        np.testing.assert_array_equal(
            np.array(first.state["layers"][0][0]), np.array(away.state["layers"][0][0])
        )
        np.testing.assert_array_equal(np.array(first.state["fed"]), np.array(first.hidden)[:, 0])
