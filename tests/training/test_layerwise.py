import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import TokenCrossEntropy, build_model
from kseq2seq.training import (
    InverseSquareRoot,
    LayerwiseAdam,
    averaged_weights,
    layer_rates,
    layerwise_decay,
    weight_places,
)

# Each token once: for one that is there n times, Adam's step in Keras is up to sqrt(n) as long.
LABELS = np.array([[4, 5, 2]], "int32")


@pytest.fixture
def batch(lab):
    return {**lab.of(lab.ids[:1]), "target": lab.inputs_for(LABELS)}, LABELS


SIZES = {"hidden_dim": 8, "num_heads": 2, "num_layers": 1, "decoder_layers": 2}


def weights(model):
    return dict(zip(weight_places(model), map(np.array, model.trainable_variables), strict=True))


def train(model, optimizer, batch, steps=2):
    """Takes some steps on one batch; without a graph, since there are few."""
    model.compile(optimizer, TokenCrossEntropy(), run_eagerly=True)
    for _ in range(steps):
        model.train_on_batch(*batch)


def adam(variables, gradients, factors, rate, decay=0.0, epsilon=1e-7):
    """Kingma and Ba 2015, algorithm 1 as Keras has it, with decoupled decay, in float64."""
    variables = [np.array(v, "float64") for v in variables]
    first = [np.zeros_like(v) for v in variables]
    second = [np.zeros_like(v) for v in variables]
    for step, made in enumerate(gradients, 1):
        for i, g in enumerate(np.array(x, "float64") for x in made):
            eta = factors[i] * rate(step - 1)
            first[i] = 0.9 * first[i] + 0.1 * g
            second[i] = 0.999 * second[i] + 0.001 * g * g
            variables[i] -= eta * decay * variables[i]
            alpha = eta * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            variables[i] -= alpha * first[i] / (np.sqrt(second[i]) + epsilon)
    return variables


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("scheduled", [False, True])
def test_equals_the_equations(decay, scheduled):
    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=(2, 3))) for _ in range(4)]
    gradients = [[rng.normal(size=(2, 3)).astype("float32") for _ in variables] for _ in range(4)]
    schedule = InverseSquareRoot(0.1, 2)
    factors, untouched = [1.0, 0.5, 0.0, 3.0], np.array(variables[2])
    expected = adam(
        variables,
        gradients,
        factors,
        lambda step: float(schedule(step)) if scheduled else 0.1,
        decay,
    )
    optimizer = LayerwiseAdam(schedule if scheduled else 0.1, factors, weight_decay=decay or None)
    for made in gradients:
        optimizer.apply([tf.constant(g) for g in made], variables)
    for made, wanted in zip(variables, expected, strict=True):
        np.testing.assert_allclose(np.array(made), wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(np.array(variables[2]), untouched)


@pytest.mark.parametrize("settings", [{"weight_decay": 0.1, "global_clipnorm": 1.0}, {}])
def test_factors_of_one_are_adam_itself(settings):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(5, 2)).astype("float32")
    ours, theirs = ([keras.Variable(start), keras.Variable(start + 1)] for _ in range(2))
    optimizers = LayerwiseAdam(0.1, [1, 1], **settings), keras.optimizers.Adam(0.1, **settings)
    for _ in range(3):
        dense = tf.constant(rng.normal(size=(5, 2)), tf.float32)
        sparse = tf.IndexedSlices(dense[:3], tf.constant([4, 0, 4]), tf.constant([5, 2]))
        for optimizer, variables in zip(optimizers, (ours, theirs), strict=True):
            optimizer.apply([dense, sparse], variables)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.array(one), np.array(other), atol=1e-6)


@pytest.mark.parametrize("name", ["lstm", "transformer"])
def test_parts_train_at_their_rates(lab, batch, name):
    """The first step of Adam is as long as the rate, whatever the gradient."""
    model = lab.make(name)
    before = weights(model)
    rates = layer_rates(model, {"encoder": 0.5, "encoder/embedding": 0.0, "decoder": 2.0})
    train(model, LayerwiseAdam(1e-2, rates), batch, steps=1)
    for place, value in weights(model).items():
        factor = 2.0 if place.startswith("decoder/") else 0.5
        if place.startswith("encoder/embedding/"):
            np.testing.assert_array_equal(value, before[place], err_msg=place)
            continue
        longest = np.abs(value - before[place]).max()
        assert longest == pytest.approx(factor * 1e-2, rel=0.02), place


