from __future__ import annotations

import numpy as np
import pytest

from kseq2seq import Beam, Ensemble, Pipeline
from kseq2seq.pipeline import Prediction, rerank
from kseq2seq.text import TextSource, TextTarget

TEXTS = ["hello", "안녕", "a longer one", "b"]


def test_score_is_what_the_search_gives(pipeline):
    for prediction, source in zip(pipeline(TEXTS, search=Beam(3, 0.0)), TEXTS, strict=True):
        for text, score in [(prediction.text, prediction.score), *prediction.alternatives]:
            tokens = pipeline.target.tokens([text]).to_list()[0]
            if "\ufffd" in text:  # bytes that are no text do not come back as they were
                continue
            made = pipeline.score([source], [text])[0]
            assert made.log_prob == pytest.approx(score, abs=1e-4)
            assert len(made.tokens) == len(made.log_probs) == len(tokens)
            assert made.tokens[-1] == "<end>"
            assert sum(made.log_probs) == pytest.approx(made.log_prob, abs=1e-5)


def test_score_keeps_the_order_and_batches_do_not_matter(pipeline):
    targets = ["x", "yy", "", "zzz"]
    whole = pipeline.log_probs(TEXTS, targets)
    by_one = [pipeline.log_probs([s], [t])[0] for s, t in zip(TEXTS, targets, strict=True)]
    np.testing.assert_allclose(whole, by_one, atol=1e-4)
    np.testing.assert_allclose(
        whole, [s.log_prob for s in pipeline.score(TEXTS, targets, batch_size=2)], atol=1e-4
    )
    assert pipeline.score([], []) == []


def test_score_refuses(pipeline):
    with pytest.raises(ValueError, match=r"one target for each source; got 2 sources and 1"):
        pipeline.score(["a", "b"], ["c"])
    with pytest.raises(ValueError, match=r"limit is 24"):
        pipeline.score(["a" * 30], ["c"])
    with pytest.raises(ValueError, match=r"limit is 16"):
        pipeline.score(["a"], ["c" * 30])
    with pytest.raises(TypeError, match=r"must be a str"):
        pipeline.score(["a"], [3])


def test_an_ensemble_scores_too(pipeline, wild):
    other = wild("gru", seed=5)
    both = Pipeline(
        Ensemble([pipeline.model, other.model]), pipeline.source, pipeline.target, Beam(2)
    )
    one, two, mean = (np.array(p.log_probs(["abc"], ["de"])) for p in (pipeline, other, both))
    assert min(one, two) < mean < max(one, two)
    assert both(["abc"])[0].score != pytest.approx(pipeline(["abc"], search=Beam(2))[0].score)


def test_rerank_by_the_other_direction(pipeline, wild):
    tokenizer, model = pipeline.target.tokenizer, wild("gru", seed=3).model
    sides = TextSource(tokenizer, 80), TextTarget(tokenizer, 80)
    reverse, forward = Pipeline(model, *sides), Pipeline(pipeline.model, *sides)
    predictions = pipeline(TEXTS, search=Beam(4))
    made = rerank(
        TEXTS, predictions, [(lambda s, t: reverse.log_probs(t, s), 2.0), (forward.log_probs, 0.5)]
    )
    for source, before, after in zip(TEXTS, predictions, made, strict=True):
        found = [(before.text, before.score), *before.alternatives]
        texts = [text for text, _ in found]
        expected = (
            np.array([score for _, score in found])
            + 2 * np.array(reverse.log_probs(texts, [source] * len(texts)))
            + 0.5 * np.array(forward.log_probs([source] * len(texts), texts))
        )
        order = np.argsort(-expected, kind="stable")
        given = [(after.text, after.score), *after.alternatives]
        assert [text for text, _ in given] == [texts[n] for n in order]
        np.testing.assert_allclose([score for _, score in given], expected[order], atol=1e-3)
        assert after.source_tokens == before.source_tokens
        assert bool(after.target_tokens) == (after.text == before.text)


@pytest.mark.parametrize("source", [["Hi", "Yo"], np.zeros((3, 2)), {"values": 1}, "Hi"])
def test_rerank_hands_sources_of_any_kind_to_scorers(source):
    given = []

    def scorer(sources, targets):
        given.extend(sources)
        return [0.0, 9.0]

    (ranked,) = rerank([source], [Prediction("a", -1.0, [("b", -2.0)])], [(scorer, 1.0)])
    assert ranked.text == "b" and all(one is source for one in given)


def test_rerank_refuses():
    one = Prediction("a", -1.0, [("b", -2.0)])
    with pytest.raises(ValueError, match=r"`sources` must be a list of raws; got one source, 'x'"):
        rerank("x", [one], [])
    with pytest.raises(ValueError, match=r"got 2 sources and 1 predictions"):
        rerank(["x", "y"], [one], [])
    with pytest.raises(ValueError, match=r"one number for each of 2 pairs; it returned.*\(1,\)"):
        rerank(["x"], [one], [(lambda s, t: [1.0], 1.0)])
