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
