"""The recipe on files of a user's own: what it refuses, and one label for a text."""

import runpy
import sys
import warnings
from pathlib import Path

import pytest

from kseq2seq import Pipeline
from kseq2seq.runs import read_runs

RECIPE = Path(__file__).parents[2] / "recipes" / "sequence_labeling.py"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back at the end

    def call(*arguments):
        argv = [str(RECIPE), "--smoke", "--output", tmp_path / "out", *arguments]
        monkeypatch.setattr(sys, "argv", list(map(str, argv)))
        runpy.run_path(str(RECIPE), run_name="__main__")

    return call


def test_a_bad_line_ends_it_with_file_line_and_remedy(run, tmp_path, capsys):
    path = tmp_path / "my.conll"
    path.write_text("The\tDET\ntab\tNOUN\n\nStop\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        run("--data", path)
    assert ended.value.code == 1 and not (tmp_path / "out").exists()
    said = capsys.readouterr().err
    assert f"{path}:4: 1 field, expected a word and its label. Correct the line" in said
    assert "Traceback" not in said


def test_a_warm_encoder_gives_one_label_to_a_text(run, tmp_path, capsys):
    def write(name, rows):
        path = tmp_path / name
        path.write_text("\n".join(["source\ttarget", *rows]), encoding="utf-8")
        return path

    rows = [f"open file {n}\topen it" for n in range(40)]
    rows += [f"please close window {n}\tclose it" for n in range(40)]
    test = write("test.tsv", [*rows[:4], "run\tstart it"])
    run(
        *("--train", write("train.tsv", rows), "--validation", test, "--test", test),
        *("--task", "label", "--model", "masked_lm", "--words", "pieces", "--tokenizer", "bytes"),
        *("--pretrain", 0.005, "--steps", 40, "--max-length", 40),
    )
    said = capsys.readouterr().out
    assert "Guessing hidden tokens: loss" in said
    assert "1 of 5 test examples have a label that the model can't give" in said
    assert f"({test}:6: 'start it') and count as errors. Correct it, or add training" in said
    pipeline = Pipeline.load(tmp_path / "out" / "pipeline")
    assert pipeline.texts(["open file 77"]) == ["open it"]
    (kept,), _ = read_runs([tmp_path / "out"])
    assert kept.record["scores"]["accuracy"] == 80


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("--model transformer --pretrain 5", "add --words pieces"),
        ("--model masked_lm", "add --words pieces"),
        ("--words pieces --pretrain 5", "--pretrain is for --model transformer or masked_lm"),
        ("--task label --too-long split", "--task label gives one to a text"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(run, capsys, flags, told):
    with pytest.raises(SystemExit) as ended:
        run(*flags.split())
    assert ended.value.code == 2 and told in capsys.readouterr().err


def test_labels_of_texts_are_told_how_they_are_read(run, capsys):
    with pytest.raises(SystemExit):
        run("--data", "sample:statement")
    assert "or each text one by --task label" in capsys.readouterr().err
