from __future__ import annotations

import numpy as np

from kseq2seq import Beam, Greedy


def test_takes_the_likeliest_token_each_time(lab, model, prefixes):
    table = prefixes(model)
    limits = [4, 1, 3]
    found = lab.searched(model, lab.source, Greedy(), lab.max_length, limits=limits)
    for row, limit in enumerate(limits):
        target: tuple = ()
        while not target or target[-1] != table.end:
            after = table.after[row][target]
            last = len(target) + 1 == limit
            target += (table.end if last else max((2, *table.words), key=after.__getitem__),)
        assert found.lengths[row].tolist() == [len(target)]
        assert found.ids[row, 0].tolist() == [*target, *[0] * (lab.max_length - len(target))]
        np.testing.assert_allclose(found.scores[row, 0], table.log_prob(row, target), atol=2e-5)


def test_is_beam_search_of_width_one(lab, model):
    limits = [8, 5, 7]
    greedy = lab.searched(model, lab.source, Greedy(), 8, limits=limits)
    beam = lab.searched(model, lab.source, Beam(1, 0.0), 8, limits=limits)
    np.testing.assert_array_equal(greedy.ids, beam.ids)
    np.testing.assert_array_equal(greedy.lengths, beam.lengths)
    np.testing.assert_allclose(greedy.scores, beam.scores, atol=1e-5)


def test_score_is_the_models(lab, plain_model):
    found = lab.searched(plain_model, lab.source, Greedy(), 9)
    targets, lengths = found.ids[:, 0], found.lengths[:, 0]
    log_probs = lab.teacher_forced(plain_model, lab.source, targets)
    per_token = np.take_along_axis(log_probs, targets[:, :, None], -1)[:, :, 0]
    expected = np.where(np.arange(9) < lengths[:, None], per_token, 0).sum(1)
    np.testing.assert_allclose(found.scores[:, 0], expected, atol=5e-5)


def test_nothing_follows_the_end(lab, model):
    found = lab.searched(model, lab.source, Greedy(), 9)
    for ids, length in zip(found.ids[:, 0], found.lengths[:, 0], strict=True):
        assert ids[length - 1] == 2
        assert not np.isin(ids[: length - 1], [0, 1, 2]).any()
        assert not ids[length:].any()
