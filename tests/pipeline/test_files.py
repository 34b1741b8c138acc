from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import nullcontext

import pytest

from kseq2seq import Beam, Pipeline, Sample
from kseq2seq.decoding import MinLength
from kseq2seq.pipeline.files import FileProgress, generate_lines

LINES = ["hello", "", "안녕", "a b c", "end \u2028 of", "x" * 20, "y"]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.txt"
    path.write_text("".join(f"{line}\n" for line in LINES), encoding="utf-8", newline="\n")
    return path


def upper(texts, first=0):
    return [text.upper() for text in texts]


def test_a_line_for_each_in_its_order(pipeline, source, tmp_path):
    target = tmp_path / "out" / "target.txt"
    count = pipeline.generate_file(source, target, window=3, progress=None, search=Beam(2))
    assert count == len(LINES)
    texts = pipeline.texts(LINES, search=Beam(2))
    expected = [text.replace("\r", " ").replace("\n", " ") for text in texts]
    assert target.read_bytes().decode().split("\n") == [*expected, ""]
    assert [path.name for path in target.parent.iterdir()] == ["target.txt"]


def test_reads_gzip_and_a_last_line_without_its_end(tmp_path):
    path = tmp_path / "source.gz"
    path.write_bytes(gzip.compress(b"a\nb"))
    target = tmp_path / "target"
    assert generate_lines(upper, path, target, {}, window=1, progress=None) == 2
    assert target.read_text() == "A\nB\n"


@pytest.mark.parametrize("name", ["out.gz", "out.jsonl.bz2", "out.txt.XZ"])
def test_nothing_plain_has_the_name_of_a_compressed_file(name, source, tmp_path):
    with pytest.raises(ValueError, match="not compressed"):
        generate_lines(upper, source, tmp_path / name, {}, window=1, progress=None)
    assert not list(tmp_path.glob("out*"))


def test_texts_of_several_lines_come_and_go_as_json(tmp_path):
    source, target = tmp_path / "source.jsonl.gz", tmp_path / "target.jsonl"
    texts = ["two\nlines", "", "줄\r\n끝", "u \u2028 v"]
    lines = [json.dumps({"id": n, "text": text}) for n, text in enumerate(texts)]
    source.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert generate_lines(upper, source, target, {}, window=3, progress=None) == 4
    made = [json.loads(line) for line in target.read_text("utf-8").split("\n")[:-1]]
    assert made == [{"text": text.upper()} for text in texts]
    source.write_bytes(gzip.compress(b'{"text": "fine"}\n{"texts": "no"}\n'))
    with pytest.raises(ValueError, match=r"source\.jsonl\.gz:2: .*text"):
        generate_lines(upper, source, tmp_path / "other.txt", {}, window=3, progress=None)
    assert not list(tmp_path.glob("other*"))


def test_says_how_far_it_is(source, tmp_path):
    seen = []
    generate_lines(upper, source, tmp_path / "t", {}, window=3, progress=seen.append)
    assert [progress.lines for progress in seen] == [3, 6, 7]
    assert all(progress.total == 7 for progress in seen)
    assert seen[-1].seconds_left == 0
    assert str(FileProgress(3, 7, 61.2)) == "3 of 7 lines (43 %), 1:01 left"


def test_goes_on_where_it_stood(source, tmp_path):
    target, given = tmp_path / "t", []

    def failing(texts, first):
        given.append(texts)
        if len(given) == 3:
            raise KeyboardInterrupt
        return upper(texts)

    with pytest.raises(KeyboardInterrupt):
        generate_lines(failing, source, target, {}, window=2, progress=None)
    part = tmp_path / "t.part"
    assert part.read_text(encoding="utf-8").count("\n") == 4
    with part.open("ab") as file:
        file.write(b"halb")  # killed while writing
    seen = []
    generate_lines(failing, source, target, {}, window=2, progress=seen.append)
    assert given[3:] == [LINES[4:6], LINES[6:]]
    assert [progress.lines for progress in seen] == [6, 7]
    assert target.read_bytes().decode().split("\n") == [*upper(LINES), ""]


def test_survives_kills(source, tmp_path):
    """A process that is killed again and again still writes each line once."""
    many = tmp_path / "many.txt"
    many.write_text("".join(f"line {n}\n" for n in range(400)))
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time\n"
        "from kseq2seq.pipeline.files import generate_lines\n"
        "def slow(texts, first):\n"
        "    time.sleep(0.004)\n"
        "    print('.', end='', flush=True)\n"
        "    return [text.upper() for text in texts]\n"
        f"generate_lines(slow, {str(many)!r}, {str(tmp_path / 't')!r}, {{}}, window=2,"
        " progress=None)\n"
    )
    kills = 0
    for wait in (3, 30, 400):
        process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
        for _ in range(wait):
            if not process.stdout.read(1):
                break
        if process.poll() is None and wait < 400:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills == 2
    assert (tmp_path / "t").read_text() == "".join(f"LINE {n}\n" for n in range(400))


