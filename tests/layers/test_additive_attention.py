from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.layers import SCORES, Attention

RNG = np.random.default_rng(0)
SOURCE = RNG.normal(size=(2, 5, 4)).astype("float32")
MASK = np.array([[True] * 5, [True, True, False, False, False]])


def made(score):
    layer = Attention(score, query_dim=4, source_dim=4, units=6)
    for weight in layer.weights:
        weight.assign(RNG.normal(size=weight.shape))
    return layer


def fit(lab, layer, s, h):
    """One score, by the formula."""
    if layer.score == "dot":
        return s @ h
    if layer.score == "general":
        return s @ (lab.weights(layer.key)["kernel"].T @ h)
    query, key = lab.weights(layer.query), lab.weights(layer.key)
    hidden = np.tanh(s @ query["kernel"] + query.get("bias", 0) + h @ key["kernel"])
    return hidden @ lab.weights(layer)["energy"]


@pytest.mark.parametrize("score", SCORES)
def test_equations(lab, score):
    layer = made(score)
    query = RNG.normal(size=(2, 3, 4)).astype("float32")
    mixed, alignment = layer(query, layer.context(SOURCE, MASK))
    for b in range(2):
        real = SOURCE[b, MASK[b]]
        for t in range(3):
            scores = np.array([fit(lab, layer, query[b, t], h) for h in real])
            alpha = np.exp(lab.log_softmax(scores))
            np.testing.assert_allclose(np.array(alignment)[b, t, MASK[b]], alpha, atol=1e-5)
            assert not np.array(alignment)[b, t, ~MASK[b]].any()
            np.testing.assert_allclose(np.array(mixed)[b, t], alpha @ real, atol=1e-4)


@pytest.mark.parametrize("score", SCORES)
def test_hypotheses_share_a_source(score):
    layer = made(score)
    rows = np.repeat(np.arange(2), 3)
    context, repeated = layer.context(SOURCE, MASK), layer.context(SOURCE[rows], MASK[rows])
    for shape in ((6, 4), (6, 2, 4)):
        query = RNG.normal(size=shape).astype("float32")
        for shared, alone in zip(layer(query, context), layer(query, repeated), strict=True):
            assert shared.shape == alone.shape == (*shape[:-1], shared.shape[-1])
            np.testing.assert_allclose(np.array(shared), np.array(alone), atol=1e-5)


def test_additive_has_a_bias_and_concat_has_none():
    assert sorted(tuple(w.shape) for w in made("additive").weights) == [(4, 6), (4, 6), (6,), (6,)]
    assert sorted(tuple(w.shape) for w in made("concat").weights) == [(4, 6), (4, 6), (6,)]
    assert made("dot").weights == []


def test_no_place_to_look_at_is_finite():
    layer = made("dot")
    mixed, alignment = layer(SOURCE[:, 0], layer.context(SOURCE, np.zeros((2, 5), bool)))
    assert np.isfinite(np.array(mixed)).all()
    assert np.isfinite(np.array(alignment)).all()


def test_a_score_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"`score` must be one of 'additive'.*; got 'bilinear'"):
        made("bilinear")
