"""Scores of labels."""

import pytest
from seqeval.metrics import f1_score as seqeval_f1
from sklearn.metrics import classification_report
from sklearn.metrics import f1_score as sklearn_f1

from kseq2seq.metrics import chunk_f1, label_accuracy, label_f1, label_report
from kseq2seq.text import LabelTarget


def test_labels_are_compared_place_by_place():
    assert label_accuracy(["a b c"], ["a x c"]) == pytest.approx(200 / 3)
    assert label_accuracy(["a", ""], ["a b", "c"]) == pytest.approx(100 / 3)  # missing is wrong
    assert label_accuracy(["a b c"], ["a b"]) == 100  # one too many has no reference
    assert label_accuracy(["b a"], [["a b", "b c"]]) == 50  # the nearer reference


@pytest.mark.parametrize("metric", [label_accuracy, label_f1, label_report, chunk_f1])
def test_what_makes_no_sense_is_refused(metric):
    with pytest.raises(ValueError, match="2 hypotheses and 1 references"):
        metric(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="hold no text"):
        metric(["a"], [" "])


def test_a_label_may_hold_spaces():
    whole = LabelTarget(["soft news", "hard news"], whole=True)
    assert label_accuracy(["soft news"], ["hard news"], whole.parts) == 0
    assert label_accuracy(["soft  news"], ["soft news"], whole.parts) == 100
    assert label_f1(["soft news"] * 2, ["hard news", "soft news"], parts=whole.parts) == (
        pytest.approx(100 / 3)
    )
    assert list(label_report(["soft news"], ["hard news"], whole.parts)) == [
        "hard news",
        "soft news",
    ]
    with pytest.raises(ValueError, match="one label as a whole can't be split"):
        whole.join(["soft news", "hard news"])


@pytest.fixture(scope="module")
def tagged():
    """300 sequences of labels, of which about a third are wrong."""
    import numpy as np

    draw = np.random.default_rng(3)
    kinds = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-RARE"]
    odds = [0.4, 0.2, 0.15, 0.12, 0.12, 0.01]
    wanted = [list(draw.choice(kinds, size=n % 12 + 1, p=odds)) for n in range(300)]
    made = [
        [label if draw.random() > 0.3 else str(draw.choice(kinds[:5])) for label in row]
        for row in wanted
    ]
    return made, wanted


def joined(rows):
    return [" ".join(row) for row in rows]


def test_equal_scikit_learn(tagged):
    made, wanted = tagged
    flat = [[label for row in rows for label in row] for rows in (wanted, made)]
    texts = joined(made), joined(wanted)
    for average in ("macro", "micro"):
        theirs = 100 * sklearn_f1(*flat, average=average, zero_division=0)
        assert label_f1(*texts, average=average) == pytest.approx(theirs)
    assert label_f1(*texts, average="micro") == pytest.approx(label_accuracy(*texts))
    report, theirs = label_report(*texts), classification_report(*flat, output_dict=True)
    for name, row in report.items():
        other = theirs[name]
        assert row[:3] == pytest.approx(
            (100 * other["precision"], 100 * other["recall"], 100 * other["f1-score"])
        )
        assert row.support == other["support"]
    counts = [row.support for row in report.values()]
    assert counts == sorted(counts, reverse=True) and len(counts) == 6


def test_equal_seqeval(tagged):
    made, wanted = tagged
    assert chunk_f1(joined(made), joined(wanted)) == pytest.approx(100 * seqeval_f1(wanted, made))


def test_missing_labels_and_those_too_many():
    # a: 1 right of 1 given and 2 wanted; b: 0 right of 1 given.
    report = label_report(["a", "x b"], ["a a", "x"])
    assert report["a"] == (100, 50, pytest.approx(200 / 3), 2)
    assert report["b"] == (0, 0, 0, 0)
    assert label_f1(["a", "x b"], ["a a", "x"]) == pytest.approx((200 / 3 + 0 + 100) / 3)
    assert label_f1(["b a"], [["a b", "b c"]], average="micro") == 50
    assert chunk_f1(["B-A"], ["B-A I-A"]) == 0  # the chunk ends too early
    assert chunk_f1(["B-A O B-B"], ["B-A O"]) == 100
    assert chunk_f1(["B-A"], [["B-B", "B-A"]]) == 100
    assert chunk_f1(["O"], ["O"]) == 0  # nothing was found


def test_an_unknown_average_is_refused():
    with pytest.raises(ValueError, match=r"or .micro.; got 'weighted'"):
        label_f1(["a"], ["a"], average="weighted")
