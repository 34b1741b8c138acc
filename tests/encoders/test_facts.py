from __future__ import annotations

import keras
import numpy as np
import pytest

from kseq2seq.encoders import (
    UNKNOWN,
    Facts,
    SourceSpec,
    along_units,
    check_facts,
    convolutional_encoder,
    with_facts,
)


def test_positions_and_what_fills_them():
    facts = Facts(stride=4)
    assert [facts.positions(n) for n in (1, 4, 5, 79)] == [1, 1, 2, 20]
    assert facts.positions(np.array([0, 8, 9])).tolist() == [0, 2, 3]
    assert [facts.filled(n) for n in (1, 4, 5, 79)] == [4, 4, 8, 80]
    assert Facts().filled(7) == 7


def test_what_is_true_of_two():
    both = Facts(stride=4, lookahead=3).beside(Facts(stride=6, lookahead=5))
    assert both == Facts(stride=12, lookahead=5)
    assert both.beside(Facts()).lookahead is None
    assert not both.beside(UNKNOWN).crops and not both.beside(UNKNOWN).padding_free


@pytest.mark.parametrize("given", [{"stride": 0}, {"stride": 2.0}, {"lookahead": -1}])
def test_refuses(given):
    with pytest.raises(ValueError, match=rf"`{next(iter(given))}` must be a whole number"):
        Facts(**given)


FRAMES = {"source": ((None, 5), "float32"), "source_mask": ((None,), "int32")}


def test_what_lies_along_units():
    def along(inputs):
        return along_units(SourceSpec.of(inputs).symbolic())

    assert along(FRAMES) == ("source", "source_mask")
    assert along({**FRAMES, "speaker": ((16,), "float32")}) == ("source", "source_mask")
    assert along({"source": ((32, 100, 3), "float32"), "source_mask": ((40,), "int32")}) == ()
    assert along({"source": ((None, None, 3), "float32")}) == ()
    assert along_units("no dict") == ()


def strided(stride, padding="same"):
    inputs = SourceSpec.of(FRAMES).symbolic()
    x = keras.layers.Conv1D(8, 3, strides=stride, padding=padding)(inputs["source"])
    encoded = {"outputs": x, "mask": inputs["source_mask"][:, ::stride]}
    return keras.Model(inputs, encoded, name="encoder")


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_facts_agree_with_what_an_encoder_makes(stride):
    check_facts(strided(stride), Facts(stride=stride))
    check_facts(with_facts(strided(stride), Facts(stride=stride)), Facts(stride=stride))


@pytest.mark.parametrize(
    ("encoder", "facts"),
    [
        (strided(2), UNKNOWN),
        (strided(4), Facts(stride=2)),
        (strided(2), Facts(stride=4)),
        (strided(1, "valid"), Facts()),
    ],
)
def test_refuses_facts_that_an_encoder_contradicts(encoder, facts):
    with pytest.raises(ValueError, match=r"makes \d+ positions of \d+ units.*Facts\(stride=2\)"):
        check_facts(encoder, facts)


def test_facts_of_encoders_with_limits_or_without_units_are_not_doubted():
    sizes = {"embedding_dim": 4, "hidden_dim": 8, "num_layers": 1, "kernel_size": 3, "dropout": 0.0}
    short = {"position_scheme": "learned", "max_positions": 3}
    check_facts(convolutional_encoder(9, **sizes, **short), Facts())
    image = keras.Input((8, 12, 3), name="source")
    patches = keras.layers.Conv2D(4, 4, strides=4)(image)
    outputs = keras.layers.Reshape((-1, 4))(patches)
    encoder = keras.Model({"source": image}, {"outputs": outputs})
    check_facts(encoder, UNKNOWN)


def test_a_saved_encoder_still_fills_up(tmp_path):
    encoder = with_facts(strided(2), Facts(stride=2))
    inputs = {"source": np.ones((1, 5, 5), "float32"), "source_mask": np.ones((1, 5), "int32")}
    (convolution,) = (layer for layer in encoder.layers if layer.weights)
    convolution.trainable = False
    encoder.save(tmp_path / "encoder.keras")
    assert not convolution.trainable
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert loaded.multiple == 2 and type(loaded).__name__ == "FilledEncoder"
    expected, outputs = encoder(inputs)["outputs"], loaded(inputs)["outputs"]
    assert outputs.shape == (1, 3, 8)
    np.testing.assert_array_equal(np.array(outputs), np.array(expected))
