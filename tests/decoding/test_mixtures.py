"""A decoder whose logits are the logarithm of a mixture keeps its probabilities everywhere.

So does one that copies: part of its probability is a softmax's, part lies on ids of the source.
"""

import numpy as np
import pytest
from keras import ops

from kseq2seq import Beam, Ensemble, Greedy, TokenCrossEntropy, build_model, decode
from kseq2seq.decoders import Decoder
from kseq2seq.decoding import MinLength, NoRepeatNgram, score_targets
from kseq2seq.models import Seq2Seq
from tests.conftest import inputs_for

IDS = np.array([[4, 5, 3, 2], [6, 2, 0, 0]], "int32")
SOURCE = {"source": IDS, "source_mask": IDS != 0}
NEVER = 5  # an id to which neither part gives any probability


class Copying(Decoder):
    """0.6 of a softmax, 0.4 spread over the ids 3 and 4."""

    rewinds = True

    def __init__(self, inner):
        super().__init__(dtype=inner.dtype_policy)
        self.inner = inner
        self.vocabulary_size, self.hidden_width = inner.vocabulary_size, inner.hidden_width

    def initial(self, encoded, length=0):
        return self.inner.initial(encoded, length)

    def call(self, tokens, context, state, position=0, training=None):
        made = self.inner(tokens, context, state, position=position, training=training)
        ids = ops.arange(self.vocabulary_size)
        wide = ops.where(ids == NEVER, -np.inf, ops.cast(made.logits, "float32"))
        copied = ops.cast(ops.logical_or(ids == 3, ids == 4), "float32") / 2
        return made._replace(logits=ops.log(0.6 * ops.softmax(wide) + 0.4 * copied))


@pytest.fixture(scope="module", params=["float32", "mixed_bfloat16"])
def model(request):
    made = build_model(
        "transformer", 9, 7, dtype=request.param, hidden_dim=8, num_heads=2, num_layers=1
    )
    rng = np.random.default_rng(1)
    for weight in made.weights:
        weight.assign(np.asarray(weight) + rng.normal(scale=0.4, size=weight.shape))
    return Seq2Seq(made.encoder, Copying(made.decoder), {"architecture": "copying"})


def probabilities(model, targets):
    """What the decoder itself gives along targets (B, T), as it was mixed."""
    logits = model({**SOURCE, "target": inputs_for(targets)}, training=False)
    assert logits.dtype == "float32"
    made = np.exp(np.asarray(logits, "float64"))
    np.testing.assert_allclose(made.sum(-1), 1, rtol=1e-5)
    return made


@pytest.mark.parametrize(
    "search, filters",
    [
        (Greedy(), ()),
        (Beam(3, length_penalty=0.0), ()),
        (Beam(3, length_penalty=0.0), (MinLength(3), NoRepeatNgram(1))),
    ],
)
def test_scores_are_sums_of_the_mixture(model, search, filters):
    found = decode(model, SOURCE, search, max_length=4, filters=filters)
    assert not (found.ids.numpy() == NEVER).any()
    for n in range(found.ids.shape[1]):
        targets = found.ids[:, n].numpy()
        made = probabilities(model, targets)
        logs = np.log(np.take_along_axis(made, targets[..., None], -1)[..., 0])
        wanted = np.where(targets != 0, logs, 0).sum(1)
        tolerance = 1e-4 if model.decoder.compute_dtype == "float32" else 0.1
        np.testing.assert_allclose(found.scores[:, n], wanted, atol=tolerance)
        scored = np.sum(score_targets(model, SOURCE, targets), axis=1)
        np.testing.assert_allclose(scored, wanted, atol=1e-4)
        with np.errstate(divide="ignore"):
            loss = TokenCrossEntropy()(targets, np.log(made))
        np.testing.assert_allclose(loss, -wanted.sum() / (targets != 0).sum(), rtol=1e-4)


def test_a_mixture_of_mixtures_is_one(model):
    both = decode(Ensemble([model, model]), SOURCE, max_length=4)
    alone = decode(model, SOURCE, max_length=4)
    np.testing.assert_array_equal(both.ids, alone.ids)
    np.testing.assert_allclose(both.scores, alone.scores, rtol=1e-4)
