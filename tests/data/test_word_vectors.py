import gzip
import re

import numpy as np
import pytest

from kseq2seq.data import WordVectors, read_word_vectors

GLOVE = "the 0.5 -1\nof 2e-1 3\n학교 4 5\n👍🏽 6 7\nété 8 9\n"


@pytest.fixture
def written(tmp_path):
    def write(text, name="vectors.txt"):
        path = tmp_path / name
        data = text.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.vec.gz"])
@pytest.mark.parametrize("header", ["", "5 2\n"])
@pytest.mark.parametrize("ending", ["\n", " \n", "\r\n"])
def test_reads_what_the_usual_files_hold(written, name, header, ending):
    path = written(header + GLOVE.replace("\n", ending), name)
    vectors = read_word_vectors(path, ["학교", "absent", "👍🏽", "of", "école"])
    assert vectors.matrix.dtype == np.float32
    np.testing.assert_array_equal(
        vectors.matrix, np.array([[4, 5], [0, 0], [6, 7], [0.2, 3], [0, 0]], "float32")
    )
    assert vectors.found.tolist() == [True, False, True, True, False]
    assert vectors.coverage == "3 of 5 words (60.0 %)"


def test_unicode_is_taken_as_it_is_written(written):
    path = written("e\u0301te\u0301 1 2\n\u2028 3 4\n\u00a0x 5 6\n")
    words = ["été", "e\u0301te\u0301", "\u2028", "\u00a0x"]
    vectors = read_word_vectors(path, words)
    assert vectors.found.tolist() == [False, True, True, True]
    assert vectors.matrix[2:].tolist() == [[3, 4], [5, 6]]


def test_words_hold_spaces(written):
    path = written("the 1 2\n. . . 3 4\nat name@domain.com 5 6\n2012 7 8\n")
    vectors = read_word_vectors(path, [". . .", "at name@domain.com", "at", ".", "2012"])
    assert vectors.found.tolist() == [True, True, False, False, True]
    assert vectors.matrix[[0, 1, 4]].tolist() == [[3, 4], [5, 6], [7, 8]]


def test_the_first_of_several_counts(written):
    path = written("a 1 1\nb 2 2\na 3 3\n")
    assert read_word_vectors(path, ["a"]).matrix.tolist() == [[1, 1]]


def test_a_word_wanted_twice_is_found_twice(written):
    path = written("the 1 2\n")
    assert read_word_vectors(path, ["the", "x", "the"]).matrix.tolist() == [[1, 2], [0, 0], [1, 2]]


@pytest.mark.parametrize("lines", ["us 1 1\nUS 2 2\n", "US 2 2\nus 1 1\n"])
def test_lower_case_is_for_want_of_the_word_itself(written, lines):
    vectors = read_word_vectors(written(lines + "ÉTÉ 9 9\n"), ["US", "us", "Us", "été"])
    assert vectors.matrix.tolist() == [[2, 2], [1, 1], [1, 1], [0, 0]]
    assert vectors.found.tolist() == [True, True, True, False]


def test_only_the_lower_case_of_the_first_line_counts(written):
    path = written("us 1 1\nus 2 2\nUS 3 3\nUS 4 4\n")
    assert read_word_vectors(path, ["US", "Us"]).matrix.tolist() == [[3, 3], [1, 1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the 1 2\nof 3\n", ":2: expected a word and 2 numbers, got 1"),
        ("the 1 2\n\n", ":2: expected a word and 2 numbers, got 0"),
        ("the 1 2\nunwanted 3 4 5\n", ":2: expected a word and 2 numbers, got 3"),
        ("the 1 2\nthe  3 4\n", ":2: expected a word and 2 numbers"),
        ("1 3\nthe 1 2\n", ":2: expected a word and 3 numbers, got 2"),
        ("a 1 2\nthe 3 x\n", ":2: expected a finite number, got 'x'"),
        ("a 1 2\nthe nan 3\n", ":2: expected a finite number, got 'nan'"),
        ("a 1 2\nthe 3 -inf\n", ":2: expected a finite number, got '-inf'"),
        ("a 1 2\nthe 3 1e39\n", ":2: expected a finite number, got '1e39'"),
        ("3 2\nthe 1 2\na 3 4\n", ": expected 3 vectors, got 2; is the file cut short?"),
        ("1 2\nthe 1 2\na 3 4\n", ": expected 1 vectors, got 2"),
        ("", ": expected at least one vector, got 0"),
        ("the\t1\t2\n", ":1: expected a word and its numbers, or the header"),
        ("the one two\n", ":1: expected a word and its numbers, or the header"),
    ],
)
def test_malformed_files_are_refused(written, text, message):
    path = written(text)
    with pytest.raises(ValueError, match=re.escape(f"{path}{message}")):
        read_word_vectors(path, ["the"])


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes("été 1 2\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r":1: byte 0xe9 .* is not UTF-8"):
        read_word_vectors(path, ["the"])


def test_nothing_to_read_is_refused(tmp_path, written):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_word_vectors(tmp_path / "absent.txt", ["the"])
    with pytest.raises(ValueError, match="`words` must not be empty"):
        read_word_vectors(written(GLOVE), [])


def test_coverage_reads_well():
    vectors = WordVectors(np.zeros((8000, 1), "float32"), np.arange(8000) < 7310)
    assert vectors.coverage == "7,310 of 8,000 words (91.4 %)"
