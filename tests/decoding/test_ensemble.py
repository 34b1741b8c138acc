from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, Ensemble, Greedy, decode


def averaged(lab, models, shares, space, source, targets):
    """Log-probabilities of the ensemble along known targets, by teacher forcing each model."""
    each = np.stack([lab.teacher_forced(model, source, targets) for model in models])
    shares = np.reshape(shares, (-1, 1, 1, 1))
    if space == "log":
        return lab.log_softmax((shares * each).sum(0))
    return np.log((shares * np.exp(each)).sum(0))


@pytest.mark.parametrize("space", ["probability", "log"])
@pytest.mark.parametrize("names", [("luong", "transformer"), ("gru", "convolutional", "lstm")])
def test_scores_are_the_average_of_the_models(lab, model_named, names, space):
    models = [model_named(name) for name in names]
    weights = [3.0, 1.0, 2.0][: len(models)]
    found = lab.searched(Ensemble(models, space, weights), lab.source, Beam(3, 0.0), 6)
    source = {name: np.repeat(value, 3, axis=0) for name, value in lab.source.items()}
    targets, lengths = found.ids.reshape(-1, 6), found.lengths.reshape(-1)
    shares = np.array(weights) / sum(weights)
    log_probs = averaged(lab, models, shares, space, source, targets)
    per_token = np.take_along_axis(log_probs, targets[:, :, None], -1)[:, :, 0]
    expected = np.where(np.arange(6) < lengths[:, None], per_token, 0).sum(1)
    np.testing.assert_allclose(found.scores.reshape(-1), expected, atol=5e-5)


@pytest.mark.parametrize("space", ["probability", "log"])
def test_twice_the_same_is_the_same(lab, model_named, space):
    model = model_named("bahdanau")
    alone = lab.searched(model, lab.source, Beam(2), 6, alignments=True)
    twice = lab.searched(Ensemble([model, model], space), lab.source, Beam(2), 6, alignments=True)
    np.testing.assert_array_equal(alone.ids, twice.ids)
    np.testing.assert_allclose(alone.scores, twice.scores, atol=2e-5)
    np.testing.assert_allclose(alone.alignments, twice.alignments, atol=1e-5)


def test_spaces_differ(lab, model_named):
    models = [model_named("gru"), model_named("transformer")]
    scores = [
        lab.searched(Ensemble(models, s), lab.source, Greedy(), 6).scores
        for s in ("probability", "log")
    ]
    assert np.abs(scores[0] - scores[1]).max() > 1e-3


def test_graph_and_xla_agree(lab, model_named):
    both = Ensemble([model_named("luong"), model_named("transformer")])
    eager = lab.searched(both, lab.of([[4, 5, 2]]), Beam(2), 5)
    for jit in (False, True):
        found = decode(both, lab.of([[4, 5, 2]]), Beam(2), max_length=5, jit_compile=jit)
        np.testing.assert_array_equal(np.array(found.ids), eager.ids)


def test_refuses(lab, model_named):
    gru = model_named("gru")
    with pytest.raises(ValueError, match=r"Ensemble takes models from"):
        Ensemble([])
    with pytest.raises(ValueError, match=r"Ensemble takes models from"):
        Ensemble([gru, "other"])
    with pytest.raises(ValueError, match=r"`space`.*'product'"):
        Ensemble([gru], "product")
    with pytest.raises(ValueError, match=r"2 models but 1 `weights`"):
        Ensemble([gru, gru], weights=[1])
    with pytest.raises(ValueError, match=r"`weights`.*above 0"):
        Ensemble([gru, gru], weights=[1, 0])
    from kseq2seq import build_model

    other = build_model("gru", 9, 8, hidden_dim=4)
    with pytest.raises(ValueError, match=r"share their target ids.*7 and 8.*same tokenizer"):
        Ensemble([gru, other])
