from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.encoders import transformer_encoder
from kseq2seq.layers import token_table


def build(**options):
    given = {
        "hidden_dim": 8,
        "num_layers": 2,
        "num_heads": 2,
        "inner_dim": 12,
        "activation": "relu",
        "norm": "pre",
        "positions": "sinusoidal",
        "max_positions": 8,
        "dropout": 0.0,
        **options,
    }
    return transformer_encoder(token_table(9, 8), **given)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary"])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_padding_changes_nothing(lab, positions, norm):
    encoder = build(positions=positions, norm=norm)
    expected = encoder(lab.of([[4, 5, 2]]))
    made = encoder(lab.of([[4, 5, 2, 0, 0]]))
    assert sorted(made) == ["mask", "outputs"]
    np.testing.assert_allclose(
        np.array(made["outputs"])[:, :3], np.array(expected["outputs"]), atol=1e-5
    )


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary"])
def test_order_matters(lab, positions):
    encoder = build(positions=positions)
    made = np.array(encoder(lab.of([[4, 5, 6, 2]]))["outputs"])
    swapped = np.array(encoder(lab.of([[6, 5, 4, 2]]))["outputs"])
    assert np.abs(made[:, 1] - swapped[:, 1]).max() > 1e-4


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_outputs_are_normalised(lab, norm):
    outputs = np.array(build(norm=norm)(lab.source)["outputs"])
    np.testing.assert_allclose(outputs.mean(-1), 0, atol=1e-5)
    np.testing.assert_allclose(outputs.std(-1), 1, atol=1e-2)


def test_dropout_is_for_training_alone(lab):
    encoder = build(dropout=0.3)
    calm = np.array(encoder(lab.source)["outputs"])
    np.testing.assert_array_equal(calm, np.array(encoder(lab.source, training=False)["outputs"]))
    rough = np.array(encoder(lab.source, training=True)["outputs"])
    assert np.abs(calm - rough).max() > 1e-3
