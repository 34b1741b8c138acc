import pytest

from kseq2seq.metrics import below_baseline


@pytest.mark.parametrize(
    ("bleu", "chrf", "below"),
    [
        (3.0, 30.0, []),
        (0.1, 9.0, ["bleu", "chrf"]),
        (3.0, 9.0, ["chrf"]),
        (2.0, 30.0, ["bleu"]),  # as good is no better
        (float("nan"), 30.0, ["bleu"]),
    ],
)
def test_a_model_must_be_better_in_all(bleu, chrf, below):
    assert below_baseline({"bleu": bleu, "chrf": chrf}, {"bleu": 2.0, "chrf": 22.4}) == below


def test_scores_of_other_names_are_refused():
    with pytest.raises(ValueError, match="must have the same names; got bleu and chrf"):
        below_baseline({"bleu": 1.0}, {"chrf": 1.0})
