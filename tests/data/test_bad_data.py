"""Every kind of bad data, in every kind of file: named by file and line, or read; nothing lost."""

from __future__ import annotations

import json
import warnings

import pytest

from kseq2seq.data import Example, Pair, named_pairs, one_label_a_word, place_of, read_pairs

GOOD = [(f"words {n}", f"A B{n}") for n in range(4)]
BAD_AT = 2  # how many good rows come before the bad one

# What is wrong with a line -> (source, target), and what its reader says; None: it is read.
LINES = {
    "an empty target": (("words", ""), "empty target"),
    "a blank target": (("words", " \u3000"), "empty target"),
    "an empty source": (("", "A"), "empty source"),
    "a NUL": (("words", "A\0B"), "the target holds a NUL character"),
    "fewer labels than words": (("one two three", "A B"), "2 labels for 3 words; give each word"),
    "more labels than words": (("one", "A B"), "2 labels for 1 word; give each word one label"),
    "a line of 100,000 characters": (("x" * 100_000, "A"), None),
    "100,000 characters of labels": (("x", "A" * 100_000), None),
    "a label of another script": (("말", "명사"), None),
    "U+2028 and U+0085": (("a\u2028b\x85c", "A B C"), None),
}


def table(rows, mark):
    return "".join(mark.join(row) + "\n" for row in rows).encode("utf-8", "surrogatepass")


def jsonl(rows):
    names = "source", "target"
    return "".join(json.dumps(dict(zip(names, row, strict=False))) + "\n" for row in rows).encode()


def tsv(rows):
    return table([("source", "target"), *rows], "\t")


def csv(rows):
    return table([("source", "target"), *rows], ",")


def written(folder, format, rows):
    """The name of a corpus that a recipe takes, and the number of the line before the first row."""
    if format == "parallel":
        for side, name in enumerate(("a.txt", "b.txt")):
            (folder / name).write_bytes(table([row[side : side + 1] for row in rows], ""))
        return f"{folder / 'a.txt'},{folder / 'b.txt'}", 0
    path = folder / f"c.{format}"
    path.write_bytes({"tsv": tsv, "csv": csv, "jsonl": jsonl}[format](rows))
    return str(path), int(format != "jsonl")


def read(name, **options):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        pairs = list(named_pairs(name, **options))
    return pairs, "\n".join(str(warning.message) for warning in told)


@pytest.mark.parametrize("format", ["tsv", "csv", "jsonl", "parallel"])
@pytest.mark.parametrize("fault", LINES)
def test_a_bad_line_is_named_and_the_others_are_read(format, fault, tmp_path):
    row, reason = LINES[fault]
    name, header = written(tmp_path, format, [*GOOD[:BAD_AT], row, *GOOD[BAD_AT:]])
    pairs, told = read(name, check=one_label_a_word)
    line = header + BAD_AT + 1
    if reason is None:
        assert [pair[:2] for pair in pairs] == [*GOOD[:BAD_AT], row, *GOOD[BAD_AT:]]
        assert told == ""
        assert place_of(pairs[BAD_AT]).endswith(f":{line}")
        return
    assert [pair[:2] for pair in pairs] == GOOD
    assert f"1 of {len(GOOD) + 1} entries left out" in told
    files = name.split(",")
    bad = files[-1 if "target" in reason else 0]
    assert f"{bad}:{line}: {reason}" in told
    assert place_of(pairs[-1]) == f"{files[0]}:{header + len(GOOD) + 1}"


@pytest.mark.parametrize("format", ["tsv", "csv", "jsonl", "parallel"])
def test_a_lone_surrogate_is_named(format, tmp_path):
    row = ("words", "A\ud83d")
    name, header = written(tmp_path, format, [*GOOD[:BAD_AT], row, *GOOD[BAD_AT:]])
    line = header + BAD_AT + 1
    if format == "jsonl":  # which can spell it
        pairs, told = read(name)
        assert [pair[:2] for pair in pairs] == GOOD
        assert f"c.jsonl:{line}: half of a surrogate pair" in told
        return
    with pytest.raises(ValueError, match=rf":{line}: byte 0xed .* is not UTF-8 .*iconv"):
        read(name)


