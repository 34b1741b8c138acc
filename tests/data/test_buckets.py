from itertools import combinations, pairwise

import numpy as np
import pytest

from kseq2seq.data.buckets import bucket_fill, bucket_table, fit_buckets
from kseq2seq.data.survey import Survey


def survey_of(pairs, longest=(64, 64)):
    lengths = np.zeros((longest[0] + 1, longest[1] + 1), np.int64)
    np.add.at(lengths, tuple(np.transpose(pairs)), 1)
    return Survey(lengths)


def cost(pairs, buckets):
    """Positions of all rows when each pair goes to the first bucket that holds it."""
    return sum(next(s + t for s, t in buckets if a <= s and b <= t) for a, b in pairs)


def brute_force(pairs, count):
    sources, targets = zip(*pairs, strict=True)
    grid = [(s, t) for s in sorted(set(sources)) for t in sorted(set(targets))]
    last = (max(sources), max(targets))
    chains = (
        [*chain, last]
        for size in range(count)
        for chain in combinations([point for point in grid if point != last], size)
        if all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(chain))
    )
    return min(cost(pairs, chain) for chain in chains)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_no_other_nested_buckets_pad_less(seed, count):
    random = np.random.default_rng(seed)
    pairs = [tuple(map(int, row)) for row in random.integers(2, 7, (30, 2)) ** 2]
    buckets = fit_buckets(survey_of(pairs), count=count)
    assert len(buckets) <= count
    assert cost(pairs, buckets) == brute_force(pairs, count)


def skewed(seed=0, size=20_000):
    random = np.random.default_rng(seed)
    sources = np.clip(random.lognormal(2.5, 0.7, size), 2, 512).astype(int)
    targets = np.clip(sources * random.normal(1.2, 0.2, size), 2, 400).astype(int)
    return survey_of(np.stack([sources, targets], 1), longest=(512, 400))


def padding(survey, buckets):
    cells = sum(n * sum(b) for (n, _), b in zip(bucket_fill(survey, buckets), buckets, strict=True))
    return 1 - (survey.source_tokens + survey.target_tokens) / cells


def test_fitted_buckets_pad_far_less_than_uniform_ones():
    survey = skewed()
    buckets = fit_buckets(survey)
    last = np.array(buckets[-1])
    uniform = [tuple(np.ceil(last * i / 6).astype(int)) for i in range(1, 7)]
    quantiles = np.quantile(
        np.repeat(np.arange(513), survey.lengths.sum(axis=1)), np.arange(1, 7) / 6
    )
    by_quantile = [(int(q), min(400, int(q * 1.8))) for q in quantiles[:-1]] + [buckets[-1]]
    assert len(buckets) == 6
    assert padding(survey, buckets) < 0.6 * padding(survey, uniform)
    assert padding(survey, buckets) < padding(survey, by_quantile)


def test_buckets_are_nested_and_the_last_holds_the_longest():
    survey = skewed(1)
    buckets = fit_buckets(survey, count=6, multiple_of=8)
    assert all(a <= c and b <= d for (a, b), (c, d) in pairwise(buckets))
    assert all(side % 8 == 0 or side == 400 for bucket in buckets for side in bucket)
    sources, targets = survey.lengths.nonzero()
    assert buckets[-1][0] >= sources.max() and buckets[-1][1] >= targets.max()
    assert sum(pairs for pairs, _ in bucket_fill(survey, buckets)) == survey.kept


def test_rounding_never_exceeds_the_longest_allowed():
    assert fit_buckets(survey_of([(3, 3), (9, 10)], (10, 10)), count=1, multiple_of=8) == [(10, 10)]


def test_no_more_buckets_than_useful():
    assert fit_buckets(survey_of([(5, 6)] * 9)) == [(5, 6)]
    assert fit_buckets(survey_of([(5, 6), (8, 7)])) == [(5, 6), (8, 7)]


def test_refusals():
    with pytest.raises(ValueError, match="kept no pair \\(3 too long, 2 empty\\)"):
        fit_buckets(Survey(np.zeros((9, 9), int), empty=2, too_long=3))
    with pytest.raises(ValueError, match="at least 1"):
        fit_buckets(survey_of([(2, 2)]), count=0)


def test_table():
    survey = survey_of([(2, 2)] * 3 + [(8, 4)])
    assert bucket_table(survey, [(2, 2), (8, 8)]).splitlines()[-4:] == [
        "bucket          pairs  padding",
        "2 x 2               3    0.0%",
        "8 x 8               1   25.0%",
        "all                 4   14.3%",
    ]
