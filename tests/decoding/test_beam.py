from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam
from kseq2seq.decoders import Decoder, Step
from kseq2seq.decoding import Loop

EXHAUSTIVE = 1 + 4 + 16 + 64
LIMITS = [4, 1, 3]
NEVER = float("-inf")


class Unstopped(Beam):
    """Searches to the limit, whatever the bound says."""

    def done(self, state, request):
        return super().done(state, request) & False


def best_first(prefixes, row, limit, width, alpha, patience=float("inf")):
    """The documented search, one dictionary look-up at a time."""
    live, finished = [(0.0, ())], []
    for step in range(limit):
        if len(finished) >= patience * width:
            break
        extended = []
        for total, prefix in live:
            after = prefixes.after[row][prefix]
            words = () if step + 1 == limit else prefixes.words
            extended += [(total + after[token], (*prefix, token)) for token in (2, *words)]
        extended.sort(reverse=True)
        finished += [
            (total / ((5 + len(target)) / 6) ** alpha, target)
            for total, target in extended[:width]
            if target[-1] == prefixes.end
        ]
        live = [hypothesis for hypothesis in extended if hypothesis[1][-1] != prefixes.end][:width]
    return sorted(finished, reverse=True)[:width]


def check_against(found, row, expected, prefixes, limit, alpha):
    """Scores agree rank by rank, and each target really has its score; so ties may swap."""
    count = len(expected)
    assert np.all(found.scores[row, count:] == NEVER)
    np.testing.assert_allclose(found.scores[row, :count], [s for s, _ in expected], atol=2e-5)
    seen = set()
    for rank in range(count):
        length = found.lengths[row, rank]
        target = tuple(found.ids[row, rank, :length].tolist())
        assert target in set(prefixes.targets(limit))
        score = prefixes.log_prob(row, target) / ((5 + length) / 6) ** alpha
        np.testing.assert_allclose(found.scores[row, rank], score, atol=2e-5)
        seen.add(target)
    assert len(seen) == count


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_exhaustive_beam_is_brute_force(lab, model, prefixes, alpha):
    table = prefixes(model)
    search = Beam(EXHAUSTIVE, alpha)
    found = lab.searched(model, lab.source, search, lab.max_length, limits=LIMITS)
    for row, limit in enumerate(LIMITS):
        check_against(found, row, table.ranked(row, limit, alpha), table, limit, alpha)


@pytest.mark.parametrize(("width", "alpha"), [(1, 0.0), (2, 1.0), (3, 0.6)])
def test_narrow_beam_is_the_documented_search(lab, model, prefixes, width, alpha):
    table = prefixes(model)
    found = lab.searched(model, lab.source, Beam(width, alpha), lab.max_length)
    for row in range(3):
        expected = best_first(table, row, lab.max_length, width, alpha)
        check_against(found, row, expected, table, lab.max_length, alpha)


@pytest.mark.parametrize(
    ("width", "alpha", "patience"), [(2, 0.6, 1), (3, 1.0, 0.5), (3, 0.6, 2.0)]
)
def test_patience_ends_the_search(lab, model, prefixes, width, alpha, patience):
    table = prefixes(model)
    search = Beam(width, alpha, patience=patience)
    found = lab.searched(model, lab.source, search, lab.max_length)
    for row in range(3):
        expected = best_first(table, row, lab.max_length, width, alpha, patience)
        check_against(found, row, expected, table, lab.max_length, alpha)


@pytest.mark.parametrize("search", [Beam(3), Beam(4, 0.0), Beam(2, 2.0)])
def test_reported_scores_are_the_models(lab, plain_model, search):
    max_length = 7
    limits = np.array([7, 4, 6])
    found = lab.searched(plain_model, lab.source, search, max_length, limits=limits)
    source = {
        name: np.repeat(value, search.num_hypotheses, axis=0) for name, value in lab.source.items()
    }
    targets = found.ids.reshape(-1, max_length)
    lengths = found.lengths.reshape(-1)
    log_probs = lab.teacher_forced(plain_model, source, targets)
    per_token = np.take_along_axis(log_probs, targets[:, :, None], -1)[:, :, 0]
    real = np.arange(max_length) < lengths[:, None]
    totals = np.where(real, per_token, 0).sum(1)
    expected = totals / ((5 + lengths) / 6) ** search.length_penalty
    assert np.all(lengths >= 1)
    np.testing.assert_allclose(found.scores.reshape(-1), expected, atol=5e-5)


