from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, DiverseBeam
from kseq2seq.decoding import MinLength


def literal(model, first, limit, search, words, end):
    """The documented search, one dictionary look-up at a time."""
    size = search.beam_width // search.groups
    live = [[(0.0, ())] for _ in range(search.groups)]
    finished = [[] for _ in range(search.groups)]
    for step in range(limit):
        taken: dict[int, int] = {}
        for group in range(search.groups):
            extended = []
            for total, prefix in live[group]:
                after = model.after(first, prefix)
                for token in (end, *(words if step + 1 < limit else ())):
                    handicap = search.diversity * taken.get(token, 0)
                    extended.append((total + after[token] - handicap, token, prefix, handicap))
            extended.sort(reverse=True)
            for place, (key, token, prefix, handicap) in enumerate(extended[: 2 * size]):
                if token == end and place < size:
                    target = (*prefix, token)
                    penalty = ((5 + len(target)) / 6) ** search.length_penalty
                    finished[group].append(((key + handicap) / penalty, target))
            live[group] = [
                (key + handicap, (*prefix, token))
                for key, token, prefix, handicap in extended[: 2 * size]
                if token != end
            ][:size]
            for _, prefix in live[group]:
                taken[prefix[-1]] = taken.get(prefix[-1], 0) + 1
    merged = [found for of_group in finished for found in sorted(of_group, reverse=True)[:size]]
    return sorted({target: score for score, target in merged}.items(), key=lambda x: -x[1])


@pytest.mark.parametrize(
    "search",
    [
        DiverseBeam(4, 2, 0.8),
        DiverseBeam(3, 3, 1.5, 0.0),
        DiverseBeam(6, 2, 0.3, 1.0),
        DiverseBeam(6, 3, 5.0),
    ],
    ids=repr,
)
@pytest.mark.parametrize("seed", range(3))
def test_is_the_documented_search(toys, search, seed):
    model = toys.model(seed)
    found = toys.found(model, search)
    for first, given in zip(toys.firsts, found, strict=True):
        expected = literal(model, first, toys.length, search, toys.words, toys.end)
        np.testing.assert_allclose([s for s, _ in given], [s for _, s in expected], atol=3e-5)
        assert sorted(y for _, y in given) == sorted(y for y, _ in expected)


def test_one_group_is_a_beam(lab, plain_model):
    beam = lab.searched(plain_model, lab.source, Beam(3), 6)
    diverse = lab.searched(plain_model, lab.source, DiverseBeam(3, 1), 6)
    np.testing.assert_array_equal(beam.ids, diverse.ids)
    np.testing.assert_allclose(beam.scores, diverse.scores, atol=1e-6)


def test_every_group_searches_with_its_own_state(lab, model_named):
    """With nothing held against any token, all groups find what one of them does."""
    for name in ("luong", "transformer", "convolutional"):
        model = model_named(name)
        beam = lab.searched(model, lab.source, Beam(2), 6)
        diverse = lab.searched(model, lab.source, DiverseBeam(6, 3, 0.0), 6)
        np.testing.assert_array_equal(beam.ids, diverse.ids[:, :2])
        np.testing.assert_allclose(beam.scores, diverse.scores[:, :2], atol=1e-5)
        assert not diverse.ids[:, 2:].any()  # found again, and returned once
        assert not diverse.lengths[:, 2:].any()


def test_diversity_spreads_first_words(toys):
    model = toys.model(2)
    filters = [MinLength(2)]  # an end is not held against anyone
    alike = toys.found(model, DiverseBeam(3, 3, 0.0), filters=filters)
    apart = toys.found(model, DiverseBeam(3, 3, 20.0), filters=filters)
    assert all(len({y[0] for _, y in found}) == 1 for found in alike)
    assert all(len({y[0] for _, y in found}) == 3 for found in apart)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beam_width": 4, "groups": 3}, r"`beam_width`=4 must be a multiple of `groups`=3"),
        ({"groups": 0}, r"`groups`.*at least 1"),
        ({"diversity": -1}, r"`diversity`.*-1"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        DiverseBeam(**settings)
