"""Bad files given to every recipe: refused in a line that names file and line, nothing is made."""

from __future__ import annotations

import importlib
import sys
import warnings

import pytest

from tests.recipes.conftest import RECIPES, names

HEADER = b"source\ttarget\n"
# What is wrong -> the name of the file, its content, and what is said of it after its name.
FILES = {
    "one column": ("c.tsv", b"source\nwords\n", [":1: expected one column 'target'", "--columns"]),
    "a name twice": ("c.tsv", b"source\ttarget\ttarget\na\tb\tc\n", [":1: ", "2 times", "Rename"]),
    "Latin-1": ("c.tsv", HEADER + b"a\tb\n\xe9\tb\n", [":3: byte 0xe9", "iconv"]),
    "a surrogate": ("c.tsv", HEADER + b"a\t\xed\xa0\xbd\n", [":2: byte 0xed", "iconv"]),
    "a spelled surrogate": (
        "c.jsonl",
        b'{"source": "a", "target": "\\ud83d"}\n',
        [":1: half of a"],
    ),
    "UTF-16": ("c.tsv", "source\ttarget\na\tb\n".encode("utf-16"), [":1: ", "iconv"]),
    "no text": ("c.csv", bytes(range(256)) * 300, [":1: the file is not text"]),
    "a NUL": ("c.tsv", HEADER + b"words\tN\0V\n", [":2: the target holds a NUL"]),
    "an empty target": ("c.tsv", HEADER + b"words\t\n", [":2: empty target"]),
    "an empty source, CRLF": ("c.csv", b"source,target\r\n,N\r\n", [":2: empty source"]),
    "nothing": ("c.tsv", b"\xef\xbb\xbf", [": no usable pair; it is empty"]),
    "few, one of 100,000 characters": (
        "c.tsv",
        b"\xef\xbb\xbf" + HEADER + b"a\t" + b"b" * 100_000 + b"\r\nc\td\r\n",
        ["leave nothing for validation and test", "Give some hundreds of pairs"],
    ),
}

# Recipes whose sources are files: those of the last table are missing, of which it is said.
OF_FILES = {
    "image_captioning": ["c.tsv:2", "is missing"],
    "speech_recognition": ["c.tsv:2", "there is no recording"],
    "text_recognition": ["c.tsv:2", "is missing"],
}


@pytest.mark.parametrize(
    ("recipe", "flags", "told"),
    [
        ("code_generation", "--copy --model rnn", "--copy is for --model transformer, luong, bah"),
        ("image_captioning", "--data my.tsv --language ko", "--language is that of known captions"),
        ("image_captioning", "--data scenes --flip", "--flip would make what is left"),
        ("speech_recognition", "--train a.tsv --fold 2", "--fold divides --data"),
        ("text_recognition", "--data my.tsv --lines 5", "--lines says how many are drawn"),
    ],
)
def test_flags_that_would_have_no_effect_or_a_wrong_one_are_refused(
    recipe, flags, told, monkeypatch, capsys
):
    monkeypatch.syspath_prepend(str(RECIPES))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(sys, "argv", [f"{recipe}.py", *flags.split()])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(recipe).main()
    assert ended.value.code == 2 and told in capsys.readouterr().err


@pytest.mark.parametrize("recipe", names())
def test_bad_files_are_refused_in_a_line(recipe, tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(RECIPES))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back at the end
    main = importlib.import_module(recipe).main
    for fault, (name, content, told) in FILES.items():
        if recipe in OF_FILES and "characters" in fault:
            told = ["left out; the first", *OF_FILES[recipe]]
        file = tmp_path / name
        file.write_bytes(content)
        command = ["--data", file, "--columns", "source", "target", "--output", tmp_path / "out"]
        monkeypatch.setattr(sys, "argv", [f"{recipe}.py", *map(str, command)])
        with pytest.raises(SystemExit) as ended:
            main()
        *before, error = capsys.readouterr().err.splitlines()
        assert ended.value.code == 1, (fault, error)
        assert error.startswith(f"{recipe}.py: error: --data {file}: "), fault
        for part in told:
            assert part in error, (fault, error)
        assert not told[0].startswith(":") or f"{file}{told[0]}" in error, (fault, error)
        assert all(line.startswith(f"{recipe}.py: ") for line in before), (fault, before)
        assert not (tmp_path / "out").exists()
