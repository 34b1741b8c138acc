from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.encoders import transformer_encoder
from kseq2seq.layers import POSITIONS, BlockSizes, Norm, token_table

NORMS = {"pre": Norm("pre"), "post": Norm("post"), "deep": Norm("deep", alpha=1.4, beta=0.6)}


def build(norm="pre", dropout=0.0, **options):
    sizes = BlockSizes(8, 2, 12, norm=NORMS[norm], dropout=dropout)
    encoder = transformer_encoder(
        token_table(9, 8), sizes, num_layers=2, **{"max_positions": 8, **options}
    )
    for weight in encoder.weights:
        if weight.name == "buckets":  # which start as zeros, as if there were no places
            weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    return encoder


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("norm", NORMS)
def test_padding_changes_nothing(lab, positions, norm):
    encoder = build(positions=positions, norm=norm)
    expected = encoder(lab.of([[4, 5, 2]]))
    made = encoder(lab.of([[4, 5, 2, 0, 0]]))
    assert sorted(made) == ["mask", "outputs"]
    np.testing.assert_allclose(
        np.array(made["outputs"])[:, :3], np.array(expected["outputs"]), atol=1e-5
    )


@pytest.mark.parametrize("positions", POSITIONS)
def test_order_matters(lab, positions):
    encoder = build(positions=positions)
    made = np.array(encoder(lab.of([[4, 5, 6, 2]]))["outputs"])
    swapped = np.array(encoder(lab.of([[4, 6, 5, 2]]))["outputs"])
    assert np.abs(made[:, 0] - swapped[:, 0]).max() > 1e-4


@pytest.mark.parametrize("norm", NORMS)
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
