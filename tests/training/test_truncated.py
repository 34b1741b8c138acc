import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.training import TokenCrossEntropy, truncated

LENGTH = 7
RECURRENT = ("rnn", "gru", "lstm-deep", "bahdanau-deep", "luong", "luong-unfed")
LABELS = np.random.default_rng(0).integers(2, 7, (3, LENGTH))


@pytest.fixture(params=RECURRENT)
def recurrent(request, model_named):
    return model_named(request.param)


@pytest.fixture
def inputs(lab):
    return {**lab.source, "target": lab.inputs_for(LABELS)}


def gradients(model, made):
    with tf.GradientTape() as tape:
        loss = TokenCrossEntropy()(LABELS, made())
    return [tf.convert_to_tensor(g).numpy() for g in tape.gradient(loss, model.trainable_variables)]


def by_hand(model, lab, inputs, steps):
    """One chunk after the other; what goes on from chunk to chunk is held fast."""
    context, state = model.decoder.initial(model.encoder(lab.source))
    logits = []
    for begin in range(0, LENGTH, steps):
        step = model.decoder(inputs["target"][:, begin : begin + steps], context, state)
        logits.append(step.logits)
        state = tf.nest.map_structure(tf.stop_gradient, step.state)
    return tf.concat(logits, axis=1)


def difference(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("steps", [1, 3, 7, 20])
def test_logits_are_the_models(recurrent, inputs, steps):
    logits = truncated(recurrent, steps)(inputs)
    np.testing.assert_allclose(logits, recurrent(inputs), atol=1e-5)


@pytest.mark.parametrize("steps", [1, 3])
def test_gradients_stop_between_chunks(recurrent, lab, inputs, steps):
    view = truncated(recurrent, steps)
    made = gradients(recurrent, lambda: view(inputs))
    assert difference(
        made, gradients(recurrent, lambda: by_hand(recurrent, lab, inputs, steps))
    ) == pytest.approx(0, abs=2e-6)
    assert difference(made, gradients(recurrent, lambda: recurrent(inputs))) > 1e-3


def test_gradients_of_one_chunk_are_whole(model_named, inputs):
    model = model_named("luong")
    view = truncated(model, LENGTH)
    whole = gradients(model, lambda: model(inputs))
    assert difference(gradients(model, lambda: view(inputs)), whole) == pytest.approx(0, abs=2e-6)


def test_both_passes_draw_dropout(lab, inputs):
    """The state a chunk starts from is one that dropout made, as it would be in one pass."""
    view = truncated(lab.make("luong-deep", dropout=0.5), 3)
    first, second = (np.array(view(inputs, training=True)) for _ in range(2))
    assert np.abs(first - second).max(axis=(0, 2)).min() > 1e-3
    np.testing.assert_array_equal(view(inputs), view(inputs))


@pytest.mark.parametrize("name", ["transformer", "convolutional", "decoder_only"])
def test_refuses_decoders_without_recurrent_state(model_named, name):
    with pytest.raises(ValueError, match=r"Decoder has no recurrent state.*'lstm' or 'luong'"):
        truncated(model_named(name), 3)


@pytest.mark.parametrize("steps", [0, -1, 2.5])
def test_refuses_steps(model_named, steps):
    with pytest.raises(ValueError, match=f"whole number of at least 1; got {steps}"):
        truncated(model_named("gru"), steps)
