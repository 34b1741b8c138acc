from typing import NamedTuple

import pytest

from kseq2seq import Greedy
from kseq2seq.cli import Recipe, report
from kseq2seq.cli.report import as_text, references_of
from kseq2seq.data import Pair
from kseq2seq.metrics import character_error_rate, distinct_1, exact_match

PAIRS = [Pair("a b", "x y", "1"), Pair("c d", "z", "2")]


def errors(texts, references):
    return 100.0 * sum(text != wanted for text, wanted in zip(texts, references, strict=True)) / 2


def right(texts, references):
    return 100.0 - errors(texts, references)


def test_each_baseline_has_a_row_and_those_not_beaten_are_named(capsys):
    baselines = {"always x y": ["x y", "x y"], "first word": ["a", "c"]}
    metrics = {"right": right, "WER": errors}
    scores, below = report(PAIRS, ["x y", "d"], Greedy(), baselines, metrics)
    assert scores == {"right": 50.0, "wer": 50.0}
    assert below == {"always x y": ["right", "WER"]}
    rows = capsys.readouterr().out.splitlines()[1:5]
    assert [row.split()[0] for row in rows] == ["Held-out", "always", "first", "Greedy()"]
    assert rows[2].split()[-2:] == ["0.0", "100.0"]


def test_fewer_errors_are_better():
    _, below = report(PAIRS, ["x y", "z"], Greedy(), {"none": ["", ""]}, {"WER": errors})
    assert below == {}
    _, below = report(PAIRS, ["", ""], Greedy(), {"all": ["x y", "z"]}, {"WER": errors})
    assert below == {"all": ["WER"]}


def test_metrics_that_decide_nothing_are_only_printed(capsys):
    metrics = {"right": right, "distinct": lambda texts, _: float(len(set(texts)))}
    baselines = {"copying": ["a b", "c d"]}
    report(PAIRS, ["x y", "z"], Greedy(), baselines, metrics)
    assert report(PAIRS, ["x y", "z"], Greedy(), baselines, metrics)[1] == {"copying": ["distinct"]}
    assert report(PAIRS, ["x y", "z"], Greedy(), baselines, metrics, decisive=["right"])[1] == {}
    with pytest.raises(ValueError, match=r"names of metrics \(right, distinct\); got \['left'\]"):
        report(PAIRS, ["x y", "z"], Greedy(), baselines, metrics, decisive=["left"])
    with pytest.raises(ValueError, match="`decisive` must be a list of names"):
        Recipe("task", None, data="FILE", models={"gru": {}}, metrics=metrics, decisive="right")


def test_a_score_that_is_no_number_beats_nothing_and_is_beaten(capsys):
    def strict(texts, references):
        return float("nan") if "" in texts else right(texts, references)

    for texts, baseline, below in (
        (["x y", "d"], ["", ""], {}),
        (["", ""], ["x y", "d"], {"it": ["strict"]}),
        (["", ""], ["", ""], {"it": ["strict"]}),
    ):
        found = report(PAIRS, texts, Greedy(), {"it": baseline}, {"strict": strict}, interval=True)
        assert found[1] == below
    assert "nan" in capsys.readouterr().out


def test_bounds_and_p_values_are_rows_of_their_own(capsys):
    pairs = [Pair("a", "x", "")] * 30
    made, worse = ["x"] * 27 + ["a"] * 3, ["x"] * 9 + ["a"] * 21
    metrics = {"EM": exact_match, "distinct": distinct_1, "CER": character_error_rate}
    baselines = {"guessing": worse, "the same": list(made)}
    scores, below = report(
        pairs, made, Greedy(), baselines, metrics, decisive=["EM"], interval=True
    )
    lines = capsys.readouterr().out.splitlines()
    assert "  EM: nrefs:1|case:mixed" in lines
    rows = [row.rsplit(maxsplit=3) for row in lines[4:9]]
    assert [row[0].strip() for row in rows] == [
        "Greedy()",
        "at 95 %, at least",
        "and at most",
        "p-value, guessing",
        "p-value, the same",
    ]
    low, high = (list(map(float, row[1::2])) for row in rows[1:3])
    assert low == [pytest.approx(80, abs=4), 0]
    assert high == [100, pytest.approx(20, abs=4)]
    assert [row[2] for row in rows[1:3]] == ["-", "-"]
    assert rows[3][1:] == ["0.001", "1.000", "0.001"]
    assert rows[4][1:] == ["1.000"] * 3
    assert scores == {"em": 90, "distinct": pytest.approx(200 / 30), "cer": 10}
    assert below == {"the same": ["EM"]}


def test_an_example_may_have_several_references():
    class Example(NamedTuple):
        source: str
        target: str
        references: tuple[str, ...] = ()

    some = [Example("a", "b", ("c", "b")), Example("d", "e")]
    assert references_of(some) == [["b", "c"], ["e"]]


def test_an_array_is_shown_by_its_shape():
    import numpy as np

    assert as_text(np.zeros((3, 2))) == "ndarray (3, 2)"
    assert as_text("a text") == "a text"
