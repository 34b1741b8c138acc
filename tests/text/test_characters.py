import warnings

import pytest
import tensorflow as tf

from kseq2seq.text import CharacterTokenizer

TEXTS = [
    "",
    "hi",
    "안녕하세요",
    "👨‍👩‍👧 👍🏽",
    "e\u0301 é",
    "a\x00b\n\tc ",
    "\ufeffx",
    "긴 글 " * 5000,
]


def decoded(texts):
    return [text.decode() for text in texts.numpy()]


def test_ids_are_in_code_point_order():
    tokenizer = CharacterTokenizer("한ba")
    assert tokenizer.vocabulary_size == 7
    assert tokenizer.tokenize(["ab한", ""]).to_list() == [[4, 5, 6], []]


def test_known_characters_come_back_exactly():
    tokenizer = CharacterTokenizer.train(TEXTS)
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(TEXTS))) == TEXTS


def test_a_combining_mark_is_a_token():
    assert CharacterTokenizer("e\u0301é").tokenize(["e\u0301", "é"]).to_list() == [[4, 6], [5]]


def test_unknown_below_between_and_above():
    ids = CharacterTokenizer("bd").tokenize(["abcde🐕"])
    assert ids.to_list() == [[3, 4, 3, 5, 3, 3]]
    assert decoded(CharacterTokenizer("bd").detokenize(ids)) == ["�b�d��"]


def test_invalid_utf8_is_unknown():
    assert CharacterTokenizer("a").tokenize([b"a\xffa"]).to_list() == [[4, 3, 4]]


def test_training_keeps_the_most_frequent_and_breaks_ties_by_code_point():
    tokenizer = CharacterTokenizer.train(["ccc", "bad", "da"], vocabulary_size=6)
    assert tokenizer.characters == "ac"
    assert CharacterTokenizer.train(["dcba"], vocabulary_size=6).characters == "ab"
    assert CharacterTokenizer.train(iter(["dc", "ba"]), vocabulary_size=6).characters == "ab"


def test_special_and_outside_ids():
    rows = [[1, 4, 0, 5, 2, 4], [4, 3, 5, 6, -1, 0]]
    assert decoded(CharacterTokenizer("ab").detokenize(rows)) == ["ab", "a�b��"]


def test_no_texts():
    tokenizer = CharacterTokenizer("ab")
    assert tokenizer.tokenize([]).shape[0] == 0
    assert tokenizer.detokenize(tf.zeros((0, 3), tf.int32)).shape == (0,)


def test_pieces():
    assert CharacterTokenizer("ab").pieces([[4, 5, 2]]) == [["a", "b", "<end>"]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CharacterTokenizer(""), "at least one character"),
        (lambda: CharacterTokenizer("a\ud800"), "surrogate"),
        (lambda: CharacterTokenizer.train([]), "no characters"),
        (lambda: CharacterTokenizer.train(["", ""]), "no characters"),
        (lambda: CharacterTokenizer.train(["a"], vocabulary_size=4), "at least 5; got 4"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_a_small_vocabulary_loses_is_told():
    with pytest.warns(UserWarning, match=r"room for 2 of the 4 characters.*25\.00% .* 8 ids"):
        CharacterTokenizer.train(["aaaabb", "cd"], vocabulary_size=6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert CharacterTokenizer.train(["aaaabb", "cd"], vocabulary_size=8).vocabulary_size == 8


@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        ("hello", ValueError, "got one string, 'hello'. Put it in a list"),
        (None, TypeError, "`texts` must be a list of strings"),
        (["a", None], TypeError, "Text 1 must be a str"),
        (["a", "b\ud83d"], ValueError, "Text 1 holds a lone surrogate at 1"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(texts, kind, message):
    with pytest.raises(kind, match=message):
        CharacterTokenizer.train(texts)