def test_refuses(pipeline, source, tmp_path):
    target = tmp_path / "t"
    with pytest.raises(FileNotFoundError, match=r"nowhere is not a file"):
        pipeline.generate_file(tmp_path / "nowhere", target)
    with pytest.raises(ValueError, match=r"`window`.*at least 1"):
        pipeline.generate_file(source, target, window=0)
    (tmp_path / "there").write_text("mine")
    with pytest.raises(FileExistsError, match=r"there exists already"):
        pipeline.generate_file(source, tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"
    (tmp_path / "latin").write_bytes(b"ok\ncaf\xe9\n")
    with pytest.raises(ValueError, match=re.escape("latin:2: byte 0xe9")):
        pipeline.generate_file(tmp_path / "latin", target)
    assert not target.exists() and not (tmp_path / "t.part").exists()


def test_refuses_to_go_on_with_other_settings(pipeline, source, tmp_path):
    target = tmp_path / "t"

    def stopped(texts, first):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_lines(stopped, source, target, {"search": "Beam(4)"}, window=2, progress=None)
    with pytest.raises(ValueError, match=r"t\.part was begun with another search;"):
        generate_lines(upper, source, target, {"search": "Beam(5)"}, window=2, progress=None)
    source.write_text("other\n")
    with pytest.raises(ValueError, match=r"begun with another source_sha256;"):
        generate_lines(upper, source, target, {"search": "Beam(4)"}, window=2, progress=None)


def test_refuses_what_is_not_its_own(source, tmp_path):
    part = tmp_path / "t.part"
    part.write_text("my own thesis")
    with pytest.raises(ValueError, match=r"t\.part is there, but not t\.part\.json"):
        generate_lines(upper, source, tmp_path / "t", {}, window=2, progress=None)
    assert part.read_text() == "my own thesis"


def test_a_record_without_its_part_is_of_a_finished_run(source, tmp_path):
    (tmp_path / "t.part.json").write_text('{"format_version": 1, "search": "other"}')
    assert generate_lines(upper, source, tmp_path / "t", {}, window=2, progress=None) == 7
    assert not (tmp_path / "t.part.json").exists()


def test_only_one_process_writes(source, tmp_path):
    def nested(texts, first):
        with pytest.raises(ValueError, match=r"Another process is writing"):
            generate_lines(upper, source, tmp_path / "t", {}, window=2, progress=None)
        return upper(texts)

    assert generate_lines(nested, source, tmp_path / "t", {}, window=4, progress=None) == 7
    assert (tmp_path / "t").read_bytes().decode().split("\n") == [*upper(LINES), ""]


def test_another_model_does_not_go_on(pipeline, wild, source, tmp_path):
    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.generate_file(source, tmp_path / "t", window=2, progress=stop)
    with pytest.raises(ValueError, match=r"begun with another model;"):
        wild("luong", seed=4).generate_file(source, tmp_path / "t", window=2, progress=None)
    with pytest.raises(ValueError, match=r"begun with another filters;"):
        pipeline.generate_file(source, tmp_path / "t", progress=None, filters=[MinLength(2)])
    pipeline.generate_file(source, tmp_path / "t", window=3, progress=None, batch_size=2)
    expected = [text.replace("\r", " ").replace("\n", " ") for text in pipeline.texts(LINES)]
    assert (tmp_path / "t").read_bytes().decode().split("\n") == [*expected, ""]


def test_goes_on_with_a_pipeline_that_was_loaded_again(wild, source, tmp_path):
    """As in another process: seeds of dropout are drawn anew, and no search depends on them."""
    wild("luong", dropout=0.1).save(tmp_path / "saved")

    def stop(progress):
        raise KeyboardInterrupt

    for target, interrupt in (("t", True), ("t", False), ("whole", False)):
        pipeline = Pipeline.load(tmp_path / "saved")
        with pytest.raises(KeyboardInterrupt) if interrupt else nullcontext():
            progress = stop if interrupt else None
            pipeline.generate_file(source, tmp_path / target, window=2, progress=progress)
    assert (tmp_path / "t").read_bytes() == (tmp_path / "whole").read_bytes()


def test_the_record_calls_the_width_of_a_beam_as_ever(pipeline, source, tmp_path):
    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.generate_file(source, tmp_path / "t", window=2, progress=stop, search=Beam(2))
    search = json.loads((tmp_path / "t.part.json").read_text())["search"]
    assert search.startswith("Beam(width=2, length_penalty=0.6, ")


def test_draws_do_not_depend_on_the_window(pipeline, tmp_path):
    source = tmp_path / "s"
    source.write_text("same\n" * 6)
    for window in (2, 6):
        pipeline.generate_file(
            source, tmp_path / f"t{window}", window=window, progress=None, search=Sample(), seed=3
        )
    made = (tmp_path / "t2").read_bytes()
    assert made == (tmp_path / "t6").read_bytes()
    assert len(set(made.split(b"\n"))) > 4


def test_a_line_that_is_too_long_is_named_and_nothing_is_lost(pipeline, tmp_path):
    source, target = tmp_path / "s", tmp_path / "t"
    source.write_text("a\nb\nc\n" + "d" * 40 + "\n")
    with pytest.raises(
        ValueError, match=r"lines from 3 \(text 0\) on: Text 1 has.*are kept in t.part"
    ):
        pipeline.generate_file(source, target, window=2, progress=None)
    assert (tmp_path / "t.part").read_text(encoding="utf-8").count("\n") == 2


def test_takes_filters(pipeline, source, tmp_path):
    target = tmp_path / "t"
    pipeline.generate_file(source, target, progress=None, filters=[MinLength(5)])
    expected = pipeline.texts(LINES, filters=[MinLength(5)])
    first = target.read_bytes().decode().split("\n")[0]
    assert first == expected[0].replace("\r", " ").replace("\n", " ")
