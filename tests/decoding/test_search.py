"""Searches by their names, their keywords, and those that were written for an earlier version."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from keras import ops

from kseq2seq import Beam, Contrastive, DiverseBeam, Greedy, Sample, decode, decoding
from kseq2seq.decoding import Candidates, Filter, Filtered, Loop, Request, search_targets
from kseq2seq.decoding.greedy import Independent
from kseq2seq.decoding.requests import check_search

NAMED = {
    "greedy": Greedy(),
    "beam": Beam(),
    "diverse_beam": DiverseBeam(),
    "sample": Sample(),
    "contrastive": Contrastive(),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_name_stands_for_the_default_settings(toys, name):
    model, search = toys.model(), NAMED[name]
    assert check_search(name) == search
    expected = decode(model, toys.source, search, max_length=4)
    for found in (
        decode(model, toys.source, name, max_length=4),
        search_targets(model, toys.source, name, 4),
    ):
        np.testing.assert_array_equal(found.ids, expected.ids)
    assert Loop(model.decoder, name, 4).search == search


@pytest.mark.parametrize(
    ("kind", "keyword", "advice"),
    [
        (Beam, "num_beams", "beam_width"),
        (Beam, "beam_size", "beam_width"),
        (Beam, "top_n", "n_best"),
        (DiverseBeam, "num_beam_groups", "groups"),
        (Sample, "num_return_sequences", "samples"),
        (Contrastive, "penalty_alpha", "penalty"),
    ],
)
def test_keywords_of_other_libraries_are_answered(kind, keyword, advice):
    with pytest.raises(TypeError, match=rf"{kind.__name__}\(\) has no.*`{keyword}`.*`{advice}`"):
        kind(**{keyword: 2})
    with pytest.raises(TypeError, match="unexpected keyword"):
        kind(unheard_of=2)


@pytest.mark.parametrize("kind", [Beam, DiverseBeam])
def test_the_old_name_of_beam_width_works(kind):
    with pytest.warns(FutureWarning, match=r"`width` of .*Beam\(\) was renamed to `beam_width`"):
        assert kind(width=2) == kind(beam_width=2)
    with pytest.warns(FutureWarning, match="`width` of .*Beam was renamed to `num_hypotheses`"):
        assert kind(2).width == 2 == kind(2).num_hypotheses


def test_a_beam_of_an_earlier_version_works(toys):
    with pytest.warns(FutureWarning, match="`width` of Wide was renamed to `num_hypotheses`"):

        @dataclass(frozen=True)
        class Wide(Beam):
            width: int = 3

    assert Wide().num_hypotheses == Wide().beam_width == 3
    for search in (Wide(), Wide(width=2)):
        found = decode(toys.model(), toys.source, search, max_length=4)
        expected = decode(toys.model(), toys.source, Beam(search.width), max_length=4)
        np.testing.assert_array_equal(found.ids, expected.ids)


def test_old_names_of_the_module_are_found():
    for old, new in (("Problem", Request), ("Extensions", Candidates)):
        with pytest.warns(FutureWarning, match=rf"{old} is kseq2seq.decoding.{new.__name__}"):
            assert getattr(decoding, old) is new
    for name in ("compiled", "traced", "prepare", "seeds_of", "fingerprint", "Carry"):
        assert hasattr(decoding, name) and name not in decoding.__all__


def test_a_search_and_a_filter_of_an_earlier_version_work(toys):
    with pytest.warns(FutureWarning, match="`width` of Several was renamed to `num_hypotheses`"):

        @dataclass(frozen=True)
        class Several(Independent):
            width: int = 2

            def pick(self, made, live, state, problem):
                assert made.log_probs.shape[0] == len(toys.sources) * problem.width
                assert problem.vocabulary == toys.vocabulary and problem.hidden_width == 4
                return ops.argmax(made.log_probs, axis=-1)

    @dataclass(frozen=True)
    class NotOfSource(Filter):
        def apply(self, log_probs, live, state, given, problem):
            first = problem.per_hypothesis(problem.source[:, 0])
            mine = ops.equal(ops.arange(problem.vocabulary), ops.cast(first, "int32")[:, None])
            return Filtered(ops.where(mine, float("-inf"), log_probs), state)

    with pytest.warns(FutureWarning, match="of Request was renamed"):
        found = decode(toys.model(), toys.source, Several(), filters=[NotOfSource()], max_length=4)
    assert found.ids.shape == (3, 2, 4)
    np.testing.assert_array_equal(found.ids[:, 0], found.ids[:, 1])
    assert not (np.array(found.ids) == toys.sources[:, :1, None]).any()
    assert Several(3).num_hypotheses == 3
    with pytest.raises(AttributeError, match="no attribute 'breadth'"):
        _ = Several().breadth
