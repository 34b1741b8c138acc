from typing import NamedTuple

from kseq2seq import Greedy
from kseq2seq.cli import report
from kseq2seq.cli.report import as_text, references_of
from kseq2seq.data import Pair

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
