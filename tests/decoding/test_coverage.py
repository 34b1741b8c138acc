from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam


def score(model, first, places, target, alpha, beta):
    """Wu et al. 2016, equation 14."""
    seen = sum(model.looked(target[:n], places) for n in range(len(target)))
    covered = np.log(np.clip(seen, 1e-9, 1)).sum()
    return model.log_prob(first, target) / ((5 + len(target)) / 6) ** alpha + beta * covered


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.3), (0.6, 0.2), (1.0, 2.0)])
def test_exhaustive_search_is_brute_force(toys, alpha, beta):
    model = toys.model(1)
    found = toys.found(model, Beam(toys.count, alpha, beta))
    for first, length, given in zip(toys.firsts, toys.lengths, found, strict=True):
        expected = {y: score(model, first, length, y, alpha, beta) for y in toys.targets()}
        toys.same(given, toys.ranked(expected))


def test_stopping_early_changes_nothing(toys):
    class Unstopped(Beam):
        def done(self, state, request):
            return super().done(state, request) & False

    for beta in (0.1, 1.0):
        early = toys.found(toys.model(2), Beam(3, 0.6, beta), limit=6)
        late = toys.found(toys.model(2), Unstopped(3, 0.6, beta), limit=6)
        assert early == late


def test_it_prefers_targets_that_looked_everywhere(lab, model_named):
    """Scores of real models, along what they found."""
    for name in ("bahdanau", "transformer", "decoder_only"):
        model = model_named(name)
        found = lab.searched(model, lab.source, Beam(3, 0.6, 0.4), 6, alignments=True)
        plain = lab.searched(model, lab.source, Beam(3, 0.6), 6)
        assert (found.scores < plain.scores + 1e-5).all()
        for row, mask in enumerate(lab.source["source_mask"]):
            for n in range(3):
                length = found.lengths[row, n]
                seen = found.alignments[row, n, :length].sum(0)[mask]
                total = lab.teacher_forced(
                    model, lab.of(lab.ids[row : row + 1]), found.ids[row, n : n + 1]
                )[0]
                total = sum(total[t, found.ids[row, n, t]] for t in range(length))
                expected = total / ((5 + length) / 6) ** 0.6
                expected += 0.4 * np.log(np.clip(seen, 1e-9, 1)).sum()
                np.testing.assert_allclose(found.scores[row, n], expected, atol=2e-4)


def test_needs_attention(lab, model_named):
    with pytest.raises(ValueError, match=r"`coverage_penalty`=0.2 needs a model with attention"):
        lab.searched(model_named("gru"), lab.source, Beam(2, coverage_penalty=0.2), 4)


def test_n_best_are_the_first(toys):
    whole = toys.found(toys.model(), Beam(6))
    best = toys.found(toys.model(), Beam(6, n_best=2))
    assert best == [found[:2] for found in whole]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"coverage_penalty": -1}, r"`coverage_penalty`.*at least 0.*-1"),
        ({"beam_width": 2, "n_best": 3}, r"`n_best` must be at most `beam_width`=2"),
        ({"n_best": 0}, r"`n_best`.*at least 1"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        Beam(**settings)
