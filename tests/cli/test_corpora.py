import argparse

import numpy as np
import pytest

from kseq2seq.cli import Messages, read_corpora
from kseq2seq.data import Example, named_pairs
from kseq2seq.speech import AudioSource


def corpora(**given):
    options = argparse.Namespace(**{"data": None, "columns": ["source", "target"], **given})
    return read_corpora(options, named_pairs, Messages({}), "files")


@pytest.fixture
def file(tmp_path):
    def write(name, numbers):
        rows = ["source\ttarget", *(f"n {number}\tm {number}" for number in numbers)]
        (tmp_path / name).write_text("\n".join(rows), encoding="utf-8")
        return str(tmp_path / name)

    return write


def sources(corpus):
    return [int(pair.source[2:]) for pair in corpus]


def test_own_files_are_the_splits_and_what_they_share_is_counted(file, capsys):
    found = corpora(
        train=file("a.tsv", [*range(50), 0]),
        validation=file("b.tsv", range(48, 60)),
        test=file("c.tsv", range(59, 70)),
    )
    assert list(found) == ["train", "validation", "test"]
    assert sources(found["train"]) == list(range(50))  # once each
    assert sources(found["test"]) == list(range(59, 70))
    told = capsys.readouterr().out
    assert "2 of 12 validation pairs are train pairs, too" in told
    assert "1 of 11 test pairs are validation pairs, too" in told
    assert told.count("WARNING") == 2


def test_of_recordings_a_sentence_that_is_said_twice_is_counted(tmp_path, capsys):
    def read(name, _):
        said = {"train": range(5), "validation": range(7, 9), "test": range(4, 7)}[name]
        return [
            Example(np.full(160, 0.01 * len(name)), str(number), str(number)) for number in said
        ]

    names = {name: name for name in ("train", "validation", "test")}
    read_corpora(argparse.Namespace(**names), read, Messages({}), source=AudioSource(8000, 20))
    assert "1 of 3 test targets are train targets, too" in capsys.readouterr().out


def test_a_split_without_a_file_is_taken_out_of_the_training_pairs(file, capsys):
    whole = file("a.tsv", range(400))
    found = corpora(train=whole, test=file("c.tsv", range(400, 420)))
    assert sources(found["test"]) == list(range(400, 420))
    parts = sources(found["train"]), sources(found["validation"])
    assert sorted([*parts[0], *parts[1]]) == list(range(400))
    assert 2 < len(parts[1]) < 30
    both = corpora(train=whole)
    assert sources(both["train"]) == sources(corpora(data=whole)["train"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"train": "nowhere.tsv"}, "--train nowhere.tsv: no such file: nowhere.tsv. --data takes"),
        ({"train": "few.tsv"}, "a file for each split.\n"),
        ({"train": "few.tsv", "test": "empty.tsv"}, "it is empty\n"),
    ],
)
def test_a_file_that_cant_be_is_named_and_what_data_takes_told_once(
    file, tmp_path, monkeypatch, capsys, given, told
):
    monkeypatch.chdir(tmp_path)
    file("few.tsv", range(3))
    (tmp_path / "empty.tsv").touch()
    with pytest.raises(SystemExit) as ended:
        corpora(**given)
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert told in said and said.count("\n") == 1
    assert said.count("--data takes") == ("nowhere" in given["train"])
