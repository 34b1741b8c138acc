"""Decoding models that have no decoder: what is asked, refused, cut and filled up."""

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import Beam, DiverseBeam, Ensemble, Greedy, Sample, build_model, decode
from kseq2seq.decoding import MinLength, Search, score_targets, search_targets
from kseq2seq.training import packed, truncated

IDS = np.array([[4, 5, 6, 3], [6, 4, 0, 0], [8, 0, 0, 0]], "int32")
SOURCE = {"source": IDS, "source_mask": IDS != 0}


@pytest.fixture(scope="module")
def models():
    heads = ("labels", "label", "ctc")
    return {head: build_model("gru", 9, 4, head=head, hidden_dim=8) for head in heads}


def test_answers_are_cut_at_their_limits_and_say_so(models):
    model = models["labels"]
    whole = decode(model, SOURCE, max_length=6)
    assert whole.ids.shape == (3, 1, 6) and whole.lengths.numpy().ravel().tolist() == [4, 2, 1]
    short = decode(model, SOURCE, max_length=2)
    np.testing.assert_array_equal(short.ids, whole.ids.numpy()[:, :, :2])
    assert short.lengths.numpy().ravel().tolist() == [2, 2, 1]
    assert short.finished.numpy().ravel().tolist() == [False, True, True]
    limited = decode(model, SOURCE, max_length=6, limits=[3, 1, 1])
    assert limited.lengths.numpy().ravel().tolist() == [3, 1, 1]
    assert limited.finished.numpy().ravel().tolist() == [False, False, True]
    assert (limited.ids.numpy()[0, 0, 3:] == 0).all()


def test_there_are_as_many_answers_as_a_beam_is_wide(models):
    found = decode(models["label"], SOURCE, Beam(5), max_length=2)
    assert found.ids.shape == (3, 5, 2)
    assert found.lengths.numpy().tolist() == [[1, 1, 1, 0, 0]] * 3
    assert np.isneginf(found.scores.numpy()[:, 3:]).all() and found.finished.numpy().all()
    np.testing.assert_allclose(np.exp(found.scores).sum(1) < 1, True)
    best = decode(models["label"], SOURCE, Beam(5, n_best=1), max_length=2)
    np.testing.assert_array_equal(best.ids, decode(models["label"], SOURCE, max_length=2).ids)
    two = decode(models["ctc"], SOURCE, Beam(4, n_best=2), max_length=3)
    assert two.ids.shape == (3, 2, 3)


@pytest.mark.parametrize(
    "head, search", [("labels", Greedy()), ("label", Beam(2)), ("ctc", Beam(2))]
)
def test_graphs_of_any_batch_and_xla_agree(models, head, search):
    model = models[head]
    wanted = decode(model, SOURCE, search, max_length=4)
    graph = tf.function(
        lambda source, source_mask: search_targets(
            model, {"source": source, "source_mask": source_mask}, search, 4
        ),
        input_signature=[
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None, None], tf.bool),
        ],
    )
    for found in (graph(**SOURCE), decode(model, SOURCE, search, max_length=4, jit_compile=True)):
        np.testing.assert_array_equal(found.ids, wanted.ids)
        np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-4)
    shape = graph.get_concrete_function().structured_outputs.ids.shape
    assert shape[1:] == (search.num_hypotheses, 4)


@pytest.mark.parametrize(
    "head, options, message",
    [
        ("labels", {"search": Beam(2)}, "'labels' answers by Greedy\\(\\); got Beam"),
        ("ctc", {"search": Sample()}, "answers by Greedy\\(\\) or Beam\\(beam_width\\)"),
        ("label", {"search": DiverseBeam(4, groups=2)}, "answers by Greedy"),
        ("ctc", {"search": Beam(2, coverage_penalty=0.1)}, "has no decoder"),
        ("ctc", {"search": Beam(2, patience=1)}, "has no decoder"),
        ("ctc", {"search": Search}, "must be a Search"),
        ("ctc", {"search": Beam(60_000)}, "A beam over 3 sources"),
        ("ctc", {"filters": [MinLength(2)]}, "Leave `filters` out"),
        ("ctc", {"max_length": 0}, "`max_length` must be"),
        ("ctc", {"limits": [9, 1, 1]}, "`limits` must lie between"),
        ("ctc", {"inputs": {"ids": IDS}}, "must have the keys"),
    ],
)
def test_what_a_head_can_not_do_is_refused(models, head, options, message):
    options = {"inputs": SOURCE, "max_length": 3, **options}
    with pytest.raises(ValueError, match=message):
        decode(models[head], **options)


def test_what_needs_a_decoder_says_so(models):
    with pytest.raises(ValueError, match="must have a decoder"):
        score_targets(models["ctc"], SOURCE, IDS)
    with pytest.raises(ValueError, match="with a decoder"):
        Ensemble([models["ctc"]])
    with pytest.raises(TypeError, match="with a decoder"):
        packed(models["labels"])
    joint = build_model("gru", 9, 9, head="joint", hidden_dim=4)
    with pytest.raises(TypeError, match="learns by CTC, too"):
        truncated(joint, steps=2)
