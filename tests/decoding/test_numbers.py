"""Settings that only scale are inputs of a compiled loop: other values trace nothing anew."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
import pytest

from kseq2seq import Beam, Contrastive, DiverseBeam, Greedy, Sample, decode
from kseq2seq.decoding import (
    MaxLength,
    MinLength,
    NoRepeatNgram,
    RepetitionPenalty,
    search_targets,
)
from kseq2seq.decoding.compiled import _TRACING


class Counted:
    """A toy whose encoder, which only tracing runs, counts how often it was traced."""

    def __init__(self, model):
        self.decoder, self.max_source_length, self.traces = model.decoder, None, 0
        self._encoder = model.encoder
        Counted.encoder.input = ("source", "source_mask")

    def encoder(self, source, training=False):
        self.traces += 1
        return self._encoder(source, training)


@pytest.fixture
def counted(toys):
    return Counted(toys.model(3))


SEARCHES = [
    [Sample(t, top_k=k, top_p=p) for t, k, p in ((0.7, 2, 0.9), (1.0, 3, 0.5), (1e-4, 99, 0.1))],
    [Beam(2, alpha, beta, patience=p) for alpha, beta, p in ((0.0, 0.2, 1.0), (1.0, 1e4, 0.1))],
    [Beam(2, alpha) for alpha in (0.0, 0.6, 1.0, 2.0)],
    [Contrastive(2, penalty) for penalty in (0.0, 0.35, 1.0)],
    [DiverseBeam(4, 2, d, alpha) for d, alpha in ((0.0, 0.6), (1e4, 1.0), (0.5, 0.0))],
]


@pytest.mark.parametrize("searches", SEARCHES, ids=lambda searches: type(searches[0]).__name__)
def test_other_numbers_of_a_search_trace_once(toys, counted, searches):
    for search in searches:
        found = decode(counted, toys.source, search, max_length=3, seed=4)
        # the same as with the numbers in the graph; without one they are constants
        seeds = np.array([4 * 1_000_003 + row for row in range(3)], "int32")
        fixed = search_targets(toys.model(3), toys.source, search, 3, seeds=seeds)
        np.testing.assert_array_equal(found.ids, fixed.ids)
        np.testing.assert_allclose(found.scores, fixed.scores, atol=1e-6)
    assert counted.traces == 1


def test_other_numbers_of_filters_trace_once(toys, counted):
    given = set()
    for penalty, least, most, size in ((1.0, 0, 9, 1), (10.0, 3, 2, 3), (2.5, 10**30, 10**30, 9)):
        filters = [
            RepetitionPenalty(penalty),
            MinLength(least, 0.1),
            MaxLength(most, 1e300),
            NoRepeatNgram(size),
        ]
        found = decode(counted, toys.source, Beam(2), max_length=4, filters=filters)
        given.add(np.array(found.lengths).tobytes() + np.array(found.ids).tobytes())
    assert counted.traces == 1
    assert len(given) == 3


def test_far_bounds_of_lengths_do_not_overflow(toys):
    model = toys.model(3)
    longest = decode(model, toys.source, max_length=4, filters=[MinLength(10**12)])
    assert np.array(longest.lengths).tolist() == [[4]] * 3
    free = decode(model, toys.source, max_length=4)
    same = decode(model, toys.source, max_length=4, filters=[MaxLength(ratio=1e300)])
    np.testing.assert_array_equal(same.ids, free.ids)


def test_what_changes_the_graph_is_compiled_in():
    assert Sample(0.5).key == Sample(0.7).key
    assert Sample(top_p=0.5).key == Sample(top_p=0.7).key != Sample().key
    assert Sample(samples=2).key != Sample().key
    assert Beam(2, 0.1).key == Beam(2).key != Beam(3).key
    assert Beam(2, coverage_penalty=0.1).key != Beam(2).key != Beam(2, patience=1.0).key
    assert Greedy().key == Greedy() != Beam(1).key
    assert NoRepeatNgram(2).key == NoRepeatNgram(3).key != NoRepeatNgram(3, True).key


def test_subclasses_read_their_own_numbers(toys, counted):
    @dataclass(frozen=True)
    class Warmer(Sample):
        by: float = 2.0

        def pick(self, made, live, state, request):
            return super(Warmer, replace(self, temperature=self.temperature * self.by)).pick(
                made, live, state, request
            )

    @dataclass(frozen=True)
    class Twice(RepetitionPenalty):
        def apply(self, log_probs, live, state, given, request):
            return replace(self, penalty=1.0)._apply(log_probs * self.penalty, live, state)

        def _apply(self, log_probs, live, state):
            from kseq2seq.decoding import Filtered

            return Filtered(log_probs, state)

    options = {"max_length": 4, "seed": 2}
    for temperature in (0.2, 0.5):
        warm = decode(counted, toys.source, Warmer(temperature, samples=9, by=3.0), **options)
        plain = decode(counted, toys.source, Sample(temperature * 3.0, samples=9), **options)
        np.testing.assert_array_equal(warm.ids, plain.ids)
    scores = [
        np.array(decode(counted, toys.source, filters=[Twice(p)], max_length=4).scores)
        for p in (1.0, 2.0)
    ]
    np.testing.assert_allclose(2 * scores[0], scores[1], rtol=1e-5)


def test_known_shapes_do_not_wait_for_another_trace(toys):
    model = toys.model(3)
    expected = decode(model, toys.source, Beam(2), max_length=3)
    found = []

    def answer():
        found.append(decode(model, toys.source, Beam(2, 0.9), max_length=3))

    with _TRACING:  # as a thread holds it that traces for seconds
        other = threading.Thread(target=answer)
        other.start()
        other.join(30)
    assert len(found) == 1 and found[0].ids.shape == expected.ids.shape


def test_a_subclass_of_a_search_computes_with_plain_numbers():
    @dataclass(frozen=True)
    class Longer(Beam):
        bonus: float = 0.5

        def start(self, request):
            assert isinstance(self.length_penalty, float)  # and no tensor
            return super().start(request)

    assert Longer().given() == {}
    assert Longer(bonus=0.5).key != Longer(bonus=0.25).key
    assert Longer(2, 0.0).key != Longer(2, 1.0).key
    assert Beam(2, 0.0).key == Beam(2, 1.0).key
