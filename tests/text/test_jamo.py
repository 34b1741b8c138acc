"""Hangul by its letters: Unicode's own normal forms are the oracle."""

import unicodedata

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.text import CharacterTokenizer, JamoTokenizer, load_tokenizer
from kseq2seq.text.jamo import SYLLABLE_COUNT, SYLLABLES, spelled

ALL = "".join(chr(SYLLABLES + index) for index in range(SYLLABLE_COUNT))


@pytest.fixture(scope="module")
def letters():
    return JamoTokenizer(spelled(ALL) + " abc.é")


def read(tokenizer, texts):
    return [text.decode() for text in tokenizer.detokenize(tokenizer.tokenize(texts)).numpy()]


def test_all_syllables_are_spelled_as_unicode_decomposes_them(letters):
    assert spelled(ALL) == unicodedata.normalize("NFD", ALL)
    assert letters.vocabulary_size == 4 + 67 + 6
    ids = letters.tokenize([ALL])
    plain = CharacterTokenizer(letters.characters)
    np.testing.assert_array_equal(
        ids.flat_values, plain.tokenize([unicodedata.normalize("NFD", ALL)]).flat_values
    )
    assert read(letters, [ALL]) == [ALL]


def test_texts_come_back(letters):
    texts = ["한글 abc 값.", "", "é", "가각갂 a나", "abc"]
    assert read(letters, texts) == texts
    alone = tf.function(lambda x: letters.detokenize(letters.tokenize(x)))
    assert [text.decode() for text in alone(tf.constant(texts)).numpy()] == texts


def test_letters_that_make_no_syllable_stay_and_others_are_composed(letters):
    lead, vowel, tail = "\u1100", "\u1161", "\u11a8"
    rows = [lead, vowel, tail, lead + lead + vowel, vowel + tail, lead + vowel + tail + tail]
    rows += [lead + "a" + vowel, lead + vowel + " " + tail, lead + vowel + vowel]
    assert read(letters, rows) == [unicodedata.normalize("NFC", row) for row in rows]


def test_a_syllable_that_was_not_in_training_is_read():
    tokenizer = JamoTokenizer.train(["각 난 a", "<2ko>밥"], symbols=["<2ko>"])
    assert read(tokenizer, ["간", "낙", "<2ko>밥 난a"]) == ["간", "낙", "<2ko>밥 난a"]
    assert read(tokenizer, ["갑z"])[0] == "갑\ufffd"
    assert tokenizer.vocabulary_size == 4 + 9 + 1
    with pytest.warns(UserWarning, match="room for 2 of the 3 characters"):
        small = JamoTokenizer.train(["가가각"], 6)
    assert small.tokenize(["각"]).to_list() == [[4, 5, 3]]


def test_it_is_saved_and_loaded_by_its_type(letters, tmp_path):
    letters.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert type(loaded) is JamoTokenizer and loaded.characters == letters.characters


def test_a_syllable_is_no_letter():
    with pytest.raises(ValueError, match="holds the syllable '한'"):
        JamoTokenizer("한a")
