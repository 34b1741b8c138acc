import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.training import TokenCrossEntropy, inverse_sigmoid, scheduled_sampling

TARGET = np.array([[1, 4, 5, 3, 2], [1, 6, 0, 0, 0], [1, 3, 3, 0, 0]], "int32")
LABELS = np.array([[4, 5, 3, 2, 6], [6, 2, 0, 0, 0], [3, 3, 2, 0, 0]], "int32")


def inputs_of(lab, target=TARGET):
    return {**lab.source, "target": target}


def layer_of(view):
    (layer,) = (layer for layer in view.layers if hasattr(layer, "rate"))
    return layer


def fed(model, lab, own):
    """The tokens fed at each step, by stepping with whole prefixes: gold, or the model's own."""
    made = TARGET.copy()
    for t in range(1, made.shape[1]):
        logits = model(inputs_of(lab, made[:, :t]), training=False)
        guess = np.array(logits)[:, -1].argmax(-1)
        made[:, t] = np.where(own[:, t] & (TARGET[:, t] != 0), guess, TARGET[:, t])
    return made


def test_follows_the_target_at_rate_zero_and_its_own_greedy_tokens_at_one(plain_model, lab):
    plain = plain_model(inputs_of(lab))
    logits = scheduled_sampling(plain_model, 0.0)(inputs_of(lab), training=True)
    np.testing.assert_allclose(logits, plain, atol=1e-5)
    own = fed(plain_model, lab, np.ones_like(TARGET, bool))
    assert (own != TARGET).any()
    logits = scheduled_sampling(plain_model, 1.0)(inputs_of(lab), training=True)
    np.testing.assert_allclose(logits, plain_model(inputs_of(lab, own)), atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "transformer-t5"])
def test_later_predictions_follow_from_earlier_ones(model_named, lab, name):
    model = model_named(name)
    own = (np.random.default_rng(2).random(TARGET.shape) < 0.5) & (TARGET != 0)
    layer = layer_of(scheduled_sampling(model, 0.5))
    mixed = layer._mixed(tf.constant(TARGET), tf.constant(own), model.encoder(lab.source))
    np.testing.assert_array_equal(mixed, fed(model, lab, own))


def test_no_gradient_goes_through_the_choice(model_named, lab):
    model = model_named("luong")
    view = scheduled_sampling(model, 1.0)
    own = fed(model, lab, np.ones_like(TARGET, bool))
    gradients = []
    for made, target in ((view, TARGET), (model, own)):
        with tf.GradientTape() as tape:
            loss = TokenCrossEntropy()(LABELS, made(inputs_of(lab, target), training=True))
        gradients.append(tape.gradient(loss, model.trainable_variables))
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_rate_follows_the_batches_of_training_alone(model_named, lab):
    model = model_named("gru")
    view = scheduled_sampling(model, lambda step: keras.ops.cast(step >= 1, "float32"))
    plain = model(inputs_of(lab))
    greedy = model(inputs_of(lab, fed(model, lab, np.ones_like(TARGET, bool))))
    np.testing.assert_allclose(view(inputs_of(lab), training=False), plain, atol=1e-5)
    np.testing.assert_allclose(view(inputs_of(lab), training=True), plain, atol=1e-5)
    np.testing.assert_allclose(view(inputs_of(lab), training=True), greedy, atol=1e-5)
    np.testing.assert_allclose(view(inputs_of(lab), training=False), plain, atol=1e-5)
    assert [int(v) for v in view.non_trainable_variables if v.name == "step"] == [2]


def test_as_many_tokens_give_way_as_the_rate_says(model_named, lab):
    """At 1/4 the logits of a second token are those of its own choice in a quarter of the rows."""
    model, rows = model_named("gru"), 4000
    source = {name: np.repeat(value[:1], rows, axis=0) for name, value in lab.source.items()}
    target = np.repeat(TARGET[:1, :2], rows, axis=0)
    (guess,) = np.array(model(inputs_of(lab, TARGET[:, :1])))[:1, 0].argmax(-1)
    target[:, 1] = 3 + (guess == 3)  # gold differs from the guess
    logits = np.array(
        scheduled_sampling(model, 0.25, seed=1)({**source, "target": target}, training=True)
    )
    gold = np.array(model({**source, "target": target}))[:1, 1]
    changed = np.abs(logits[:, 1] - gold).max(-1) > 1e-5
    assert changed.mean() == pytest.approx(0.25, abs=0.03)


def test_samples_are_drawn_from_the_models_distribution(model_named, lab):
    model, rows = model_named("gru"), 4000
    source = {name: np.repeat(value[:1], rows, axis=0) for name, value in lab.source.items()}
    target = np.repeat(TARGET[:1, :2], rows, axis=0)
    layer = layer_of(scheduled_sampling(model, 1.0, sample=True, seed=1))
    own = tf.constant(target > 1)
    mixed = layer._mixed(tf.constant(target), own, model.encoder(source))
    counts = np.bincount(np.array(mixed)[:, 1], minlength=7) / rows
    logits = np.array(model({**source, "target": target}))[0, 0]
    np.testing.assert_allclose(counts, np.exp(lab.log_softmax(logits)), atol=0.03)


def test_a_seed_makes_it_repeatable(model_named, lab):
    model = model_named("gru")
    runs = [
        np.array(view(inputs_of(lab), training=True))
        for view in (scheduled_sampling(model, 0.5, sample=True, seed=seed) for seed in (1, 1, 2))
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0] - runs[2]).max() > 1e-3


def test_fits_batches_of_several_lengths_in_one_graph(lab):
    """Lengths that a graph does not know leave caches without a static length, too."""
    model = lab.make("transformer", dropout=0.1)

    def batches():
        for length in (5, 1, 3):
            yield inputs_of(lab, TARGET[:, :length]), LABELS[:, :length]

    kinds = tf.nest.map_structure(
        lambda x: tf.TensorSpec((None, None), x.dtype), (inputs_of(lab), LABELS)
    )
    view = scheduled_sampling(model, 0.5)
    view.compile(keras.optimizers.Adam(0.01), TokenCrossEntropy(), jit_compile=False)
    data = tf.data.Dataset.from_generator(batches, output_signature=kinds).repeat()
    history = view.fit(data, epochs=4, steps_per_epoch=3, shuffle=False, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_inverse_sigmoid_is_the_papers():
    rate = inverse_sigmoid(7)
    for step in (0, 1, 13, 14, 60, 10_000):
        paper = 7 / (7 + np.exp(np.float128(step) / 7))
        assert float(rate(step)) == pytest.approx(float(1 - paper), abs=1e-6)


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_refuses_rates(model_named, rate):
    with pytest.raises(ValueError, match=r"\[0, 1\], or a function of the step"):
        scheduled_sampling(model_named("gru"), rate)


def test_refuses_k():
    with pytest.raises(ValueError, match=r"at least 1, for example 1000; got 0.5"):
        inverse_sigmoid(0.5)
