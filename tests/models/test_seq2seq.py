from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import Seq2Seq

TARGETS = np.array([[1, 3, 4, 5], [1, 6, 6, 3], [1, 4, 3, 6]], "int32")


def run(model, source, targets=TARGETS, **options):
    return np.array(model({**source, "target": targets}, **options))


def test_logits_are_finite_and_shaped(lab, model):
    made = run(model, lab.source)
    assert made.shape == (3, 4, 7)
    assert np.isfinite(made).all()


def test_padding_changes_nothing(lab, model):
    wide = np.pad(lab.ids, ((0, 0), (0, 4)))
    np.testing.assert_allclose(run(model, lab.of(wide)), run(model, lab.source), atol=1e-5)


def test_what_lies_under_the_mask_changes_nothing(lab, model):
    ids = np.where(lab.ids == 0, 5, lab.ids)
    hidden = {"source": ids, "source_mask": lab.ids != 0}
    np.testing.assert_allclose(run(model, hidden), run(model, lab.source), atol=1e-5)


def test_order_of_a_batch_changes_nothing(lab, model):
    order = [2, 0, 1]
    moved = run(model, lab.of(lab.ids[order]), TARGETS[order])
    np.testing.assert_allclose(moved, run(model, lab.source)[order], rtol=1e-5, atol=1e-5)


def test_a_row_without_a_real_token_gives_no_nan(lab, model):
    source = {"source": lab.ids, "source_mask": lab.ids * [[1], [0], [1]] != 0}
    made = run(model, source)
    assert np.isfinite(made).all()
    np.testing.assert_allclose(made[[0, 2]], run(model, lab.source)[[0, 2]], atol=1e-5)


def test_a_gradient_reaches_every_weight(lab, model):
    with tf.GradientTape() as tape:
        logits = model({**lab.source, "target": TARGETS}, training=True)
        loss = tf.reduce_mean(logits**2)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0, weight.path


def test_dropout_is_for_training_alone(lab, plain_model):
    name = plain_model.get_config()["architecture"]
    model = lab.make(name, dropout=0.5, num_layers=2)
    calm = run(model, lab.source)
    np.testing.assert_array_equal(calm, run(model, lab.source, training=False))
    assert np.abs(calm - run(model, lab.source, training=True)).max() > 1e-3


def test_config_is_what_build_model_takes(lab, model):
    config = json.loads(json.dumps(model.get_config()))
    again = Seq2Seq.from_config(config)
    assert type(again) is Seq2Seq
    assert again.get_config() == model.get_config()
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(run(again, lab.source), run(model, lab.source), atol=1e-6)


def test_summarizes(plain_model):
    lines = []
    plain_model.summary(print_fn=lines.append)
    summary = "\n".join(lines)
    assert "encoder" in summary
    assert f"{plain_model.count_params():,}" in summary


def test_every_weight_is_in_the_encoder_or_the_decoder(model):
    parts = {id(w) for w in [*model.encoder.weights, *model.decoder.weights]}
    assert parts == {id(w) for w in model.weights}


def fit(model, source, **options):
    xla = options.get("jit_compile")  # which compiles a simpler optimizer in half the time
    model.compile(
        keras.optimizers.SGD(0.01) if xla else keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        **options,
    )
    labels = np.concatenate([TARGETS[:, 1:], np.full((3, 1), 2)], axis=1)
    return model.fit({**source, "target": TARGETS}, labels, epochs=2, verbose=0).history["loss"]


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_fits(lab, name):
    before, after = fit(lab.make(name), lab.source)
    assert after < before


@pytest.mark.parametrize("name", ["bahdanau-deep", "luong-deep", "transformer"])
def test_fits_under_xla_with_dropout(lab, name):
    losses = fit(lab.make(name, dropout=0.1), lab.source, jit_compile=True)
    assert np.isfinite(losses).all()


@pytest.mark.slow
def test_every_variant_fits_under_xla(lab, model):
    config = model.get_config()
    for part in (config, config.get("encoder", {}), config.get("decoder", {})):  # or a hybrid's
        if "dropout" in part:
            part["dropout"] = 0.1
    again = Seq2Seq.from_config(config)
    assert np.isfinite(fit(again, lab.source, jit_compile=True)).all()
