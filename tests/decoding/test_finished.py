"""`finished` is False exactly where the end stands at the limit and is not the model's choice."""

from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, Contrastive, DiverseBeam, Greedy, Sample, Speculative, decode
from kseq2seq.decoding import Automaton, Forbid, Loop, MaxLength, MinLength, Require, search_targets

SEARCHES = [
    Greedy(),
    Beam(3),
    Beam(40, n_best=20),
    Beam(3, 0.0, 0.3, patience=1),
    DiverseBeam(4, 2),
    Sample(samples=6),
    Sample(temperature=0.5, top_k=2),
    Contrastive(3),
]
LIMITS = [4, 2, 1]
ASKED = {
    "plain": {},
    "limits": {"limits": LIMITS},
    "forbidden": {"filters": [MinLength(4), Forbid([[3]])]},
    "ended by a filter": {"filters": [MaxLength(3)]},
    "partial": {"filters": [Automaton.of_targets([[3, 4, 5, 3, 4]])], "partial": True},
}


def by_hand(toys, model, row, target, limit):
    """Whether a target is finished, by the model's own distribution at its last place."""
    likeliest = model.after(toys.firsts[row], target[:-1]).argmax()
    return len(target) < limit or likeliest == toys.end


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("search", SEARCHES, ids=repr)
def test_every_search_says_what_the_model_says(toys, search, asked):
    options, said = ASKED[asked], set()
    for seed in range(2):
        model = toys.model(seed)
        found = search_targets(model, toys.source, search, toys.length, **options)
        limits = options.get("limits", [toys.length] * 3)
        for row, of_source in enumerate(zip(*(np.array(x) for x in found[:3]), strict=True)):
            for n, (ids, length, _) in enumerate(zip(*of_source, strict=True)):
                finished = bool(found.finished[row, n])
                if not length:
                    assert finished  # nothing was cut
                    continue
                target = tuple(ids[:length].tolist())
                assert finished == by_hand(toys, model, row, target, limits[row])
                said.add((finished, len(target) == limits[row]))
    if asked in ("limits", "forbidden"):
        assert {(False, True)} < said  # some are cut, and some end of themselves


def test_ends_that_are_the_models_own_are_finished_at_the_limit(toys):
    found = search_targets(toys.model(), toys.source, Beam(40), toys.length)
    at_limit = np.array(found.lengths) == toys.length
    assert set(np.array(found.finished)[at_limit].tolist()) == {True, False}


def test_a_search_that_keeps_nothing_counts_whatever_ends_at_its_limit(toys):
    class Forgetful(type(Greedy())):
        def finish(self, live, state, request):
            return super().finish(live, state, request)._replace(finished=None)

    found = search_targets(toys.model(), toys.source, Forgetful(), toys.length, limits=LIMITS)
    np.testing.assert_array_equal(np.array(found.finished)[:, 0], found.lengths[:, 0] < LIMITS)


def test_decode_keeps_it_beside_sources_that_filters_leave_nothing(toys):
    filters = [Require([[[3, 4, 5, 3, 4]], [], []])]
    options = {"filters": filters, "max_length": 3, "unsatisfied": "partial"}
    found = decode(toys.model(), toys.source, Beam(3), **options)
    for row in range(3):
        target = tuple(found.ids[row, 0, : found.lengths[row, 0]].numpy().tolist())
        assert bool(found.finished[row, 0]) == by_hand(toys, toys.model(), row, target, 3)
    assert found.finished.dtype == bool and "finished" in found._fields


def test_a_pair_with_a_draft_says_what_its_model_does(lab, model_named):
    large, small = model_named("transformer"), model_named("gru")
    given = {"limits": [2, 3, 5]}
    own = lab.searched(large, lab.source, Greedy(), 6, **given)
    both = lab.searched(Speculative(large, small, 2), lab.source, Greedy(), 6, **given)
    np.testing.assert_array_equal(own.finished, both.finished)


def test_what_is_not_written_to_its_end_is_not_finished(toys):
    model = toys.model()
    loop = Loop(model.decoder, Greedy(), toys.length)
    carry = loop.start(model.encoder(toys.source))
    found = loop.finish(loop.run(carry, 1))
    ended = np.array(found.ids)[:, 0, 0] == toys.end
    np.testing.assert_array_equal(np.array(found.finished)[:, 0], ended)
