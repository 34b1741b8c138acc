import keras
import numpy as np
import pytest

from kseq2seq.encoders import Facts, check_facts, image_encoder

SIZES = {"channels": 4, "hidden_dim": 8, "num_layers": 1, "dropout": 0.0}
PICTURE = {"source": ((20, 32, 3), "float32")}


@pytest.mark.parametrize(("stride", "cells"), [(4, 40), (8, 12), (16, 4)])
def test_a_grid_becomes_cells_row_by_row(stride, cells):
    encoder = image_encoder(PICTURE, stride=stride, **SIZES)
    check_facts(encoder, Facts(crops=False))
    pictures = np.random.default_rng(0).normal(size=(2, 20, 32, 3)).astype("float32")
    encoded = encoder({"source": pictures})
    assert encoded["outputs"].shape == (2, cells, 8)
    assert np.array(encoded["mask"]).all() and encoded["mask"].shape == (2, cells)


def test_a_cell_sees_its_place():
    """What changes in one corner changes that cell most, and equal cells differ by their places."""
    encoder = image_encoder(PICTURE, stride=8, **SIZES)
    pictures = np.zeros((2, 20, 32, 3), "float32")
    pictures[1, 16:, 24:] = 1  # the last of 3 x 4 cells
    outputs = np.array(encoder({"source": pictures})["outputs"])
    change = abs(outputs[1] - outputs[0]).sum(axis=1)
    assert change.argmax() == 11 and change[0] == 0
    assert abs(outputs[0, 0] - outputs[0, 1]).max() > 1e-3


def test_a_picture_does_not_depend_on_its_batch():
    encoder = image_encoder(PICTURE, stride=8, **SIZES)
    pictures = np.random.default_rng(0).normal(size=(3, 20, 32, 3)).astype("float32")
    together = np.array(encoder({"source": pictures})["outputs"])[1]
    alone = np.array(encoder({"source": pictures[1:2]})["outputs"])[0]
    assert together == pytest.approx(alone, abs=1e-5)


def test_other_sources_are_refused():
    for other in (50, {"source": ((None, 80), "float32"), "source_mask": ((None,), "int32")}):
        with pytest.raises(ValueError, match="ImageSource"):
            image_encoder(other, stride=8, **SIZES)


def test_it_computes_in_bfloat16():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        encoder = image_encoder(PICTURE, stride=8, **SIZES)
    finally:
        keras.config.set_dtype_policy(before)
    assert encoder.output["outputs"].dtype == "bfloat16"
