import gzip
import json
import warnings

import pytest
import tensorflow as tf

from kseq2seq import data
from kseq2seq.data.pairs import Pair
from kseq2seq.data.readers import BadLine, pairs_from, read_pairs


def write(path, text):
    data = text.encode("utf-8", "surrogatepass")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def read(path, **options):
    """Pairs and problems."""
    problems = []
    return list(read_pairs(path, on_error=problems.append, **options)), list(map(str, problems))


@pytest.mark.parametrize("name", ["c.tsv", "c.tsv.gz"])
def test_tsv_with_header_in_any_order(tmp_path, name):
    text = '\ufeffid\ttarget\tsource\r\n1\t안녕 "하세요\thello\r\n2\t👋\te\u0301 bye'
    path = write(tmp_path / name, text)
    assert list(read_pairs(path)) == [
        Pair("hello", '안녕 "하세요', "hello"),
        Pair("e\u0301 bye", "👋", "e\u0301 bye"),
    ]
    assert [pair.key for pair in read_pairs(path, key="id")] == ["1", "2"]


def test_columns_by_number_mean_no_header(tmp_path):
    path = write(tmp_path / "c.tsv", "source\ttarget\tk\na\tb\tk\n")
    assert list(read_pairs(path, source=1, target=0, key=2)) == [
        Pair("target", "source", "k"),
        Pair("b", "a", "k"),
    ]


def test_a_missing_header_is_never_guessed(tmp_path):
    path = write(tmp_path / "c.tsv", "hello\t안녕\n")
    with pytest.raises(ValueError, match=r"c\.tsv:1: expected one column 'source'.*source=0"):
        list(read_pairs(path))
    twice = write(tmp_path / "d.csv", "source,source,target\na,b,c\n")
    with pytest.raises(ValueError, match=r"d\.csv:1: .*'source' 2 times.* 0 and 1.* Rename"):
        list(read_pairs(twice))
    with pytest.raises(ValueError, match=r"c\.tsv:1: no column 2; the line has 2 fields"):
        list(read_pairs(path, source=0, target=2))


def test_tsv_problems_by_line(tmp_path):
    text = "source\ttarget\na\tb\nonly\n\na\tb\tc\n \tb\na\t\nlast\tone\n"
    pairs, problems = read(write(tmp_path / "c.tsv", text))
    assert [pair.source for pair in pairs] == ["a", "last"]
    assert problems == [
        f"{tmp_path}/c.tsv:3: 1 field, expected 2",
        f"{tmp_path}/c.tsv:5: 3 fields, expected 2",
        f"{tmp_path}/c.tsv:6: empty source",
        f"{tmp_path}/c.tsv:7: empty target",
    ]


def test_csv_quoted_newlines_and_line_numbers(tmp_path):
    text = (
        'source,target\r\n"two\r\nlines, ""quoted""",두 줄\r\n\r\n'
        'short\r\n"three\n\nlines",x,y\r\nlast,one\r\n"bad" quote,x\r\nend,끝\r\n"open,\r\n'
    )
    pairs, problems = read(write(tmp_path / "c.csv", text))
    assert pairs == [
        Pair('two\r\nlines, "quoted"', "두 줄", 'two\r\nlines, "quoted"'),
        Pair("last", "one", "last"),
        Pair("end", "끝", "end"),
    ]
    assert problems == [
        f"{tmp_path}/c.csv:5: 1 field, expected 2",
        f"{tmp_path}/c.csv:6: 3 fields, expected 2",
        f"{tmp_path}/c.csv:10: bad CSV: ',' expected after '\"'",
        f"{tmp_path}/c.csv:12: bad CSV: unexpected end of data",
    ]


def test_jsonl_problems_by_line(tmp_path):
    lines = [
        json.dumps({"source": "여러\n줄", "target": "b", "id": 7}),
        "{broken",
        "",
        "[1, 2]",
        json.dumps({"source": "a", "id": 1}),
        json.dumps({"source": 3, "target": "b", "id": 1}),
        json.dumps({"source": "a", "target": None, "id": 1}),
        json.dumps({"source": "a", "target": "\ud83d", "id": 1}),
        json.dumps({"source": "a", "target": "b", "id": 1.5}),
        "[" * 100_000,
        json.dumps({"source": "👋", "target": "c", "id": "x"}, ensure_ascii=True),
    ]
    pairs, problems = read(write(tmp_path / "c.jsonl.gz", "\n".join(lines)), key="id")
    assert pairs == [Pair("여러\n줄", "b", "7"), Pair("👋", "c", "x")]
    where = f"{tmp_path}/c.jsonl.gz"
    assert problems[0].startswith(f"{where}:2: bad JSON: ")
    assert problems[1:7] == [
        f"{where}:4: expected a JSON object, got list",
        f"{where}:5: no 'target' among ['source', 'id']",
        f"{where}:6: the source is int 3, expected text",
        f"{where}:7: the target is NoneType None, expected text",
        f"{where}:8: half of a surrogate pair, which no text can hold",
        f"{where}:9: the key is float 1.5, expected text",
    ]
    assert problems[7].startswith(f"{where}:10: bad JSON: ")
    assert len(problems) == 8


def test_parallel_files(tmp_path):
    sources = write(tmp_path / "a.en", "one\n\nthree\n")
    targets = write(tmp_path / "a.ko.gz", "하나\n둘\n셋")
    pairs, problems = read((sources, targets))
    assert [(pair.source, pair.target) for pair in pairs] == [("one", "하나"), ("three", "셋")]
    assert problems == [f"{sources}:2: empty source"]
    _, problems = read((targets, sources))
    assert problems == [f"{sources}:2: empty target"]


