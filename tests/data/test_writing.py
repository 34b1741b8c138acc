import random

import numpy as np
import pytest

from kseq2seq.data import Example, Pair, read_examples, read_pairs, write_examples
from kseq2seq.data.jsonl import json_line, jsonl_texts

PIECES = [
    "한국어", "줄\n바꿈", "\r", "\r\n", "\t", "\u2028", "\u2029", "\x85", "\x0b", "\x1c", '"', '""',
    "\\", "\\u00e9", "'", ",", "{", "👩\u200d💻", "é", "\ufeff", " ", "a b", "source", '"key"',
]  # fmt: skip


def drawn(count, pieces=PIECES):
    rng = random.Random(1)

    def text():
        return "x" + "".join(rng.choices(pieces, k=rng.randrange(5)))

    for _ in range(count):
        pair = Pair(text(), text(), text())
        if rng.random() < 0.5:
            yield pair
        else:
            yield Example(*pair, tuple(text() for _ in range(1 + rng.randrange(2))))


@pytest.mark.parametrize("name", ["a.jsonl", "b.ndjson", "c.JSONL"])
def test_jsonl_gives_back_every_character(tmp_path, name):
    examples = list(drawn(400))
    assert write_examples(tmp_path / name, iter(examples)) == 400
    assert list(read_examples(tmp_path / name)) == examples
    without = read_pairs(tmp_path / name, key="key")
    assert list(without) == [Pair(*example[:3]) for example in examples]


def test_tsv_gives_back_what_it_can_hold_and_refuses_the_rest(tmp_path):
    path = tmp_path / "a.tsv"
    fine = [piece for piece in PIECES if not set(piece) & set("\t\n\r")]
    pairs = [Pair(*example[:3]) for example in drawn(400, fine)]
    assert write_examples(path, pairs) == 400
    assert list(read_examples(path)) == pairs
    for mark in "\t\n\r":
        for field in range(3):
            bad = Pair("a", "b", "c")._replace(**{Pair._fields[field]: f"x{mark}y"})
            with pytest.raises(ValueError, match=r"example 1 holds a tab.*Name a \.jsonl file"):
                write_examples(path, [pairs[0], bad])
    with pytest.raises(ValueError, match=r"example 0 has references.*\.jsonl"):
        write_examples(path, [Example("a", "b", "c", ("d",))])
    assert list(read_examples(path)) == pairs  # the old file is whole


def test_tsv_whose_quotes_would_be_taken_off_is_refused(tmp_path):
    pairs = [Pair('"say ""hi"" to"', "b", "c")] * 3
    with pytest.raises(ValueError, match=r"quotes of these texts.*\.jsonl"):
        write_examples(tmp_path / "a.tsv", pairs)
    write_examples(tmp_path / "a.jsonl", pairs)
    assert list(read_examples(tmp_path / "a.jsonl")) == pairs


@pytest.mark.parametrize(
    ("example", "told"),
    [
        (Pair("\ud83d", "b", "c"), "example 0: half of a surrogate pair"),
        (Pair("a", "b", "\udc00"), "example 0: half of a surrogate pair"),
        (Example("a", "b", "c", ("\ud83d",)), "example 0: half of a surrogate pair"),
        (Pair("", "b", "c"), "example 0: empty source"),
        (Pair("a", "\n", "c"), "example 0: empty target"),
        (Pair("a\0", "b", "c"), "example 0: the source holds a NUL"),
        (Pair("a", "b", ""), "example 0: empty key"),
    ],
)
def test_what_would_not_be_read_again_is_not_written(tmp_path, example, told):
    for name in ("a.jsonl", "a.tsv"):
        with pytest.raises(ValueError, match=told):
            write_examples(tmp_path / name, [example])
    assert not list(tmp_path.iterdir())


def test_what_is_no_example_or_no_file(tmp_path):
    with pytest.raises(TypeError, match="number 0 is tuple"):
        write_examples(tmp_path / "a.jsonl", [("a", "b")])
    with pytest.raises(TypeError, match=r"texts and paths only.*Corpus\.write"):
        write_examples(tmp_path / "a.jsonl", [Example(np.zeros(3), "b", "c")])
    with pytest.raises(ValueError, match=r"a\.csv: the name must end in \.jsonl or \.tsv"):
        write_examples(tmp_path / "a.csv", [Pair("a", "b", "c")])
    with pytest.raises(ValueError, match="no examples to write"):
        write_examples(tmp_path / "a.jsonl", [])


def test_paths_are_written_as_texts(tmp_path):
    write_examples(tmp_path / "a.jsonl", [Example(tmp_path / "1.wav", "hello", "k")])
    (example,) = read_examples(tmp_path / "a.jsonl")
    assert example.source == str(tmp_path / "1.wav")


def test_references_are_a_list_of_texts_or_a_problem(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = ['["b", "c"]', '"b"', "[]", "null", "3", '["b", 4]', r'["\ud83d"]']
    lines = [f'{{"source": "a", "target": "b", "others": {row}}}\n' for row in rows]
    path.write_text("".join([*lines, '{"source": "a", "target": "b"}\n']), encoding="utf-8")
    problems = []
    read = list(read_pairs(path, references="others", on_error=problems.append))
    pair = Pair("a", "b", "a")
    assert read == [Example(*pair, ("b", "c")), Example(*pair, ("b",)), pair, pair, pair]
    assert [problem.line for problem in problems] == [5, 6, 7]
    assert "the references are int 3, expected texts" in str(problems[0])
    (tmp_path / "a.tsv").write_text("source\ttarget\na\tb\n")
    with pytest.raises(ValueError, match="only JSONL has `references`"):
        read_pairs(tmp_path / "a.tsv", references="others")


def test_lines_of_texts_come_back(tmp_path):
    path = tmp_path / "a.jsonl"
    texts = ["", " ", *["".join(example.source) for example in drawn(100)]]
    path.write_text("".join(json_line({"text": text, "n": 1}) for text in texts), newline="\n")
    assert path.read_bytes().count(b"\n") == len(texts)
    assert list(jsonl_texts(path)) == texts
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        json_line({"text": ["\ud83d"]})
    with pytest.raises(ValueError, match="Out of range"):
        json_line({"score": float("nan")})


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "blank"),
        ("[1]", "expected a JSON object, got list"),
        ('{"other": "a"}', r"no 'text' among \['other'\]"),
        ('{"text": 3}', "'text' is int 3, expected text"),
        (r'{"text": "\ud83d"}', "half of a surrogate pair"),
        ('{"text": "a", "text": "b"}', "stands 2 times"),
        ("text", "bad JSON"),
    ],
)
def test_a_line_without_its_text_is_named(tmp_path, line, told):
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "fine"}}\n{line}\n')
    with pytest.raises(ValueError, match=rf"a\.jsonl:2: .*{told}"):
        list(jsonl_texts(path))
