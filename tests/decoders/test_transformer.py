from __future__ import annotations

import numpy as np
import pytest

TARGET = [1, 4, 6, 3]
IDS = [4, 5, 6, 3, 2]
HEADS = 2


def dense(lab, layer, x):
    w = lab.weights(layer)
    return x @ w["kernel"] + w.get("bias", 0)


def normalize(lab, layer, x):
    w = lab.weights(layer)
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * w["gamma"] + w["beta"]


def attend(lab, output, query, key, value, mask=None):
    """Vaswani et al. 2017, section 3.2.2, a head at a time."""
    heads = []
    for q, k, v in zip(*(np.split(x, HEADS, -1) for x in (query, key, value)), strict=True):
        scores = q @ k.T / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        probabilities = np.exp(lab.log_softmax(scores))
        heads.append(probabilities @ v)
    return dense(lab, output, np.concatenate(heads, -1))


def around(lab, residual, x, sublayer):
    """Before (Xiong et al. 2020), after (Vaswani et al. 2017) and DeepNet (Wang et al. 2022)."""
    if residual.norm.kind == "pre":
        return x + sublayer(normalize(lab, residual.normalize, x))
    alpha = residual.norm.alpha if residual.norm.kind == "deep" else 1
    return normalize(lab, residual.normalize, alpha * x + sublayer(x))


def feed_forward(lab, layer, x):
    return dense(lab, layer.outer, np.maximum(dense(lab, layer.inner, x), 0))


def sines(length):
    """Section 3.5, sines in the first half and cosines in the second."""
    made = np.zeros((length, 8))
    for p in range(length):
        for i in range(4):
            made[p, i] = np.sin(p / 10000 ** (2 * i / 8))
            made[p, 4 + i] = np.cos(p / 10000 ** (2 * i / 8))
    return made


def self_attend(lab, layer, mask=None):
    def sublayer(x):
        parts = np.split(dense(lab, layer.projection, x), 3, -1)
        return attend(lab, layer.output_projection, *parts, mask)

    return sublayer


def by_hand(lab, model, ids):
    encoder, decoder = model.encoder, model.decoder
    table = lab.weights(encoder.get_layer("embedding").table)["embeddings"]
    x = table[ids] * np.sqrt(8) + sines(len(ids))
    block = encoder.get_layer("block_0")
    x = around(lab, block.attended, x, self_attend(lab, block.attention))
    x = around(lab, block.fed, x, lambda x: feed_forward(lab, block.feed_forward, x))
    if block.attended.norm.kind == "pre":
        x = normalize(lab, encoder.get_layer("norm"), x)
    source = x

    table = lab.weights(decoder.table)["embeddings"]
    x = table[TARGET] * np.sqrt(8) + sines(len(TARGET))
    causal = np.tril(np.ones((len(TARGET), len(TARGET)), bool))
    for block in decoder.blocks:
        cross = block.cross_attention
        key, value = np.split(dense(lab, cross.projection, source), 2, -1)

        def look(x, cross=cross, key=key, value=value):
            query = dense(lab, cross.query_projection, x)
            return attend(lab, cross.output_projection, query, key, value)

        x = around(lab, block.self_attended, x, self_attend(lab, block.self_attention, causal))
        x = around(lab, block.cross_attended, x, look)
        x = around(lab, block.fed, x, lambda x, b=block: feed_forward(lab, b.feed_forward, x))
    if decoder.normalize is not None:
        x = normalize(lab, decoder.normalize, x)
    return x @ table.T


@pytest.mark.parametrize("norm", ["pre", "post", "deep"])
def test_equations(lab, norm):
    model = lab.make("transformer", norm=norm, decoder_layers=2)
    for ids in (IDS, [6, 2]):
        made = np.array(model({**lab.of([ids]), "target": np.array([TARGET])}))[0]
        np.testing.assert_allclose(made, by_hand(lab, model, ids), rtol=1e-4, atol=5e-5)


def test_last_normalisation_belongs_to_pre_norm(model_named):
    assert model_named("transformer").decoder.normalize is not None
    for name in ("transformer-post", "transformer-deepnorm"):
        assert model_named(name).decoder.normalize is None
        assert "norm" not in [layer.name for layer in model_named(name).encoder.layers]


@pytest.mark.parametrize(("tie", "tables"), [("none", 3), ("target", 2), ("all", 1)])
def test_tied_embeddings_are_one_variable(lab, tie, tables):
    model = lab.make("transformer-all", tie_embeddings=tie)
    # The vocabulary has 7 ids, so tables are the weights with a 7 in their shape.
    shapes = [tuple(w.shape) for w in model.trainable_weights if 7 in w.shape]
    assert len(shapes) == tables
    assert model.decoder.embedding.table is model.decoder.table
    shared = model.encoder.get_layer("embedding").table is model.decoder.table
    assert shared == (tie == "all")


def test_untied_output_is_a_matrix_of_its_own(lab):
    import keras

    model = lab.make("transformer", tie_embeddings="none")
    inputs = {**lab.of([IDS]), "target": np.array([TARGET])}
    before = np.array(model(inputs))
    output = model.decoder.table.weights[1]
    output.assign(keras.ops.zeros_like(output))
    assert np.abs(before).max() > 0
    assert not np.array(model(inputs)).any()


def test_decoder_layers(lab, model_named):
    model = model_named("transformer-tall")
    assert len(model.decoder.blocks) == 2
    assert [x.name for x in model.encoder.layers if "block" in x.name] == ["block_0"]


def test_cache_holds_keys_and_values_a_block(lab, model_named):
    model = model_named("transformer-tall")
    _, state = model.decoder.initial(model.encoder(lab.source), 7)
    assert [sorted(cache) for cache in state["blocks"]] == [["key", "value"]] * 2
    assert tuple(state["blocks"][0]["key"].shape) == (3, 4, 7, 2)
    _, state = model.decoder.initial(model.encoder(lab.source))
    assert state == {}
