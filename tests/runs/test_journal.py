"""A history that can't be read is kept aside, and a run goes on with what can be read of it."""

import json
import os
import shutil

import keras
import pytest

from kseq2seq.runs.journal import Journal

LINES = [
    json.dumps({"epoch": n, "step": 4 * n, "minutes": 0.5, "logs": {"loss": 1 / n, "x": None}})
    for n in (1, 2, 3)
]


def opened(path):
    journal = Journal(path, lambda: {"step": 20, "minutes": 1.0})
    journal.set_model(keras.Sequential())
    return journal


def written(path, lines):
    path.write_bytes(b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for line in lines))


ODD = [
    "\0" * 40,
    LINES[1][:20],
    "\udcff\udcfe",
    "",
    "[]",
    "3",
    "[" * 99_999,
    LINES[1].replace("2", '"2"'),
    LINES[1].replace('"epoch": 2', '"epoch": 0'),
    LINES[1].replace('"epoch": 2', '"epoch": true'),
    LINES[1].replace('"epoch"', '"epic"'),
    LINES[1].replace('"loss": 0.5', '"loss": "low"'),
    '{"epoch": 2, "logs": {"loss": {"a": 1}}}',
    '{"epoch": 2, "logs": [1]}',
    "\0" + LINES[1],
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_a_line_that_cant_be_read_is_left_out_and_kept_aside(odd, tmp_path):
    path = tmp_path / "history.jsonl"
    written(path, [LINES[0], odd, LINES[2]])
    before = path.read_bytes()
    with pytest.warns(UserWarning, match=rf"{path} can't be read: line 2.*history\.jsonl\.damaged"):
        journal = opened(path)
    journal.rewind(3)
    assert journal.epoch == [0, 2]
    journal.on_epoch_end(3, {"loss": 0.25})
    journal.write()
    assert [json.loads(line)["epoch"] for line in path.read_text().splitlines()] == [1, 3, 4]
    assert (tmp_path / "history.jsonl.damaged").read_bytes() == before
    opened(path).rewind(4)  # with no further warning
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("tail", [b"", b'{"epoch": 4, "st', b"\0" * 9, b"\xff"])
def test_a_last_line_that_a_kill_cut_short_is_none(tail, tmp_path, recwarn):
    path = tmp_path / "history.jsonl"
    written(path, LINES)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    journal = opened(path)
    journal.rewind(3)
    assert journal.epoch == [0, 1, 2]
    assert path.read_bytes() == whole
    assert not recwarn


def test_lines_in_another_order_are_those_that_they_are(tmp_path):
    path = tmp_path / "history.jsonl"
    written(path, LINES[::-1])
    journal = opened(path)
    journal.rewind(2)
    journal.write()
    assert sorted(journal.epoch) == [0, 1]
    assert path.read_text().splitlines() == [LINES[1], LINES[0]]


@pytest.mark.parametrize("make", [os.mkdir, lambda path: os.symlink("nowhere", path), os.mkfifo])
def test_something_else_in_its_place_is_kept_aside(make, tmp_path):
    path = tmp_path / "history.jsonl"
    for name in ("history.jsonl.damaged", "history.jsonl.damaged2"):
        (tmp_path / name).write_text("earlier")
    make(path)
    with pytest.warns(UserWarning, match=r"history\.jsonl can't be read: it is .*damaged3"):
        opened(path).rewind(0)
    assert path.read_bytes() == b""
    assert os.path.lexists(tmp_path / "history.jsonl.damaged3")


def test_a_run_goes_on_with_a_damaged_history(runs, trained, tmp_path, small):
    run = shutil.copytree(trained, tmp_path / "run")
    lines = (run / "history.jsonl").read_bytes().splitlines(keepends=True)
    (run / "history.jsonl").write_bytes(lines[0] + bytes(99) + b"\n" + b"".join(lines[2:]))
    with pytest.warns(UserWarning, match="line 2"):
        history = runs.fit(run, small, runs.numbers(), steps=12)
    assert history.epoch == [0, 2]
    assert [json.loads(line)["step"] for line in (run / "history.jsonl").open()] == [4, 12]
