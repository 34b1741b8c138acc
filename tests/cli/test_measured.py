"""Tables of what was measured, and whether the last system is of use."""

from kseq2seq.cli.measured import report_measured, useless


def test_the_last_system_must_beat_each_before_it_in_what_they_share(capsys):
    table = {
        "chance": {"hits@1": 10.0},
        "counts": {"perplexity": 100.0, "hits@1": 20.0},
        "model": {"perplexity": 90.0, "hits@1": 20.0},
    }
    scores, below = report_measured("Pairs: 3", table)
    assert scores == {"perplexity": 90.0, "hits@1": 20.0}
    assert below == {"counts": ["hits@1"]}
    assert useless(below) and not useless({})
    said = capsys.readouterr().out
    assert "WARNING: no better than counts by hits@1." in said
    assert "chance" in said and " - " in said


def test_less_perplexity_is_better_and_nan_is_the_worst():
    worse = {"counts": {"perplexity": 90.0}, "model": {"perplexity": 100.0}}
    assert report_measured("x", worse)[1] == {"counts": ["perplexity"]}
    lost = {"counts": {"perplexity": 90.0}, "model": {"perplexity": float("nan")}}
    assert report_measured("x", lost)[1] == {"counts": ["perplexity"]}
