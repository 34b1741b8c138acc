"""Random tiny models under random searches and filters: what must hold whatever happens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kseq2seq import Beam, Contrastive, DiverseBeam, Greedy, Sample, decode
from kseq2seq.decoding import (
    Automaton,
    Forbid,
    MaxLength,
    MinLength,
    NoRepeatNgram,
    Prefix,
    RepetitionPenalty,
    Require,
)

WORD = st.integers(3, 5)
PHRASE = st.lists(WORD, min_size=1, max_size=3)
SEARCHES = st.sampled_from(
    [
        Greedy(),
        Beam(1),
        Beam(3),
        Beam(5, 0.0, 0.3),
        DiverseBeam(4, 2),
        Sample(samples=3),
        Sample(temperature=0.5, top_k=3, top_p=0.9, samples=2),
        Contrastive(3),
    ]
)


def holds(phrase, target):
    return any(list(target[i : i + len(phrase)]) == phrase for i in range(len(target)))


@st.composite
def rules(draw):
    """Filters, and whether they allow (source index, target)."""
    made = []
    if draw(st.booleans()):
        least = draw(st.integers(0, 4))
        made.append((MinLength(least), lambda i, y: len(y) >= least))
    if draw(st.booleans()):
        most = draw(st.integers(2, 6))
        made.append((MaxLength(most), lambda i, y: len(y) <= most))
    if draw(st.booleans()):
        phrases = draw(st.lists(PHRASE, min_size=1, max_size=2))
        made.append((Forbid(phrases), lambda i, y: not any(holds(p, y) for p in phrases)))
    if draw(st.booleans()):
        size = draw(st.integers(1, 3))

        def fresh(i, y):
            grams = [tuple(y[n : n + size]) for n in range(len(y) - size)]  # the end left out
            return len(set(grams)) == len(grams)

        made.append((NoRepeatNgram(size), fresh))
    if draw(st.booleans()):
        prefixes = [draw(st.lists(WORD, max_size=2)) for _ in range(3)]
        made.append((Prefix(prefixes), lambda i, y: list(y[: len(prefixes[i])]) == prefixes[i]))
    if draw(st.booleans()):
        required = [draw(st.lists(PHRASE, max_size=2)) for _ in range(3)]
        made.append((Require(required), lambda i, y: all(holds(p, y) for p in required[i])))
    if draw(st.booleans()):
        listed = draw(st.lists(PHRASE, min_size=1, max_size=6))
        made.append((Automaton.of_targets(listed), lambda i, y: list(y[:-1]) in listed))
    if draw(st.booleans()):
        made.append((RepetitionPenalty(1.5), lambda i, y: True))
    return made


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 5), search=SEARCHES, rules=rules())
def test_nothing_forbidden_nothing_after_the_end_no_nan(toys, seed, search, rules):
    filters = [rule for rule, _ in rules]
    if any(rule.banks for rule in filters) and not search.uses_banks:
        filters = [rule for rule in filters if not rule.banks]
    allows = [allow for rule, allow in rules if rule in filters]
    model, limit = toys.model(seed), 6
    try:
        found = decode(model, toys.source, search, max_length=limit, filters=filters, seed=seed)
    except ValueError as error:
        assert "The filters leave no target" in str(error)
        return
    ids, lengths, scores = (np.array(x) for x in found[:3])
    assert not np.isnan(scores).any()
    assert (scores <= 1e-6).all()
    assert (np.diff(np.nan_to_num(scores, neginf=-1e9), axis=1) <= 1e-6).all()
    for row, (of, long, score) in enumerate(zip(ids, lengths, scores, strict=True)):
        assert long[0] > 0
        for target, length, value in zip(of, long, score, strict=True):
            assert not target[length:].any()
            assert (length > 0) == np.isfinite(value)
            if length:
                assert target[length - 1] == 2
                assert not np.isin(target[: length - 1], [0, 1, 2]).any()
                assert all(allow(row, target[:length]) for allow in allows)


FILTERS = [
    [MinLength(3, 0.2), MaxLength(5)],
    [NoRepeatNgram(2), NoRepeatNgram(2, of_source=True), RepetitionPenalty(1.3)],
    [Forbid([[3], [4, 5]])],
    [Prefix([[3], [], [4, 4]]), Require([[[5]], [], [[3, 3], [5]]])],
    [Automaton.of_targets([[3, 4], [3], [5, 5, 5]])],
]


@pytest.mark.parametrize("filters", FILTERS, ids=lambda f: "+".join(type(x).__name__ for x in f))
@pytest.mark.parametrize("jit", [False, True])
def test_graphs_and_xla_agree_with_eager_for_sources_of_any_length(toys, filters, jit):
    for width in (5, 3, 4):  # the graph's shapes become unknown
        ids = toys.sources[:, :width]
        source = {"source": ids, "source_mask": ids != 0}
        made = decode(toys.model(), source, Beam(3), max_length=6, filters=filters, jit_compile=jit)
        from kseq2seq.decoding import search_targets

        eager = search_targets(toys.model(), source, Beam(3), 6, filters=filters)
        np.testing.assert_array_equal(np.array(made.ids), np.array(eager.ids))
        np.testing.assert_allclose(np.array(made.scores), np.array(eager.scores), atol=1e-5)
