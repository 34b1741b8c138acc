from __future__ import annotations

import keras
import numpy as np
import pytest

from kseq2seq.encoders import mask_input, token_input, with_mean_states
from kseq2seq.encoders.mean_states import MeanStates

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