@pytest.mark.parametrize("use_ema", [False, True])
def test_a_rate_of_zero_leaves_weights_alone_in_fit(use_ema):
    model = keras.Sequential([keras.layers.Input((3,), dtype="int32")])
    model.add(keras.layers.Embedding(9, 4, name="words"))
    model.add(keras.layers.Dense(4, name="lower"))
    model.add(keras.layers.Dense(1, name="upper"))
    before = weights(model)
    rates = layer_rates(model, {"lower": 0, "words": 0.5})
    optimizer = LayerwiseAdam(0.1, rates, weight_decay=0.5, use_ema=use_ema)
    model.compile(optimizer, "mse", jit_compile=True)
    rng = np.random.default_rng(0)
    ids, targets = rng.integers(0, 9, (40, 3)), rng.normal(size=(40, 3, 1))
    model.fit(ids, targets, batch_size=4, verbose=0)
    for place, value in weights(model).items():
        if place.startswith("lower/"):
            rounding = 1e-5 if use_ema else 0  # of the average of equal values
            np.testing.assert_allclose(value, before[place], rtol=rounding, err_msg=place)
        else:
            assert np.abs(value - before[place]).max() > 1e-3, place
    with averaged_weights(model):
        assert np.isfinite(model.predict(ids[:1], verbose=0)).all()


def test_the_longest_part_counts():
    model = build_model("transformer", 9, 7, **SIZES)
    rates = {"decoder": 0.1, "decoder/block_1/fed": 0.3, "decoder/block_1": 0.2}
    for place, rate in zip(weight_places(model), layer_rates(model, rates), strict=True):
        expected = 1.0
        for part in ("decoder/", "decoder/block_1/", "decoder/block_1/fed/"):
            if place.startswith(part):
                expected = rates[part[:-1]]
        assert rate == expected, place


@pytest.mark.parametrize("part", ["encodr", "decoder/block", "decoder/table", "", "/", "encoder/"])
def test_a_part_that_is_none_is_refused(model_named, part):
    model = model_named("transformer-all")  # whose one table is the encoder's
    with pytest.raises(ValueError, match=r"no trainable part .*; its parts begin with decoder/bl"):
        layer_rates(model, {"encoder": 0.5, part: 0.1})


def test_decay_falls_from_the_top_of_each_stack(model_named):
    assert layerwise_decay(build_model("transformer", 9, 7, **SIZES), 0.5) == {
        "encoder/embedding/table/embeddings": 0.5,
        "encoder/block_0": 1.0,
        "decoder/table/embeddings": 0.25,
        "decoder/block_0": 0.5,
        "decoder/block_1": 1.0,
    }
    assert layerwise_decay(model_named("luong-deep"), 0.1) == pytest.approx(
        {
            "encoder/embedding/embeddings": 0.01,
            "encoder/both_0": 0.1,
            "encoder/both_1": 1.0,
            "decoder/embedding/embeddings": 0.01,
            "decoder/stack/lstm_0": 0.1,
            "decoder/stack/lstm_1": 1.0,
        }
    )


def test_decay_leaves_the_output_layer_at_the_full_rate(model_named):
    for name in ("transformer-rotary", "gru-deep"):
        model = model_named(name)
        rates = layer_rates(model, layerwise_decay(model, 0.5))
        named = dict(zip(weight_places(model), rates, strict=True))
        output = {"transformer-rotary": "table/reverse_embeddings", "gru-deep": "logits/kernel"}
        assert named[f"decoder/{output[name]}"] == 1.0
        assert min(named.values()) == named[next(iter(named))] < 1


