"""What all metrics of texts share."""

import copy
import inspect
import pickle
from functools import partial

import pytest

from kseq2seq import metrics
from kseq2seq.metrics import TextScore
from kseq2seq.training import GenerationScore

SUMMED = [
    metrics.bleu,
    metrics.character_error_rate,
    metrics.chrf,
    metrics.chrf_plus,
    metrics.chunk_f1,
    metrics.edit_similarity,
    metrics.exact_match,
    metrics.kept_placeholders,
    metrics.same_placeholders,
    metrics.label_accuracy,
    metrics.label_f1,
    metrics.rouge1,
    metrics.rouge2,
    metrics.rougeL,
    metrics.ter,
    metrics.word_error_rate,
]
ERRORS = {metrics.ter, metrics.word_error_rate, metrics.character_error_rate}
TEXTS = ["B-A I-A O B-B O %s", "B-B I-B O O O O B-C {a}"]

pytestmark = pytest.mark.filterwarnings("ignore:.*NE tag")


@pytest.mark.parametrize("metric", SUMMED, ids=lambda metric: metric.__name__)
def test_the_same_texts_are_perfect_and_others_are_not(metric):
    best, worst = (0, 100) if metric in ERRORS else (100, 0)
    score = metric(TEXTS, TEXTS)
    assert type(score) is TextScore and score.signature.startswith("nrefs:1")
    assert score == pytest.approx(best)
    assert metric(["X Y", "Z"], TEXTS) == pytest.approx(worst, abs=12)
    assert metric(TEXTS, [["X", text] for text in TEXTS]) == pytest.approx(best, abs=50)
    halves = metric(["X Y", TEXTS[1]], TEXTS)
    assert min(best, worst) < halves < max(best, worst)


@pytest.mark.parametrize("metric", SUMMED, ids=lambda metric: metric.__name__)
def test_what_is_no_pair_of_texts_is_refused(metric):
    with pytest.raises(ValueError, match="2 hypotheses and 1 references"):
        metric(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="at least one"):
        metric([], [])
    with pytest.raises(TypeError, match="Text 1 of `hypotheses` must be a str"):
        metric(["a", None], ["a", "b"])


@pytest.mark.parametrize("metric", SUMMED, ids=lambda metric: metric.__name__)
def test_a_metric_is_a_function_that_documents_and_pickles(metric):
    assert pickle.loads(pickle.dumps(metric)) is metric is copy.deepcopy(metric)
    assert metric.__doc__ and metric.__module__.startswith("kseq2seq.metrics.")
    signature = inspect.signature(metric)
    assert list(signature.parameters)[:2] == ["hypotheses", "references"]
    assert signature.return_annotation == "TextScore"
    assert metric(hypotheses=TEXTS, references=TEXTS) == metric(TEXTS, TEXTS)


def test_settings_are_those_of_the_function_that_counts():
    assert "parts" in inspect.signature(metrics.word_error_rate).parameters
    assert partial(metrics.label_f1, average="micro")(["a b"], ["a a"]) == 50
    with pytest.raises(TypeError, match="unexpected keyword"):
        metrics.chrf(["a"], ["a"], tokenize="char")


def test_the_callback_takes_all_of_them():
    callback = GenerationScore(
        lambda texts: texts, TEXTS, TEXTS, {metric.__name__: metric for metric in SUMMED}
    )
    scores = callback.measure()
    assert list(scores) == [metric.__name__ for metric in SUMMED]
    assert scores["ter"] == 0 and scores["rougeL"] == 100
