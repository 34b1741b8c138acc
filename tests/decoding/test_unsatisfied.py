from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.decoding import Automaton, Beam, Forbid, Greedy, Prefix, Require, Sample, decode


def test_says_which_source_has_no_target(toys):
    filters = [Require([[], [[3, 4, 5, 3]], []])]  # four words do not fit beside an end
    with pytest.raises(ValueError, match=r"no target.*source 1 \(1 of 3\).*max_length"):
        decode(toys.model(), toys.source, Beam(3), max_length=4, filters=filters)


@pytest.mark.parametrize("search", [Greedy(), Beam(3), Sample(samples=2)])
def test_a_closed_list_may_be_too_long(toys, search):
    filters = [Automaton.of_targets([[3, 3, 3, 3, 3]])]
    with pytest.raises(ValueError, match=r"source 0 \(3 of 3\)"):
        decode(toys.model(), toys.source, search, max_length=4, filters=filters)
    found = decode(
        toys.model(), toys.source, search, max_length=4, filters=filters, unsatisfied="partial"
    )
    assert np.array(found.ids)[:, 0].tolist() == [[3, 3, 3, 2]] * 3


def test_partial_leaves_the_others_as_they_are(toys):
    filters = [Require([[], [[3, 4, 5, 3]], [[4]]])]
    found = decode(
        toys.model(), toys.source, Beam(3), max_length=4, filters=filters, unsatisfied="partial"
    )
    free = [Require([[], [], [[4]]])]
    whole = decode(toys.model(), toys.source, Beam(3), max_length=4, filters=free)
    for name in ("ids", "lengths", "scores"):
        some, all_of = (np.array(getattr(x, name)) for x in (found, whole))
        np.testing.assert_array_equal(some[[0, 2]], all_of[[0, 2]])
    ids, scores = np.array(found.ids)[1], np.array(found.scores)[1]
    assert ids[0].tolist() == [3, 4, 5, 2]  # as much of the phrase as fits
    for target, score in zip(ids.tolist(), scores, strict=True):
        expected = toys.model().log_prob(toys.firsts[1], target) / (9 / 6) ** 0.6
        np.testing.assert_allclose(score, expected, atol=3e-5)


@pytest.mark.parametrize("search", [Greedy(), Beam(2), Sample(samples=2)])
def test_nothing_left_at_all(toys, search):
    filters = [Forbid([[2], [3], [4], [5]])]
    with pytest.raises(ValueError, match=r"no target"):
        decode(toys.model(), toys.source, search, max_length=4, filters=filters)


def test_refuses_another_choice(toys):
    with pytest.raises(ValueError, match=r"`unsatisfied`.*'error' or 'partial'.*'skip'"):
        decode(toys.model(), toys.source, max_length=4, unsatisfied="skip")


def test_refuses_filters_for_another_number_of_sources(toys):
    with pytest.raises(ValueError, match=r"Prefix is for 2 sources, but there are 3"):
        decode(toys.model(), toys.source, max_length=4, filters=[Prefix([[3], [4]])])


def test_refuses_what_is_no_filter(toys):
    with pytest.raises(
        ValueError, match=r"Every item of `filters` must be a Filter, for example MinLength"
    ):
        decode(toys.model(), toys.source, max_length=4, filters=["min"])


def test_one_compiled_loop_serves_all_prefixes(toys):
    model = toys.model(51)  # no other test's
    for prefixes in ([[3], [4], [5]], [[4, 4], [], [3]], [[], [], []]):
        found = decode(model, toys.source, Beam(2), max_length=4, filters=[Prefix(prefixes)])
        for row, prefix in zip(np.array(found.ids)[:, 0], prefixes, strict=True):
            assert row[: len(prefix)].tolist() == prefix
    assert len(model._compiled) == 1


def test_partial_does_not_babble(toys):
    """Where nothing required can be had, the best target is that without the requirement."""
    filters = [Require([[[3]]] * 3), Forbid([[3]])]
    found = decode(
        toys.model(), toys.source, Beam(3), max_length=8, filters=filters, unsatisfied="partial"
    )
    free = decode(toys.model(), toys.source, Beam(3), max_length=8, filters=[Forbid([[3]])])
    np.testing.assert_array_equal(np.array(found.ids)[:, 0], np.array(free.ids)[:, 0])


@pytest.mark.parametrize("seed", [[1, 2], "a", 1.7, [[1]]])
def test_refuses_a_seed(toys, seed):
    with pytest.raises(ValueError, match=r"`seed`"):
        decode(toys.model(), toys.source, Sample(), max_length=4, seed=seed)


def test_takes_a_seed_of_any_size(toys):
    one, other = (
        np.array(decode(toys.model(), toys.source, Sample(samples=9), max_length=4, seed=s).ids)
        for s in (2**40, 0)
    )
    assert (one != other).any()


def test_inside_a_graph_filters_work(toys):
    import tensorflow as tf

    filters = [Forbid([[3]])]

    @tf.function
    def ids():
        return decode(toys.model(), toys.source, max_length=4, filters=filters).ids

    expected = decode(toys.model(), toys.source, max_length=4, filters=filters).ids
    np.testing.assert_array_equal(np.array(ids()), np.array(expected))


def test_few_graphs_are_kept(toys):
    model = toys.model(52)  # no other test's
    for token in (3, 4, 5):
        decode(model, toys.source, max_length=4, filters=[Forbid([[token]])])
    assert len(model._compiled) == 1