@pytest.mark.parametrize("format", ["tsv", "csv", "jsonl", "parallel"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_endings_and_byte_order_marks_are_no_text(format, ending, mark, tmp_path):
    name, header = written(tmp_path, format, GOOD)
    for path in tmp_path.iterdir():
        path.write_bytes(mark + path.read_bytes().replace(b"\n", ending))
    pairs, told = read(name)
    assert ([pair[:2] for pair in pairs], told) == (GOOD, "")
    assert place_of(pairs[1]).endswith(f":{header + 2}")


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("c.tsv", b"source\nwords\n", r"c\.tsv:1: expected one column 'target' .*source=0"),
        ("c.csv", b"source\nwords\n", r"c\.csv:1: expected one column 'target' .*source=0"),
        ("c.jsonl", b'{"source": "words"}\n', r"c\.jsonl:1: no 'target' among \['source'\]"),
        ("c.tsv", b"source\ttarget\ttarget\na\tb\tc\n", r"c\.tsv:1: .* 2 times.* 1 and 2.*Rename"),
        ("c.csv", b"target,source,target\na,b,c\n", r"c\.csv:1: .* 2 times.* 0 and 2.*Rename"),
        (
            "c.jsonl",
            b'{"source": "a", "target": "b", "target": "c"}\n',
            r":1: .*'target' stands 2",
        ),
        ("c.tsv", b"source,target\na,b\n", r"c\.tsv:1: .*have ',' between them, not a tab"),
        ("c.tsv", "source\ttarget\n".encode("utf-16"), r"c\.tsv:1: .*UTF-16 .*iconv"),
        ("c.tsv", b"source\ttarget\n", r"c\.tsv: no usable pair; it is empty"),
        ("c.csv", b"", r"c\.csv: no usable pair; it is empty"),
    ],
)
def test_a_bad_file_is_refused_with_a_remedy(file, content, told, tmp_path):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ValueError, match=told):
        read(str(tmp_path / file))


def test_what_a_check_refuses_is_counted_or_raised_like_any_bad_line(tmp_path):
    path = tmp_path / "c.jsonl"
    lines = [
        {"source": "a", "target": "b", "also": ["c"]},
        {"source": "d", "target": "e", "also": []},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = {"references": "also", "check": lambda pair: "several" if pair.references else None}
    bad = []
    assert list(read_pairs(path, on_error=bad.append, **options)) == [Pair("d", "e", "d")]
    assert [str(one) for one in bad] == [f"{path}:1: several"]
    with pytest.raises(ValueError, match=r"c\.jsonl:1: several"):
        list(read_pairs(path, on_error="raise", **options))


def test_a_row_of_several_lines_is_counted_as_such(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text('source,target\n"a\nb",A\nc,C\n')
    bad = []
    pairs = read_pairs(path, on_error=bad.append, check=one_label_a_word)
    assert [place_of(pair) for pair in pairs] == [f"{path}:4"]
    assert [(one.line, one.lines) for one in bad] == [(2, 2)]


def test_a_key_that_knows_its_line_is_a_text_like_others(tmp_path):
    import copy

    (tmp_path / "c.tsv").write_text("source\ttarget\twhere\nwords\tA B\tbook\n")
    (pair,) = named_pairs(str(tmp_path / "c.tsv"), ["source", "target", "where"])
    assert pair == Pair("words", "A B", "book") and repr(pair.key) == "'book'"
    assert (hash(pair.key), pair.key + "s") == (hash("book"), "books")
    assert place_of(copy.deepcopy(pair)) == f"{tmp_path / 'c.tsv'}:2"
    assert place_of(Pair("a", "b", "c")) == place_of(Example(0, "b", "c")) == ""
