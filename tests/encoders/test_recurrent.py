from __future__ import annotations

import keras
import numpy as np
import pytest

from kseq2seq.encoders import mask_input, recurrent_encoder, token_input, with_mean_states
from kseq2seq.encoders.recurrent import MeanStates


def build(cell="lstm", **options):
    given = {
        "embedding_dim": 4,
        "hidden_dim": 5,
        "num_layers": 1,
        "bidirectional": False,
        "residual": False,
        **options,
    }
    return recurrent_encoder(cell, 9, **given)


@pytest.mark.parametrize(("cell", "leaves"), [("rnn", 1), ("lstm", 2), ("gru", 1)])
@pytest.mark.parametrize(("both", "width"), [(False, 5), (True, 10)])
def test_widths(lab, cell, leaves, both, width):
    encoded = build(cell, num_layers=2, bidirectional=both)(lab.source)
    assert encoded["outputs"].shape == (3, 5, width)
    assert encoded["mask"].shape == (3, 5)
    shapes = [[tuple(leaf.shape) for leaf in layer] for layer in encoded["states"]]
    assert shapes == [[(3, width)] * leaves] * 2


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_states_are_those_at_the_ends_of_the_real_part(lab, cell):
    """Forward half: after the last real word. Backward half: at the first."""
    encoded = lab.numpy(build(cell, bidirectional=True)(lab.source))
    h = encoded["states"][0][0]
    for row, length in enumerate([5, 2, 3]):
        np.testing.assert_allclose(h[row, :5], encoded["outputs"][row, length - 1, :5], atol=1e-6)
        np.testing.assert_allclose(h[row, 5:], encoded["outputs"][row, 0, 5:], atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"reverse_source": True}])
def test_padding_changes_nothing(lab, options):
    encoder = build("gru", num_layers=2, residual=True, **options)
    expected = lab.numpy(encoder(lab.of([[4, 5, 2]])))
    made = lab.numpy(encoder(lab.of([[4, 5, 2, 0, 0]])))
    np.testing.assert_allclose(made["outputs"][:, :3], expected["outputs"], atol=1e-6)
    for layer, given in zip(made["states"], expected["states"], strict=True):
        np.testing.assert_allclose(layer[0], given[0], atol=1e-6)


@pytest.mark.parametrize("layers", [1, 2])
def test_start_is_the_state_read_last(lab, layers):
    """Of the top layer, in the backward direction where there is one; h and not c."""
    for both in (False, True):
        encoded = lab.numpy(build("lstm", bidirectional=both, num_layers=layers)(lab.source))
        np.testing.assert_array_equal(encoded["start"], encoded["states"][-1][0][:, -5:])
        first = encoded["outputs"][:, 0, 5:] if both else None
        last = np.array([encoded["outputs"][row, n - 1] for row, n in enumerate([5, 2, 3])])
        np.testing.assert_allclose(encoded["start"], first if both else last, atol=1e-6)


def test_reads_backwards(lab):
    backward = build(reverse_source=True)
    forward = build()
    forward.set_weights(backward.get_weights())
    made = lab.numpy(backward(lab.of([[4, 5, 2, 0]])))
    expected = lab.numpy(forward(lab.of([[2, 5, 4, 0]])))
    np.testing.assert_allclose(made["states"][0][0], expected["states"][0][0], atol=1e-6)


@pytest.mark.parametrize("both", [False, True])
def test_residual_adds_from_the_second_layer_on(lab, both):
    plain = build("gru", num_layers=2, bidirectional=both)
    residual = build("gru", num_layers=2, bidirectional=both, residual=True)
    first = build("gru", bidirectional=both)
    residual.set_weights(plain.get_weights())
    first.set_weights(plain.get_weights()[: len(first.weights)])
    source = lab.of([[4, 5, 2]])
    expected = np.array(plain(source)["outputs"]) + np.array(first(source)["outputs"])
    np.testing.assert_allclose(np.array(residual(source)["outputs"]), expected, atol=1e-6)


def test_dropout_is_for_training_alone(lab):
    encoder = build(dropout=0.5)
    calm = np.array(encoder(lab.source)["outputs"])
    np.testing.assert_array_equal(calm, np.array(encoder(lab.source, training=False)["outputs"]))
    rough = np.array(encoder(lab.source, training=True)["outputs"])
    assert np.abs(calm - rough).max() > 1e-4


RNG = np.random.default_rng(0)
LENGTHS = (5, 2, 3)


def encoder():
    source, mask = token_input("source"), mask_input("source_mask")
    outputs = keras.layers.Embedding(9, 6, name="embedding")(source)
    encoded = {"outputs": outputs, "mask": mask}
    return keras.Model({"source": source, "source_mask": mask}, encoded, name="encoder")


def test_the_mean_of_the_real_places():
    outputs = RNG.normal(size=(3, 5, 4)).astype("float32")
    mask = np.arange(5) < np.array(LENGTHS)[:, None]
    made = np.array(MeanStates()(outputs, mask))
    for row, length in enumerate(LENGTHS):
        np.testing.assert_allclose(made[row], outputs[row, :length].mean(axis=0), atol=1e-6)


def test_is_taken_in_float32():
    """In bfloat16 a sum of 1000 ones would stop at 256."""
    outputs = keras.ops.ones((1, 1000, 4), "bfloat16")
    made = MeanStates(dtype="mixed_bfloat16")(outputs, np.ones((1, 1000), bool))
    assert keras.backend.standardize_dtype(made.dtype) == "bfloat16"
    assert np.array(keras.ops.cast(made, "float32")).tolist() == [[1.0] * 4]


def test_a_row_without_a_real_token_is_finite():
    outputs = RNG.normal(size=(2, 3, 4)).astype("float32")
    made = np.array(MeanStates()(outputs, np.array([[True] * 3, [False] * 3])))
    assert np.isfinite(made).all()


@pytest.mark.parametrize(("layers", "states"), [(1, 1), (3, 2)])
def test_every_state_is_the_mean(lab, layers, states):
    plain = encoder()
    wrapped = with_mean_states(plain, layers, states)
    assert wrapped.name == "encoder"
    expected, made = lab.numpy(plain(lab.source)), lab.numpy(wrapped(lab.source))
    assert sorted(made) == ["mask", "outputs", "start", "states"]
    np.testing.assert_array_equal(made["outputs"], expected["outputs"])
    np.testing.assert_array_equal(made["mask"], expected["mask"])
    assert [len(layer) for layer in made["states"]] == [states] * layers
    for row, length in enumerate(LENGTHS):
        mean = expected["outputs"][row, :length].mean(axis=0)
        for state in (made["start"], *(leaf for layer in made["states"] for leaf in layer)):
            np.testing.assert_allclose(state[row], mean, atol=1e-6)


def test_shares_the_encoders_weights():
    plain = encoder()
    assert [id(w) for w in with_mean_states(plain, 1, 1).weights] == [id(w) for w in plain.weights]
