"""N-grams beside a decoder and beside CTC, against all targets there are."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq import Beam, Greedy, SpecialTokens, build_model, decode
from kseq2seq.baselines import KneserNey
from kseq2seq.decoding import MinLength, NGrams, score_targets
from kseq2seq.decoding.filters.ngrams import next_log_probs
from kseq2seq.export.saved_model import export_saved_model
from kseq2seq.heads import Asked, Ctc
from kseq2seq.heads.ctc_search import best_labels
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
from tests.heads.conftest import labelings

SIZE, END, LENGTH = 6, 2, 4
ROWS = [[3, 4, 3, 2], [3, 4, 5, 2], [5, 5, 2], [4, 3, 4, 3, 2], [2]] * 3
IDS = np.array([[4, 5, 6, 3, 7], [6, 4, 3, 0, 0]], "int32")
SOURCE = {"source": IDS, "source_mask": (IDS != 0).astype("int32")}
WEIGHT, BONUS = 0.7, 0.4


@pytest.fixture(scope="module")
def ngrams():
    return KneserNey.fit(ROWS, SIZE, order=3)


def worth(ngrams, labels, end=True):
    """What labels gain, by the model in NumPy."""
    row = [*labels, END]
    each = ngrams.log_probs([row])[0]
    return WEIGHT * (each.sum() if end else each[:-1].sum()) + BONUS * len(labels)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_graph_computes_what_numpy_does(order):
    model = KneserNey.fit(ROWS, SIZE, order=order)
    for history in ([], [3], [3, 4], [0, 1], [4, 3, 4, 5], [5, 5, 5]):
        newest = [*history[::-1], *[SIZE] * order][: order - 1]
        made = next_log_probs(model, np.array([newest], "int32").reshape(1, order - 1))
        np.testing.assert_allclose(made, model.next([history]), atol=1e-5)


def test_an_exhaustive_beam_of_ctc_finds_the_best_sum(ngrams):
    rng = np.random.default_rng(5)
    logits = (2 * rng.normal(size=(3, 4, 4))).astype("float32")
    logits = np.pad(logits, ((0, 0), (0, 0), (0, 2)), constant_values=-3e4)
    logits[:, :, END] = -3e4  # the end is no label
    rule = NGrams(ngrams, WEIGHT, BONUS)
    of = rule.worth({name: tf.constant(x) for name, x in rule.given().items()}, SpecialTokens())
    made = best_labels(tf.constant(logits), 60, None, of)
    for row in range(3):
        wanted = {
            ids: score + worth(ngrams, ids)
            for ids, score in labelings(logits[row]).items()
            if score > -1e3
        }
        got = {
            tuple(ids[:length].tolist()): score
            for ids, length, score in zip(
                made.ids[row].numpy(),
                made.lengths[row].numpy(),
                made.scores[row].numpy(),
                strict=True,
            )
            if score > -1e3
        }
        assert got.keys() == wanted.keys() and len(got) > 8
        for ids, score in got.items():
            assert abs(score - wanted[ids]) < 1e-3, ids
        assert next(iter(got)) == max(wanted, key=wanted.get)


def test_in_a_narrow_beam_of_ctc_scores_are_right_and_companies_do_not_matter(ngrams):
    model = build_model("gru", 9, SIZE, head=Ctc(end=END), hidden_dim=8)
    filters = [NGrams(ngrams, WEIGHT, BONUS)]
    together = decode(model, SOURCE, Beam(3), max_length=LENGTH, filters=filters)
    alone = {name: x[1:, :3] for name, x in SOURCE.items()}
    one = decode(model, alone, Beam(3), max_length=LENGTH, filters=filters)
    np.testing.assert_array_equal(one.ids[0], together.ids[1])
    np.testing.assert_allclose(one.scores[0], together.scores[1], rtol=1e-4)
    nothing = decode(model, SOURCE, Beam(3), max_length=LENGTH, filters=[NGrams(ngrams, 0.0)])
    plain = decode(model, SOURCE, Beam(3), max_length=LENGTH)
    np.testing.assert_array_equal(nothing.ids, plain.ids)
    np.testing.assert_allclose(nothing.scores, plain.scores, rtol=1e-5)
    twice = decode(model, SOURCE, Beam(3), max_length=LENGTH, filters=filters * 2)
    double = [NGrams(ngrams, 2 * WEIGHT, 2 * BONUS)]
    both = decode(model, SOURCE, Beam(3), max_length=LENGTH, filters=double)
    np.testing.assert_allclose(twice.scores, both.scores, rtol=1e-4)


def test_an_exhaustive_beam_of_a_decoder_finds_the_best_sum(ngrams):
    model = build_model("gru", 9, SIZE, hidden_dim=8)
    filters = [NGrams(ngrams, WEIGHT, BONUS)]
    found = decode(model, SOURCE, Beam(40, length_penalty=0.0), max_length=LENGTH, filters=filters)
    targets = [
        (*labels, END) + (0,) * (LENGTH - 1 - count)
        for count in range(LENGTH)
        for labels in itertools.product((3, 4, 5), repeat=count)
    ]
    for row in range(2):
        many = {name: np.repeat(x[row : row + 1], len(targets), 0) for name, x in SOURCE.items()}
        own = np.sum(score_targets(model, many, np.array(targets)), axis=1)
        wanted = {
            ids: score + worth(ngrams, ids[: ids.index(END)])
            for ids, score in zip(targets, own, strict=True)
        }
        best = max(wanted, key=wanted.get)
        assert tuple(found.ids[row, 0].numpy()) == best
        assert abs(found.scores[row, 0] - wanted[best]) < 1e-3


def test_files_hold_it_or_refuse_it(ngrams, tmp_path):
    tokenizer = ByteTokenizer()
    source, target = TextSource(tokenizer, 8), TextTarget(tokenizer, 4)
    model = build_model("gru", source, target, head="ctc", hidden_dim=4)
    rows = target.ids(["ab", "ba"]).to_list()
    bytes_of = KneserNey.fit(rows, target.size, order=3)
    filters, pipeline = [NGrams(bytes_of, bonus=1.0)], ks.Pipeline(model, source, target, Beam(2))
    with pytest.raises(ValueError, match="NGrams uses operations that TFLite lacks"):
        pipeline.export(tmp_path / "model.tflite", filters=filters)
    served = tmp_path / "served"
    searches = {"serving_default": Beam(2)}
    export_saved_model(served, model, source, target, searches=searches, filters=filters)
    made = tf.saved_model.load(served).signatures["serving_default"](texts=tf.constant(["abab"]))
    wanted = pipeline(["abab"], filters=filters)[0]
    assert made["texts"].numpy()[0, 0].decode() == wanted.text
    np.testing.assert_allclose(made["scores"].numpy()[0, 0], wanted.score, rtol=1e-4)


def test_what_makes_no_sense_is_refused(ngrams):
    model = build_model("gru", 9, SIZE, head="ctc", hidden_dim=4)
    with pytest.raises(ValueError, match=r"NGrams weighs.*'ctc' needs Beam"):
        decode(model, SOURCE, Greedy(), max_length=3, filters=[NGrams(ngrams)])
    with pytest.raises(ValueError, match=r"MinLength is a rule about the next token of a decoder"):
        decode(model, SOURCE, Beam(2), max_length=3, filters=[MinLength(2)])
    labels = build_model("gru", 9, SIZE, head="label", hidden_dim=4)
    with pytest.raises(ValueError, match=r"NGrams weighs.*'label' has not"):
        decode(labels, SOURCE, Beam(2), max_length=3, filters=[NGrams(ngrams)])
    with pytest.raises(ValueError, match="n-grams are of 6 ids and the model has 9"):
        decode(
            build_model("gru", 9, 9, hidden_dim=4), SOURCE, max_length=3, filters=[NGrams(ngrams)]
        )
    with pytest.raises(ValueError, match="must be a KneserNey"):
        NGrams(model)
    assert Asked().worth is None and "weight=0.5" in repr(NGrams(ngrams))
