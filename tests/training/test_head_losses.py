"""What models of each head are compiled with."""

import keras
import numpy as np
import pytest

from kseq2seq import TokenCrossEntropy, build_model
from kseq2seq.heads import CrfLoss, CtcLoss, Joint, Labels
from kseq2seq.training import Weighted, loss_for, metrics_for


def test_each_head_has_its_loss_and_its_metrics():
    for head, loss, metrics in (
        ("decoder", TokenCrossEntropy, 1),
        ("labels", TokenCrossEntropy, 1),
        (Labels(crf=True), CrfLoss, 1),
        ("label", TokenCrossEntropy, 1),
        ("ctc", CtcLoss, 0),
    ):
        model = build_model("gru", 9, 9, head=head, hidden_dim=4)
        assert type(loss_for(model)) is loss and len(metrics_for(model)) == metrics
        if loss is TokenCrossEntropy:
            assert loss_for(model, 0.1).label_smoothing == 0.1
        else:
            with pytest.raises(ValueError, match="no `label_smoothing`"):
                loss_for(model, 0.1)
    joint = build_model("gru", 9, 9, head=Joint(weight=0.2), hidden_dim=4)
    both = loss_for(joint, 0.1)
    assert both["decoder"].loss.label_smoothing == 0.1 and both["ctc"].loss.end == 2
    assert [both[name].weight for name in ("decoder", "ctc")] == [0.8, 0.2]
    assert list(metrics_for(joint)) == ["decoder", "ctc"]


def test_a_weighted_loss_is_saved_and_counts_as_its_own():
    loss = Weighted(TokenCrossEntropy(0.1), 0.3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    labels, logits = np.array([[3, 2, 0]]), np.random.default_rng(0).normal(size=(1, 3, 5))
    assert float(again(labels, logits)) == float(loss(labels, logits))
    np.testing.assert_allclose(loss(labels, logits), 0.3 * TokenCrossEntropy(0.1)(labels, logits))
    np.testing.assert_array_equal(loss.weights(labels), [[1, 1, 0]])