def test_decay_knows_every_model(plain_model):
    model = plain_model
    parts = layerwise_decay(model, 0.9)
    assert len(layer_rates(model, parts)) == len(model.trainable_variables)
    sides = {
        place.split("/")[0] for place in weight_places(model)
    }  # the encoder's alone, if shared
    assert {part.split("/")[0] for part in parts} == sides
    alone = layerwise_decay(model.encoder, 0.9)
    assert alone == {
        part.removeprefix("encoder/"): rate
        for part, rate in parts.items()
        if part.startswith("encoder/")
    }


def test_decay_refuses(model_named):
    for decay in (0, 1.5, -1):
        with pytest.raises(ValueError, match=rf"\(0, 1\], for example 0.8; got {decay}"):
            layerwise_decay(model_named("gru"), decay)
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, name="only")])
    with pytest.raises(ValueError, match=r"no layers called block_0.*only/kernel"):
        layerwise_decay(model, 0.8)


def test_bad_rates_are_refused(model_named):
    with pytest.raises(TypeError, match=r"rates=layer_rates\(model, rates\)"):
        LayerwiseAdam(1e-3, {"encoder": 0.1})
    for rate in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="at least 0 and finite"):
            LayerwiseAdam(1e-3, [1.0, rate])
    model = model_named("gru")
    with pytest.raises(ValueError, match=r"rates for 1 weights, but 16 are trainable"):
        LayerwiseAdam(1e-3, [1.0]).build(model.trainable_variables)


def test_a_compiled_model_comes_back_with_its_rates(lab, batch, tmp_path):
    model = lab.make("gru")
    rates = layer_rates(model, {"encoder": 0.25})
    train(model, LayerwiseAdam(InverseSquareRoot(0.01, 3), rates, beta_2=0.98), batch)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is LayerwiseAdam
    assert (loaded.optimizer.rates, loaded.optimizer.beta_2) == (rates, 0.98)
    for each in (model, loaded):  # goes on as if nothing had been
        each.train_on_batch(*batch)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


# What Keras' own freezing does with these models.


@pytest.mark.parametrize(
    ("name", "compiled_first"),
    [("lstm", False), ("transformer", True), ("transformer-all", False), ("transformer-all", True)],
)
def test_freezing_the_encoder_freezes_it_and_nothing_else(lab, batch, name, compiled_first):
    model = lab.make(name)
    before = weights(model)
    settings = {"loss": TokenCrossEntropy(), "run_eagerly": True}
    if compiled_first:
        model.compile(keras.optimizers.Adam(0.01), **settings)
    model.encoder.trainable = False
    if not compiled_first:
        model.compile(keras.optimizers.Adam(0.01), **settings)
    model.train_on_batch(*batch)
    model.encoder.trainable = True
    for place, value in weights(model).items():
        # A table that both share is the encoder's: the decoder's, and the output's, freeze with it.
        assert np.array_equal(value, before[place]) == place.startswith("encoder/"), place


def test_a_fit_that_was_compiled_before_freezing_leaves_the_frozen_alone(lab, batch):
    model = lab.make("gru")
    model.compile(keras.optimizers.Adam(0.01), TokenCrossEntropy())
    model.encoder.trainable = False
    before = model.encoder.get_weights()
    model.fit(*batch, epochs=2, verbose=0)
    for one, other in zip(before, model.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_freezing_after_training_takes_compiling_again(lab, batch):
    model = lab.make("gru")
    train(model, LayerwiseAdam(0.01, layer_rates(model, {"encoder": 0.1})), batch)
    model.encoder.trainable = False
    encoder, decoder = model.encoder.get_weights(), model.decoder.get_weights()
    train(model, LayerwiseAdam(0.01, layer_rates(model, {"decoder": 0.5})), batch)
    for one, other in zip(encoder, model.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(decoder[0] - model.decoder.get_weights()[0]).max() > 1e-3


def test_rates_made_before_freezing_are_refused(lab, batch):
    model = lab.make("gru")
    rates = layer_rates(model, {"encoder": 0.1})
    model.encoder.trainable = False
    with pytest.raises(ValueError, match=r"rates for 16 weights, but 12 are trainable. Freeze f"):
        train(model, LayerwiseAdam(0.01, rates), batch)
