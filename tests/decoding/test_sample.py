"""Samplers against the exact distribution they are meant to draw from."""

from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, Sample, decode
from kseq2seq.decoding.sample import keep_min_p, keep_top_k, keep_top_p, keep_typical

DRAWS = 4000


def kept(probs, search):
    """The distribution of one step, cut as documented, in float64."""
    q = probs ** (1 / search.temperature)
    q /= q.sum()
    if search.top_k:
        q = np.where(q >= np.sort(q)[::-1][min(search.top_k, len(q)) - 1], q, 0)
        q /= q.sum()
    if search.top_p < 1:
        q = fewest(q, -q, search.top_p)
    if search.min_p:
        q = np.where(q >= search.min_p * q.max(), q, 0)
        q /= q.sum()
    if search.typical < 1:
        logs = np.log(np.where(q > 0, q, 1))
        q = fewest(q, np.where(q > 0, abs(logs - (q * logs).sum()), np.inf), search.typical)
    return q


def fewest(q, order, p):
    places = np.argsort(order, kind="stable")
    count = int(np.searchsorted(np.cumsum(q[places]), p - 1e-9)) + 1
    made = np.zeros_like(q)
    made[places[:count]] = q[places[:count]]
    return made / made.sum()


def chances(toys, model, first, search, limit):
    """{target: probability} of all targets."""
    made = {}
    for target in toys.targets(limit):
        chance = 1.0
        for n, token in enumerate(target):
            allowed = [toys.end, *(toys.words if n + 1 < limit else ())]
            probs = np.zeros(toys.vocabulary)
            probs[allowed] = np.exp(model.after(first, target[:n]))[allowed]
            chance *= kept(probs / probs.sum(), search)[token]
        made[target] = chance
    assert abs(sum(made.values()) - 1) < 1e-9
    return made


SEARCHES = [
    Sample(samples=DRAWS),
    Sample(temperature=0.6, samples=DRAWS),
    Sample(temperature=2.0, samples=DRAWS),
    Sample(top_k=2, samples=DRAWS),
    Sample(top_p=0.7, samples=DRAWS),
    Sample(min_p=0.4, samples=DRAWS),
    Sample(typical=0.6, samples=DRAWS),
    Sample(temperature=1.3, top_k=3, top_p=0.9, min_p=0.1, typical=0.9, samples=DRAWS),
]


@pytest.mark.parametrize("search", SEARCHES, ids=repr)
def test_draws_follow_the_distribution(toys, search):
    model = toys.model(1)
    found = toys.found(model, search, limit=3, seeds=np.array([11, 12, 13], "int32"))
    for first, given in zip(toys.firsts, found, strict=True):
        expected = chances(toys, model, first, search, 3)
        assert len(given) == DRAWS
        seen = dict.fromkeys(expected, 0)
        for score, target in given:
            seen[target] += 1
            np.testing.assert_allclose(score, model.log_prob(first, target), atol=3e-5)
        impossible = [target for target, chance in expected.items() if chance == 0]
        assert not any(seen[target] for target in impossible)
        # Pearson's statistic, rare targets taken together; 4 deviations above its mean
        common = [y for y, chance in expected.items() if chance * DRAWS >= 5]
        counts = np.array([seen[y] for y in common] + [DRAWS - sum(seen[y] for y in common)])
        wanted = np.array([expected[y] for y in common])
        wanted = np.append(wanted, max(1 - wanted.sum(), 0)) * DRAWS
        counts, wanted = counts[wanted >= 0.5], wanted[wanted >= 0.5]
        statistic = ((counts - wanted) ** 2 / wanted).sum()
        freedom = len(counts) - 1
        assert statistic < freedom + 4 * np.sqrt(2 * freedom) + 1e-9


def test_best_first_and_independent(toys):
    found = toys.found(toys.model(), Sample(samples=40))
    for given in found:
        scores = [score for score, _ in given]
        assert scores == sorted(scores, reverse=True)
        assert len({target for _, target in given}) > 5


def test_a_seed_gives_the_same_again_whatever_the_company(lab, model_named):
    model, search = model_named("gru"), Sample(samples=3)
    options = {"seeds": np.array([7, 8, 9], "int32")}
    first = lab.searched(model, lab.source, search, 6, **options)
    again = lab.searched(model, lab.source, search, 6, **options)
    np.testing.assert_array_equal(first.ids, again.ids)
    alone = lab.searched(model, lab.of(lab.ids[1:2]), search, 6, seeds=np.array([8], "int32"))
    np.testing.assert_array_equal(first.ids[1:2], alone.ids)
    other = lab.searched(model, lab.source, search, 6, seeds=np.array([1, 2, 3], "int32"))
    assert (first.ids != other.ids).any()


def test_decode_takes_a_seed(lab, model_named):
    model = model_named("lstm")

    def drawn(seed, jit_compile=False):
        search = Sample(samples=4)
        options = {"max_length": 6, "seed": seed, "jit_compile": jit_compile}
        return np.array(decode(model, lab.source, search, **options).ids)

    np.testing.assert_array_equal(drawn(3), drawn(3))
    np.testing.assert_array_equal(drawn(3, jit_compile=True), drawn(3, jit_compile=True))
    assert (drawn(3) != drawn(4)).any()
    same = decode(model, lab.of([[4, 5, 2]] * 2), Sample(), max_length=9, seed=1).ids
    assert (np.array(same)[0] != np.array(same)[1]).any()
    twins = decode(model, lab.of([[4, 5, 2]] * 2), Sample(), max_length=9, seed=[5, 5]).ids
    np.testing.assert_array_equal(np.array(twins)[0], np.array(twins)[1])


def test_little_temperature_is_greedy(toys):
    model = toys.model()
    greedy = toys.found(model, Beam(1, 0.0))
    cold = toys.found(model, Sample(temperature=1e-3, samples=3))
    top = toys.found(model, Sample(top_k=1, samples=2))
    for best, one, other in zip(greedy, cold, top, strict=True):
        assert {target for _, target in one} == {best[0][1]} == {target for _, target in other}


def test_cuts_keep_at_least_one_and_never_what_is_forbidden():
    never = float("-inf")
    row = np.array([[np.log(0.5), np.log(0.3), np.log(0.2), never]], "float32")
    for keep, setting in (
        (keep_top_k, 1),
        (keep_top_k, 9),
        (keep_top_p, 1e-6),
        (keep_top_p, 1.0),
        (keep_min_p, 1.0),
        (keep_min_p, 0.0),
        (keep_typical, 1e-6),
        (keep_typical, 1.0),
    ):
        made = np.array(keep(row, setting))
        assert np.isfinite(made).sum() in (1, 3)
        assert made[0, 3] == never
        assert not np.isnan(made).any()


def test_typical_may_leave_out_the_likeliest():
    row = np.log(np.array([[0.40, 0.15, 0.15, 0.15, 0.15]], "float32"))
    made = np.array(keep_typical(row, 0.5))
    assert not np.isfinite(made[0, 0])
    assert np.isfinite(made[0, 1:]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0}, r"`temperature`.*at least 0.0001.*got 0"),
        ({"top_k": -1}, r"`top_k`.*at least 0"),
        ({"top_k": 2.5}, r"`top_k`.*whole"),
        ({"top_p": 0}, r"`top_p`.*above 0 and at most 1"),
        ({"top_p": 1.5}, r"`top_p`.*at most 1"),
        ({"min_p": 2}, r"`min_p`.*at most 1"),
        ({"typical": 0}, r"`typical`"),
        ({"samples": 0}, r"`samples`.*at least 1"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        Sample(**settings)
