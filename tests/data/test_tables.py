import csv
import warnings

import pytest

from kseq2seq.data.readers import read_pairs


def read(tmp_path, name, data, **options):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    problems = []
    pairs = [pair[:2] for pair in read_pairs(path, on_error=problems.append, **options)]
    return pairs, [str(problem).removeprefix(f"{path}:") for problem in problems]


@pytest.mark.parametrize("start", ["source;target;n\n", "sep=;\nsource;target;n\n"])
def test_the_csv_of_a_spreadsheet_of_europe(tmp_path, start):
    text = start + '"a; b";c, d;1,5\n'
    assert read(tmp_path, "c.csv", text) == ([("a; b", "c, d")], [])
    assert read(tmp_path, "d.csv", text.replace(";", "\t"))[0] == [("a\t b", "c, d")]


def test_a_delimiter_that_must_be_given(tmp_path):
    with pytest.raises(
        ValueError, match=r"c\.tsv:1: the names .* have ',' between them.*delimiter"
    ):
        read(tmp_path, "c.tsv", "source,target\na,b\n")
    assert read(tmp_path, "c.tsv", "source|target\na|b\n", delimiter="|")[0] == [("a", "b")]
    with pytest.raises(ValueError, match=r"no column 1; the line has 1 field \(but 2 with ';'"):
        read(tmp_path, "c.csv", "a;b\n", source=0, target=1)
    for bad in ("", "ab", '"', 3):
        with pytest.raises(ValueError, match="`delimiter` must be one character"):
            read(tmp_path, "c.csv", "a;b\n", delimiter=bad)
    with pytest.raises(ValueError, match="`quoted` must be"):
        read(tmp_path, "c.csv", "a;b\n", quoted="no")
    with pytest.raises(ValueError, match="JSONL has neither"):
        read(tmp_path, "c.jsonl", "{}\n", quoted=True)


def test_headers_that_are_too_wide_or_broken(tmp_path):
    with pytest.raises(ValueError, match=r"c\.csv:1: expected one column 'source'") as raised:
        read(tmp_path, "c.csv", ",".join(f"name{n}" for n in range(1_000_000)) + "\n")
    assert len(str(raised.value)) < 500 and "999,990 more" in str(raised.value)
    with pytest.raises(ValueError, match=r"'source' in the header.* \(is 'Source ' meant\?\)"):
        read(tmp_path, "c.csv", "Source ,target\na,b\n")
    with pytest.raises(ValueError, match=r"c\.csv:1: the header can't be read: bad CSV"):
        read(tmp_path, "c.csv", '"source,target\na,b\n')


@pytest.mark.parametrize("name, mark", [("c.csv", ","), ("c.tsv", "\t")])
def test_line_ends_of_every_kind(tmp_path, name, mark):
    rows = [f"{text}{mark}{text.upper()}" for text in ("source", "a", "b", "c")]
    rows[0] = f"source{mark}target"
    pairs = [("a", "A"), ("b", "B"), ("c", "C")]
    for ends in (
        ["\r"] * 4,
        ["\r\n"] * 4,
        ["\n"] * 4,
        ["\n", "\r", "\r\n", "\n"],
        ["\r\n", "\r", "\r", ""],
    ):
        text = "".join(row + end for row, end in zip(rows, ends, strict=True))
        assert read(tmp_path, name, text) == (pairs, [])


def test_nul_characters_are_told_of(tmp_path):
    text = "source,target\na\0,b\nlong enough,not binary\nc,d\n"
    assert read(tmp_path, "c.csv", text) == (
        [("long enough", "not binary"), ("c", "d")],
        ["2: the source holds a NUL character"],
    )


def test_rows_of_one_column(tmp_path):
    found, problems = read(tmp_path, "c.csv", 'a\n\n"b\nc"\n', source=0, target=0)
    assert (found, problems) == ([("a", "a"), ("b\nc", "b\nc")], [])
    assert read(tmp_path, "c.tsv", "a\n\nb\n", source=0, target=0)[0] == [("a", "a"), ("b", "b")]


def read_tsv(tmp_path, text, **options):
    path = tmp_path / "c.tsv"
    path.write_text(text, newline="")
    return [pair[:2] for pair in read_pairs(path, **options)]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("header", [True, False])
def test_fields_that_a_writer_wrapped(tmp_path, quoting, header):
    rows = [(f"s{number}", f"t{number}") for number in range(500)]
    rows[300:304] = [
        ("two\nlines", "x"),
        ('say "hi"', "y"),
        ("z", "a\ttab"),
        ("u", 'three\n"q"\nv'),
    ]
    path = tmp_path / "c.tsv"
    with path.open("w", newline="") as file:
        csv.writer(file, "excel-tab", quoting=quoting).writerows(
            [("source", "target")] * header + rows
        )
    columns = {} if header else {"source": 0, "target": 1}
    assert [pair[:2] for pair in read_pairs(path, **columns)] == rows


NATURAL = [
    '"Hello" he said\tdit-il',
    '"Hello"\t"Bonjour"',
    'say "hi" now\tdis "salut"',
    '"Come here.\tViens.',
    'Right now."\tTout de suite.',
    '5" disk\tdisque 5"',
    '"\tguillemet',
    'x = "a"\t"""Set x."""',
]


def test_natural_text_stays_as_it_is(tmp_path):
    rows = [tuple(line.split("\t")) for line in NATURAL]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for some in [rows, rows[::-1], rows[:1], rows[1:2], rows[3:5], rows[5:6] * 50]:
            text = "".join(f"{source}\t{target}\n" for source, target in some)
            assert read_tsv(tmp_path, text, quoted=False, source=0, target=1) == some
    for some in [rows, rows[::-1], rows[:1], rows[1:2], rows[3:5], rows[5:6] * 50]:
        text = "source\ttarget\n" + "".join(f"{source}\t{target}\n" for source, target in some)
        assert read_tsv(tmp_path, text) == some


def test_a_spreadsheet_that_wraps_what_has_a_comma(tmp_path):
    wrapped = 'a\tb\n"Hello, you"\tSalut\nc\t"d, e"\n"f, g"\th\n'
    assert read_tsv(tmp_path, "source\ttarget\n" + wrapped)[1] == ("Hello, you", "Salut")
    spoken = wrapped.replace("a\tb", "a, b\tb")
    assert read_tsv(tmp_path, "source\ttarget\n" + spoken)[1] == ('"Hello, you"', "Salut")


def test_doubt_is_told_of(tmp_path):
    text = "source\ttarget\n" + '"a" b\tc\n' * 3 + '"say ""hi"" to"\td\n'
    with pytest.warns(UserWarning, match=r"1 lines look as if .* line 5; .*`quoted=True`"):
        assert read_tsv(tmp_path, text)[-1] == ('"say ""hi"" to"', "d")
