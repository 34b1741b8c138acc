"""CTC in a decoder's beam against all targets there are."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import Beam, Ensemble, Greedy, SpecialTokens, build_model, decode
from kseq2seq.decoding import CtcPrefix, MinLength, score_targets, search_targets
from kseq2seq.heads import CtcLoss

IDS = np.array([[4, 5, 6, 3, 7], [6, 4, 3, 0, 0], [8, 5, 0, 0, 0], [5, 5, 7, 6, 0]], "int32")
SOURCE = {"source": IDS, "source_mask": (IDS != 0).astype("int32")}
LENGTH, VOCABULARY = 4, 6


@pytest.fixture(scope="module")
def model():
    made = build_model("gru", 9, VOCABULARY, head="joint", hidden_dim=8, dropout=0.0)
    rng = np.random.default_rng(3)
    for weight in made.weights:
        weight.assign(np.asarray(weight) + rng.normal(scale=0.6, size=weight.shape))
    return made


@pytest.fixture(scope="module")
def everything(model):
    """All targets, and what the decoder and CTC make of them for each source."""
    targets = [
        (*labels, 2) + (0,) * (LENGTH - 1 - count)
        for count in range(LENGTH)
        for labels in itertools.product((3, 4, 5), repeat=count)
    ]
    ctc = model.head(model.encoder(SOURCE), training=False)
    scores = []
    for row in range(len(IDS)):
        many = {name: np.repeat(x[row : row + 1], len(targets), 0) for name, x in SOURCE.items()}
        decoder = np.sum(score_targets(model, many, np.array(targets)), axis=1)
        logits = tf.repeat(ctc[row : row + 1], len(targets), 0)
        loss = CtcLoss(end=2)
        each = loss.call(np.array(targets), logits) * loss.weights(np.array(targets))
        scores.append((decoder, np.where(each > 0, -each, -np.inf)))
    return targets, scores


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_an_exhaustive_beam_finds_the_best_weighted_sum(model, everything, weight):
    targets, scores = everything
    search = Beam(40, length_penalty=0.0)
    found = decode(
        model, SOURCE, search, max_length=LENGTH, filters=[CtcPrefix(model, weight=weight)]
    )
    for row, (decoder, ctc) in enumerate(scores):
        total = (1 - weight) * decoder + weight * np.where(np.isfinite(ctc), ctc, -1e9)
        wanted = {t: s for t, s, c in zip(targets, total, ctc, strict=True) if np.isfinite(c)}
        got = {
            tuple(ids): score
            for ids, score in zip(found.ids[row].numpy().tolist(), found.scores[row], strict=True)
            if np.isfinite(score)
        }
        assert got.keys() == wanted.keys()
        for ids, score in got.items():
            assert abs(score - wanted[ids]) < 2e-3, (row, ids)
        assert tuple(found.ids[row, 0].numpy()) == max(wanted, key=wanted.get)


def test_no_row_depends_on_its_company_however_it_is_decoded(model):
    filters = [CtcPrefix(model, weight=0.5)]
    for search in (Greedy(), Beam(3)):
        whole = decode(model, SOURCE, search, max_length=LENGTH, filters=filters)
        in_one_graph = search_targets(model, SOURCE, search, LENGTH, filters=filters)
        np.testing.assert_array_equal(whole.ids, in_one_graph.ids)
        for row, count in enumerate((IDS != 0).sum(1)):
            alone = {name: x[row : row + 1, :count] for name, x in SOURCE.items()}
            found = decode(model, alone, search, max_length=LENGTH, filters=filters)
            np.testing.assert_array_equal(found.ids[0], whole.ids[row])
            np.testing.assert_allclose(found.scores[0], whole.scores[row], rtol=1e-4, atol=1e-5)


def test_many_sources_of_unlike_lengths_are_decoded_in_parts(model):
    rng = np.random.default_rng(0)
    counts = np.array([2] * 16 + [5] * 2 + [12] * 2)
    ids = rng.integers(3, 9, (20, 12)).astype("int32") * (np.arange(12) < counts[:, None])
    source = {"source": ids, "source_mask": (ids != 0).astype("int32")}
    filters = [CtcPrefix(model, weight=0.5)]
    parts = decode(model, source, Beam(2), max_length=LENGTH, filters=filters)
    one = search_targets(model, source, Beam(2), LENGTH, filters=filters)
    np.testing.assert_array_equal(parts.ids, one.ids)
    np.testing.assert_allclose(parts.scores, one.scores, rtol=1e-4, atol=1e-5)


def test_it_works_beside_filters_and_in_an_ensemble(model):
    other = build_model("gru", 9, VOCABULARY, hidden_dim=8)
    filters = [MinLength(2), CtcPrefix(model, weight=0.9, member=1)]
    found = decode(Ensemble([other, model]), SOURCE, max_length=LENGTH, filters=filters)
    assert (found.lengths.numpy() >= 2).all()
    alone = decode(
        Ensemble([model]), SOURCE, max_length=LENGTH, filters=[CtcPrefix(model, weight=0.9)]
    )
    same = decode(model, SOURCE, max_length=LENGTH, filters=[CtcPrefix(model, weight=0.9)])
    np.testing.assert_array_equal(alone.ids, same.ids)


def test_few_candidates_leave_the_end_and_forbid_the_rest(model):
    found = decode(
        model, SOURCE, max_length=LENGTH, filters=[CtcPrefix(model, weight=0.2, candidates=1)]
    )
    assert np.isfinite(found.scores).all()


def test_what_makes_no_sense_is_refused(model):
    plain = build_model("gru", 9, VOCABULARY, hidden_dim=4)
    with pytest.raises(ValueError, match="built with head='joint'"):
        CtcPrefix(plain)
    with pytest.raises(ValueError, match="`weight`"):
        CtcPrefix(model, weight=2)
    larger = build_model("gru", 9, 7, hidden_dim=4)
    with pytest.raises(ValueError, match="CTC head has 6 ids"):
        decode(larger, SOURCE, max_length=3, filters=[CtcPrefix(model)])
    special = SpecialTokens(end=3, unknown=2)
    with pytest.raises(ValueError, match="built for the end 2"):
        decode(model, SOURCE, max_length=3, special=special, filters=[CtcPrefix(model)])