@pytest.mark.parametrize("extra", [1, 3])
def test_parallel_files_of_unequal_length(tmp_path, extra):
    short = write(tmp_path / "short", "1\n2\n")
    long = write(tmp_path / "long", "1\n2\n" + "more\n" * extra)
    with pytest.raises(ValueError, match=rf"short has 2 lines, .*long has {2 + extra}"):
        list(read_pairs((short, long)))
    with pytest.raises(ValueError, match=rf"long has {2 + extra} lines, .*short has 2"):
        list(read_pairs((long, short)))


def test_report_warns_once_with_the_first_few_and_the_total(tmp_path):
    path = write(tmp_path / "c.tsv", "source\ttarget\n" + "bad\n" * 7 + "a\tb\n")
    with pytest.warns(UserWarning) as caught:
        assert len(list(read_pairs(path))) == 1
    assert len(caught) == 1
    message = str(caught[0].message)
    assert message.startswith(f"{path}: 7 of 8 entries left out\n  {path}:2: 1 field")
    assert f"  {path}:6: 1 field, expected 2\n  and 2 more\n" in message
    assert message.endswith("Correct these lines, or remove them.")


def test_report_comes_even_if_reading_stops_early(tmp_path):
    path = write(tmp_path / "c.tsv", "source\ttarget\nbad\na\tb\nc\td\n")
    pairs = read_pairs(path)
    next(pairs)
    with pytest.warns(UserWarning, match="1 of 2 entries left out"):
        pairs.close()


def test_raise_stops_at_the_first_problem(tmp_path):
    path = write(tmp_path / "c.tsv", "source\ttarget\na\tb\nbad\n")
    pairs = read_pairs(path, on_error="raise")
    next(pairs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"c\.tsv:3: 1 field, expected 2"):
            next(pairs)


def test_a_corpus_without_a_pair(tmp_path):
    for text in ("", "source\ttarget\n", "\ufeff"):
        with pytest.raises(ValueError, match=r"c\.tsv: no usable pair; it is empty"):
            list(read_pairs(write(tmp_path / "c.tsv", text)))
    path = write(tmp_path / "c.tsv", "source\ttarget\nbad\n")
    with pytest.raises(ValueError, match=r"all 1 entries were left out; the first: .*c\.tsv:2: 1"):
        read(path)
    empty = write(tmp_path / "empty", "")
    with pytest.raises(ValueError, match="no usable pair"):
        list(read_pairs((empty, empty)))


def test_bad_arguments_are_refused_before_reading(tmp_path):
    path = write(tmp_path / "c.txt", "a\tb\n")
    with pytest.raises(ValueError, match=r"cannot tell the format from '\.txt'"):
        read_pairs(path)
    assert list(read_pairs(path, format="tsv", source=0, target=1)) == [Pair("a", "b", "a")]
    with pytest.raises(FileNotFoundError, match=r"no such file: .*nowhere\.tsv"):
        read_pairs(tmp_path / "nowhere.tsv")
    with pytest.raises(ValueError, match="on_error"):
        read_pairs(path, format="tsv", on_error="ignore")
    for columns in ({"source": 0}, {"source": -1, "target": 0}, {"source": True, "target": 0}):
        with pytest.raises(ValueError, match="columns must be all names"):
            read_pairs(path, format="tsv", **columns)
    with pytest.raises(ValueError, match="columns must be all names"):
        read_pairs(path, format="jsonl", source=0, target=1)
    with pytest.raises(ValueError, match="Parallel files have neither"):
        read_pairs((path, path), key="id")
    with pytest.raises(ValueError, match="`path` must be one path"):
        read_pairs((path, path, path))


def test_reading_is_lazy(tmp_path):
    path = write(tmp_path / "c.tsv", "source\ttarget\na\tb\n")
    with path.open("ab") as file:
        file.write(b"\xff\xff\n")
    assert next(read_pairs(path)).source == "a"


def test_problem_reads_as_an_editor_expects():
    assert str(BadLine("dir/c.csv", 12, "empty key")) == "dir/c.csv:12: empty key"


def test_pairs_from_tuples():
    examples = (example for example in [("안녕", "hi"), ["👋", "bye", "k"]])
    assert list(pairs_from(examples)) == [Pair("안녕", "hi", "안녕"), Pair("👋", "bye", "k")]
    with pytest.raises(ValueError, match="example 1: expected"):
        list(pairs_from([("a", "b"), ("a",)]))
    with pytest.raises(ValueError, match="example 0: expected"):
        list(pairs_from(["ab"]))
    with pytest.raises(TypeError, match="example 0: expected text, got int 3"):
        list(pairs_from([("a", 3)]))


def test_pairs_from_a_dataset():
    dataset = tf.data.Dataset.from_tensor_slices((["안녕", "a"], ["hi", "b"]))
    assert list(pairs_from(dataset)) == [Pair("안녕", "hi", "안녕"), Pair("a", "b", "a")]
    with pytest.raises(TypeError, match="unbatch"):
        list(pairs_from(dataset.batch(2)))


def test_what_is_no_iterable_of_examples():
    for nothing in (None, "ab", {"a": "b"}, 3):
        with pytest.raises(TypeError, match="`examples` must be"):
            pairs_from(nothing)
    with pytest.raises(ValueError, match="example 0: not UTF-8"):
        list(pairs_from([(b"\xff", b"a")]))
    with pytest.raises(ValueError, match="example 1: half of a surrogate pair"):
        list(pairs_from([("a", "b"), ("a", "\ud83d")]))


def test_the_older_name_of_a_bad_line_warns():
    with pytest.warns(FutureWarning, match=r"data\.Problem is kseq2seq\.data\.BadLine now"):
        assert data.Problem is data.BadLine
