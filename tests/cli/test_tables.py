"""Tables of numbers, and whether a model is better than its baselines."""

import pytest

from kseq2seq.cli.tables import not_better, print_table, useless

COUNTS = {"counts": {"perplexity": 90.0}}


def test_a_model_must_beat_each_baseline_in_what_they_share(capsys):
    baselines = {"chance": {"hits@1": 10.0}, "counts": {"perplexity": 100.0, "hits@1": 20.0}}
    below = not_better({"perplexity": 90.0, "hits@1": 20.0}, baselines)
    assert below == {"counts": ["hits@1"]}
    assert useless(below) and not useless({})
    assert "WARNING: no better than counts by hits@1." in capsys.readouterr().out


@pytest.mark.parametrize("lost", [100.0, 90.0, float("nan")])
def test_less_perplexity_is_better_and_nan_is_the_worst(lost):
    assert not_better({"perplexity": lost}, COUNTS) == {"counts": ["perplexity"]}
    assert not_better({"perplexity": lost}, COUNTS, names=["hits@1"]) == {}
    assert not_better({"perplexity": 89.0}, COUNTS) == {}


def test_columns_are_those_of_all_rows_and_gaps_are_left_open(capsys):
    print_table("Of", {"one": {"a": 1.0}, "two": {"long name": "text", "a": 2.25}}, decimals=2)
    head, one, two = capsys.readouterr().out.splitlines()[1:]
    assert head.split() == ["Of", "a", "long", "name"]
    assert one.split() == ["one", "1.00", "-"]
    assert two.split() == ["two", "2.25", "text"]
    assert len({len(line) for line in (head, one, two)}) == 1
