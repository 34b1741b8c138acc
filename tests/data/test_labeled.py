"""Files of labels: what is read, and what a bad line says."""

import gzip

import pytest

from kseq2seq.data import LabeledPairs, Pair, conll_pairs

CONLL = "# text = The tab\nThe\t1\tDET\n#\t2\tSYM\n\n\nStop\t1\tVERB\n"


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_conll_files_have_words_and_labels_in_columns(tmp_path):
    path = write(tmp_path / "a.conll", CONLL)
    wanted = [Pair("The #", "DET SYM", "The #"), Pair("Stop", "VERB", "Stop")]
    assert list(conll_pairs(path)) == wanted
    assert [pair.target for pair in conll_pairs(path, (0, 1))] == ["1 2", "1"]
    (tmp_path / "crlf.conll").write_bytes(CONLL.replace("\n", "\r\n").encode())
    assert [pair[:2] for pair in conll_pairs(tmp_path / "crlf.conll")] == [
        pair[:2] for pair in wanted
    ]
    (tmp_path / "a.conll.gz").write_bytes(gzip.compress(CONLL.encode()))
    assert list(LabeledPairs({})(str(tmp_path / "a.conll.gz"))) == wanted


def test_documents_share_a_key_and_spaces_part_fields(tmp_path):
    text = "-DOCSTART- -X- O\n\n# NN O\nEU NNP B-ORG\n\n-DOCSTART- -X- O\n\nUN NNP B-ORG"
    path = write(tmp_path / "b.conll", text)
    assert list(conll_pairs(path)) == [
        Pair("# EU", "O B-ORG", "b.conll 1"),
        Pair("UN", "B-ORG", "b.conll 2"),
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("The\tDET\ntab\n\n", "a.conll:2: 1 field, expected a word and its label"),
        ("a\tX\n\n New York\tNP\n", "a.conll:3: the word is ' New York', expected text without"),
        ("a\tX\n\nb\t\n", "a.conll:3: the label is '', expected text without white space"),
    ],
)
def test_a_bad_line_of_a_conll_file_is_named_with_what_to_do(tmp_path, text, wrong):
    path = write(tmp_path / "a.conll", text)
    with pytest.raises(ValueError) as error:
        list(LabeledPairs({})(path))
    assert wrong in str(error.value)
    assert str(error.value).endswith("Correct the line, or remove it.")


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("a b c\tX Y", "a.tsv:3: 2 labels for 3 words; give each word one label"),
        ("a b\t ", "a.tsv:3: empty target"),
        ("a b", "a.tsv:3: 1 field, expected 2"),
    ],
)
def test_a_bad_line_of_a_table_is_named_with_what_to_do(tmp_path, row, wrong):
    path = write(tmp_path / "a.tsv", f"source\ttarget\nx y\tX Y\n{row}\n")
    with pytest.raises(ValueError) as error:
        list(LabeledPairs({})(path))
    assert wrong in str(error.value)
    assert str(error.value).endswith("Correct the line, or remove it.")


def test_labels_of_jsonl_and_of_two_text_files_are_counted_too(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"source": "x y", "target": "X"}\n')
    with pytest.raises(ValueError, match=r"a.jsonl:1: 1 label for 2 words"):
        list(LabeledPairs({})(path))
    paths = write(tmp_path / "a.words", "x\ny z\n"), write(tmp_path / "a.tags", "X\nY\n")
    with pytest.raises(ValueError, match=r"a.words:2: 1 label for 2 words"):
        list(LabeledPairs({})(",".join(paths)))


def test_a_text_as_a_whole_has_one_label_which_may_hold_spaces(tmp_path):
    read = LabeledPairs({}, whole=True)
    path = write(tmp_path / "a.tsv", "source\ttarget\nx y z\tsoft news\n")
    assert [pair.target for pair in read(path)] == ["soft news"]
    with pytest.raises(ValueError, match="one for each text is asked for"):
        read(write(tmp_path / "a.conll", CONLL))
    statements = {"toy": lambda part: [Pair("a b", "soft news today", "a")]}
    assert len(list(LabeledPairs(statements, whole=True)("toy"))) == 1
    with pytest.raises(
        ValueError, match=r"toy: 3 labels for 2 words.*or read one label for each text"
    ):
        list(LabeledPairs(statements)("toy"))
    with pytest.raises(ValueError, match="must be numbers"):
        LabeledPairs({})(str(tmp_path / "a.conll"), ["word", "tag"])


def test_a_file_of_another_kind_is_told_which_there_are(tmp_path):
    path = write(tmp_path / "a.conllu", "The\tDET\n")
    with pytest.raises(ValueError, match=r"must end in \.conll, \.csv, \.jsonl"):
        LabeledPairs({})(str(path))
