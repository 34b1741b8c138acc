"""The command line of the runtime: texts of arguments or lines in, texts out."""

import io
import subprocess
import sys

from kseq2seq_runtime import Beam
from kseq2seq_runtime.__main__ import main


def test_says_a_line_for_each_argument(made, opened, capsys):
    path = str(made["characters"].path)
    assert main([path, "hi", "zz"]) == 0
    assert capsys.readouterr().out.splitlines() == opened["characters"].texts(["hi", "zz"])
    assert main([path, "--beam", "2", "hi"]) == 0
    (expected,) = opened["characters"].texts(["hi"], search=Beam(2))
    assert capsys.readouterr().out.splitlines() == [expected]


def test_reads_lines_where_there_is_no_argument(made, opened, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("hi\n\nzz"))
    assert main([str(made["characters"].path)]) == 0
    assert capsys.readouterr().out.split("\n")[:-1] == opened["characters"].texts(["hi", "", "zz"])


def test_a_line_of_any_ending_gives_one_line(made, opened, capsys, monkeypatch):
    path = str(made["characters"].path)
    wanted = opened["characters"].texts(["hi", "zz"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("hi\r\nzz\r\n"))
    assert main([path]) == 0
    assert capsys.readouterr().out.split("\n")[:-1] == wanted

    class Writing:
        def texts(self, texts, search=None):
            return [f"def f({text!r}):\n    pass\r\n" for text in texts]

    monkeypatch.setattr("kseq2seq_runtime.__main__.Pipeline", lambda path: Writing())
    monkeypatch.setattr(sys, "stdin", io.StringIO("a\nb"))
    assert main([path]) == 0
    assert capsys.readouterr().out == "def f('a'):     pass\ndef f('b'):     pass\n"
    assert main([path, "a"]) == 0
    assert capsys.readouterr().out == "def f('a'):\n    pass\r\n\n"


def test_license_and_errors(made, capsys, tmp_path):
    assert main([str(made["characters"].path), "--license"]) == 0
    assert capsys.readouterr().out.strip()
    assert main([str(tmp_path / "none.tflite"), "hi"]) == 1
    assert "none.tflite is missing" in capsys.readouterr().err
    assert main([str(made["characters"].path), "hi", "--beam", "0"]) == 1
    assert "beam_width" in capsys.readouterr().err


def test_runs_as_a_module(made, opened):
    command = [sys.executable, "-m", "kseq2seq_runtime", made["characters"].path, "hi"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.removesuffix("\n") == opened["characters"].texts(["hi"])[0]
