from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Contrastive, Greedy, decode


def cosine(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


def literal(model, first, limit, search, words, end):
    """Su et al. 2022, equation 5, as it stands."""
    prefix, total = (), 0.0
    while True:
        after = model.after(first, prefix)
        options = [end, *(words if len(prefix) + 1 < limit else ())]
        candidates = sorted(options, key=lambda v: -after[v])[: search.top_k]
        past = [model.hidden(prefix[:n]) for n in range(len(prefix) + 1)]

        def worth(v, prefix=prefix, after=after, past=past):
            repeats = max(cosine(model.hidden((*prefix, v)), h) for h in past)
            return (1 - search.penalty) * np.exp(after[v]) - search.penalty * repeats

        best = max(candidates, key=worth)
        total += after[best]
        prefix = (*prefix, best)
        if best == end:
            return total, prefix


@pytest.mark.parametrize("search", [Contrastive(3, 0.6), Contrastive(2, 0.3), Contrastive(4, 1)])
@pytest.mark.parametrize("seed", range(4))
def test_is_its_formula(toys, search, seed):
    model = toys.model(seed)
    found = toys.found(model, search)
    for first, given in zip(toys.firsts, found, strict=True):
        score, target = literal(model, first, toys.length, search, toys.words, toys.end)
        assert given[0][1] == target
        np.testing.assert_allclose(given[0][0], score, atol=3e-5)


@pytest.mark.parametrize("search", [Contrastive(3, 0.0), Contrastive(1, 0.9)], ids=repr)
def test_without_a_penalty_or_a_choice_it_is_greedy(lab, plain_model, search):
    limits = [7, 1, 5]
    greedy = lab.searched(plain_model, lab.source, Greedy(), 7, limits=limits)
    found = lab.searched(plain_model, lab.source, search, 7, limits=limits)
    np.testing.assert_array_equal(found.ids, greedy.ids)
    np.testing.assert_array_equal(found.lengths, greedy.lengths)
    np.testing.assert_allclose(found.scores, greedy.scores, atol=5e-5)


def test_score_is_the_models_and_graphs_agree(lab, model_named):
    for name in ("luong", "transformer"):
        model = model_named(name)
        found = lab.searched(model, lab.source, Contrastive(3), 7, limits=[7, 2, 6])
        targets, lengths = found.ids[:, 0], found.lengths[:, 0]
        assert np.all(lengths <= [7, 2, 6])
        log_probs = lab.teacher_forced(model, lab.source, targets)
        per_token = np.take_along_axis(log_probs, targets[:, :, None], -1)[:, :, 0]
        expected = np.where(np.arange(7) < lengths[:, None], per_token, 0).sum(1)
        np.testing.assert_allclose(found.scores[:, 0], expected, atol=5e-5)
        for jit in (False, True):
            again = decode(
                model, lab.source, Contrastive(3), max_length=7, limits=[7, 2, 6], jit_compile=jit
            )
            np.testing.assert_array_equal(np.array(again.ids), found.ids)


def test_refuses_more_candidates_than_ids(toys):
    with pytest.raises(ValueError, match=r"`top_k` must be at most 6, the ids of the model; got 7"):
        toys.found(toys.model(), Contrastive(7))


@pytest.mark.parametrize(("k", "penalty"), [(0, 0.5), (4, 1.5), (4, -0.1)])
def test_refuses(k, penalty):
    with pytest.raises(ValueError, match=r"`(top_k|penalty)` must be"):
        Contrastive(k, penalty)
