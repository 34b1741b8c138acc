import csv
import io
import random
import time
from collections import Counter

import pytest

from kseq2seq.data import quoted, quoted_rows
from kseq2seq.data.quoted_rows import Fault, Lines
from kseq2seq.data.readers import read_pairs

WORDS = ["red", "x, y", '"Hi"', '"Go," he', "a;b", "tab\there", "two\nlines", "c\r\nd", "back\\",
         'end"', '"start', 'q""q', ", and", "\n\nmore, of\nit, all", '"', '""', "안녕"]  # fmt: skip
PLAIN = ["red", "x y", '"Hi"', '"Go," he', "tab\there", "two\nlines", "three\nlong\nlines"]


def read(path, **options):
    problems = []
    pairs = read_pairs(path, on_error=problems.append, **options)
    return [pair[:2] for pair in pairs], problems


def written(rows, delimiter=",", quoting=csv.QUOTE_MINIMAL, end="\n"):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    return file.getvalue()


def drawn(words, seed, count):
    draw = random.Random(seed)
    text = lambda: " ".join(draw.choices(words, k=draw.randint(1, 3)))  # noqa: E731
    return [(f"{number} {text()}", f"x{text()}") for number in range(count)]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_a_writer_writes_is_read_back(tmp_path, quoting, delimiter):
    path = tmp_path / ("c.tsv" if delimiter == "\t" else "c.csv")
    for seed in range(40):
        rows = [("source", "target"), *drawn(WORDS, seed, 6)]
        for end in ("\n", "\r\n"):
            path.write_bytes(written(rows, delimiter, quoting, end).encode())
            assert read(path, quoted=True) == (rows[1:], [])


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_stray_quote_costs_no_other_row_and_is_told_of(tmp_path, delimiter):
    path = tmp_path / "c.csv"
    for seed in range(4):
        rows = drawn(PLAIN, seed, 5)
        lines = [written([row], delimiter) for row in [("source", "target"), *rows]]
        for row, line in enumerate(lines[1:], 1):
            for place in range(0, len(line), 3):
                mended = [*lines[:row], line[:place] + '"' + line[place:], *lines[row + 1 :]]
                path.write_text("".join(mended), newline="")
                found, problems = read(path, delimiter=delimiter)
                missing = Counter(rows) - Counter(found)
                assert set(missing) <= {rows[row - 1]}, mended
                assert problems or len(found) == len(rows), mended


def table(tmp_path, rows, name="c.csv"):
    path = tmp_path / name
    path.write_text("source,target\n" + "\n".join(rows) + "\n", newline="")
    return path


def test_the_row_of_a_quote_that_is_never_closed_alone_is_lost(tmp_path):
    rows = [f"s{number},t{number}" for number in range(3000)]
    for number in (10, 11, 700):
        rows[number] = f'"open,t{number}'
    found, problems = read(table(tmp_path, rows))
    assert len(found) == 2997
    assert [(problem.line, problem.lines) for problem in problems] == [(12, 1), (13, 1), (702, 1)]
    assert "the quote that opens here is taken as stray: reading resumes on line 13" in str(
        problems[0]
    )
    with pytest.warns(UserWarning, match=r"3 of 3000 entries left out\n  .*c\.csv:12: bad CSV"):
        list(read_pairs(table(tmp_path, rows)))


def test_two_stray_quotes_do_not_make_a_text_of_what_is_between(tmp_path):
    rows = [f"s{number},t{number}" for number in range(40)]
    rows[5], rows[30] = '"open,t5', 'size 5",t30'
    found, problems = read(table(tmp_path, rows))
    assert len(found) == 39 and found[29] == ('size 5"', "t30")
    assert problems[0].line == 7 and "25 lines" not in str(problems[0])
    rows[30], rows[9] = "s30,t30", 'size 5",t9'
    with pytest.warns(UserWarning, match=r"1 quoted fields hold lines .* the first on line 7"):
        assert len(read(table(tmp_path, rows))[0]) == 36


def test_lines_that_are_left_out_with_a_row_are_counted(tmp_path):
    path = table(tmp_path, ["a,b", '"one', "two", 'three" oops,c', "d,e", '"f', "g"])
    found, problems = read(path)
    assert found == [("a", "b"), ("d", "e")]
    assert [(problem.line, problem.lines) for problem in problems] == [(3, 3), (7, 2)]
    with pytest.warns(UserWarning, match="2 of 4 entries left out, 5 lines"):
        list(read_pairs(path))


def test_the_rest_of_a_broken_row_makes_no_pairs(tmp_path):
    found, problems = read(table(tmp_path, ['"a" b', "and, so", 'c",d', "e,f"]))
    assert found == [("e", "f")]
    assert [(problem.line, problem.lines) for problem in problems] == [(2, 3)]


def test_fields_of_any_length(tmp_path):
    long = "line, of text\n" * 20_000 + "x" * 300_000
    sheet = "".join(f"{number},{number}\n" for number in range(100))
    rows = [(long, "a"), ("b", long), (sheet, sheet), ("c", sheet)]
    path = tmp_path / "c.csv"
    path.write_text(written([("source", "target"), *rows]), newline="")
    with pytest.warns(UserWarning, match=r"1 quoted fields hold lines .* the first on line 2"):
        assert read(path) == (rows, [])


def test_a_limit_to_what_an_open_quote_holds_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(quoted, "LONGEST", 1000)
    rows = [f"s{number},t{number}" for number in range(1000)]
    rows[3] = '"open,t3'
    found, problems = read(table(tmp_path, rows))
    assert len(found) == 999
    assert "more than 1,000 characters" in str(problems[0])


def test_many_stray_quotes_take_no_longer_than_few(tmp_path):
    path = table(tmp_path, ['"open,t'] * 5_000)
    began = time.monotonic()
    with pytest.raises(ValueError, match="all 5000 entries were left out"):
        list(read_pairs(path))
    assert time.monotonic() - began < 60


def test_backslashes_before_quotes(tmp_path):
    rows = [
        r'"he said \"hi\"",a',
        r'"\"Go\", he said",b',
        r'"C:\",c',
        'two,"lines \\"of',
        'text\\""',
    ]
    found, problems = read(table(tmp_path, rows))
    assert not problems
    assert found == [('he said "hi"', "a"), ('"Go", he said', "b"), ("C:\\", "c"),
                     ("two", 'lines "of\ntext"')]  # fmt: skip


def test_a_row_may_end_anywhere():
    rows = quoted_rows.quoted_rows(Lines([(1, '"a",'), (2, '"'), (3, "")]), ",", 2)
    assert all(isinstance(row, quoted_rows.Row | Fault) for row in rows)