def test_targets_are_complete_sorted_and_padded(lab, model):
    limits = np.array([5, 3, 6])
    found = lab.searched(model, lab.source, Beam(4), 6, limits=limits)
    assert found.ids.shape == (3, 4, 6)
    assert found.ids.dtype == found.lengths.dtype == np.int32
    assert found.scores.dtype == np.float32
    assert np.all(np.diff(found.scores, axis=1) <= 0)
    assert np.all(found.lengths <= limits[:, None])
    for ids, length in zip(found.ids.reshape(-1, 6), found.lengths.reshape(-1), strict=True):
        assert ids[length - 1] == 2
        assert not np.isin(ids[: length - 1], [0, 1, 2]).any()
        assert not ids[length:].any()


def test_missing_hypotheses_are_marked(lab, plain_model):
    found = lab.searched(plain_model, lab.source, Beam(8), 2, limits=[1, 2, 2])
    assert found.lengths[0].tolist() == [1] + [0] * 7
    assert sorted(found.lengths[1].tolist()) == [0] * 3 + [1] + [2] * 4
    for row, count in enumerate([1, 5, 5]):
        assert np.all(np.isfinite(found.scores[row, :count]))
        assert np.all(found.scores[row, count:] == NEVER)
        assert not found.ids[row, count:].any()
        assert not found.lengths[row, count:].any()


@pytest.mark.parametrize("search", [Beam(2, 0.0), Beam(3, 0.6), Beam(2, 1.5)])
def test_stopping_early_changes_nothing(lab, plain_model, search):
    arguments = (lab.source,)
    unstopped = Unstopped(search.beam_width, search.length_penalty)
    early = lab.searched(plain_model, *arguments, search, 9, limits=[9, 5, 8])
    late = lab.searched(plain_model, *arguments, unstopped, 9, limits=[9, 5, 8])
    np.testing.assert_array_equal(early.ids, late.ids)
    np.testing.assert_array_equal(early.lengths, late.lengths)
    np.testing.assert_array_equal(early.scores, late.scores)


class Scripted(Decoder):
    """The next token depends on the last one alone."""

    def __init__(self, probabilities):
        super().__init__()
        self.vocabulary_size, self.hidden_width = len(probabilities), 1
        self.script = np.log(np.asarray(probabilities, "float32"))

    def initial(self, encoded, length=0):
        return {}, {"nothing": np.zeros((len(encoded["mask"]), 1), "float32")}

    def call(self, tokens, context, state, position=0, training=None):
        import keras

        logits = keras.ops.take(self.script, tokens, axis=0)
        return Step(logits, logits[..., :1], None, state)


def test_does_not_stop_while_a_longer_target_could_win():
    """After one step the finished target leads; only the penalty at the limit tells otherwise."""
    rare, sure = 1e-4, 1 - 6e-4
    script = np.full((7, 7), rare)
    script[1, [2, 3]] = 0.51, 0.4895
    for word, following in ((3, 4), (4, 5), (5, 6), (6, 2)):
        script[word, following] = sure
    loop = Loop(Scripted(script), Beam(1, 2.0), 5)
    found = loop.finish(loop.run(loop.start({"mask": np.ones((3, 1), bool)}, [5, 2, 4])))
    ids = np.array(found.ids)[:, 0].tolist()
    assert ids == [[3, 4, 5, 6, 2], [2, 0, 0, 0, 0], [2, 0, 0, 0, 0]]
    longer = (np.log(0.4895) + 4 * np.log(sure)) / (10 / 6) ** 2
    expected = [longer, np.log(0.51), np.log(0.51)]
    np.testing.assert_allclose(np.array(found.scores)[:, 0], expected, atol=1e-4)


def test_stops_when_nothing_longer_could_win():
    script = np.full((7, 7), 1e-4)
    script[1, 2] = 0.95
    loop = Loop(Scripted(script), Beam(1, 2.0), 30)
    carry = loop.run(loop.start({"mask": np.ones((2, 1), bool)}))
    assert int(carry.live.step) == 1


def test_beams_are_values():
    assert Beam(3) == Beam(3, 0.6) != Beam(3, 0.0)
    assert hash(Beam(3)) == hash(Beam(3, 0.6))
    assert Beam(3) != Unstopped(3)


@pytest.mark.parametrize("width", [0, -1, 2.0, "2", True, None])
def test_refuses_a_width(width):
    with pytest.raises(ValueError, match=r"`beam_width`.*at least 1.*got"):
        Beam(width)


@pytest.mark.parametrize("penalty", [-0.1, float("nan"), float("inf"), "0.6", None])
def test_refuses_a_length_penalty(penalty):
    with pytest.raises(ValueError, match=r"`length_penalty`.*got"):
        Beam(2, penalty)
