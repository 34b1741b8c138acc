import warnings

import numpy as np
import pytest

from kseq2seq.data.corpus import Corpus
from kseq2seq.data.readers import pairs_from
from kseq2seq.data.survey import Survey, survey
from kseq2seq.text import (
    ByteTokenizer,
    CharacterTokenizer,
    SentencePieceTokenizer,
    TextSource,
    TextTarget,
)

SOURCE = TextSource(ByteTokenizer(), max_length=7)
TARGET = TextTarget(ByteTokenizer(), max_length=5)


def of(*texts):
    with Corpus.write(pairs_from(texts)) as corpus:
        return survey(corpus, SOURCE, TARGET)


def test_counts_and_lengths():
    found = of(
        ("안녕", "hi"),  # 6 bytes and end: just short enough
        ("안녕!", "hi"),  # too long a source
        ("hi", "hello"),  # too long a target
        ("hi", "four"),
        ("ab", "1234"),
        ("", "hi"),
        ("hi", ""),
        ("", "much too long"),  # counted once, as empty
    )
    expected = np.zeros((8, 6), int)
    expected[7, 3], expected[3, 5] = 1, 2
    np.testing.assert_array_equal(found.lengths, expected)
    assert (found.kept, found.empty, found.too_long) == (3, 3, 2)
    assert (found.source_tokens, found.target_tokens) == (7 + 3 + 3, 3 + 5 + 5)


def test_many_batches_are_summed():
    found = of(*[("a" * (i % 9), "b") for i in range(5000)])
    sizes = np.bincount(np.arange(5000) % 9)
    assert found.empty == sizes[0]
    assert found.too_long == sizes[7] + sizes[8]
    assert found.lengths[:, 2].tolist() == [0, 0, *sizes[1:7]]


def test_table():
    lengths = np.zeros((65, 33), int)
    lengths[10, 5] = 1500
    assert str(Survey(lengths, empty=100, too_long=400)).splitlines() == [
        "pairs           2,000  100.0%",
        "kept            1,500   75.0%  15,000 source, 7,500 target tokens",
        "too long          400   20.0%  more than 64 x 32 tokens",
        "empty             100    5.0%  a side without a token",
    ]


def test_what_the_vocabulary_lacks_is_counted_and_told():
    known = CharacterTokenizer("abc ")
    sides = TextSource(known, 9), TextTarget(known, 9)
    texts = [("ab", "a"), ("XY", "ab"), ("aX", "b"), ("Z Z", "c"), ("", "Q"), ("too long Q", "a")]
    with (
        Corpus.write(pairs_from(texts)) as corpus,
        pytest.warns(UserWarning, match=r"2 of 4 source texts .* whole and 55.6%.*'XY'"),
    ):
        found = survey(corpus, *sides)
    assert found.source_unknown == (5, 2, "XY")
    assert found.target_unknown == (0, 0, "")
    assert str(found).splitlines()[4:] == [
        "unknown             5   55.6%  source tokens, all there is of 2, for example of 'XY'"
    ]


def test_a_piece_that_only_begins_a_word_says_nothing():
    tokenizer = SentencePieceTokenizer.train(
        ["walk left", "run right"] * 20, vocabulary_size=24, byte_fallback=False
    )
    sides = TextSource(ByteTokenizer(), 99), TextTarget(tokenizer, 99)
    with (
        Corpus.write(pairs_from([("left", "左"), ("run", "walk left")])) as corpus,
        pytest.warns(UserWarning, match=r"1 of 2 target texts are unknown as a whole"),
    ):
        assert survey(corpus, *sides).target_unknown[1:] == (1, "左")


def test_few_unknown_tokens_are_no_cause_for_a_warning():
    known = CharacterTokenizer("abc ")
    sides = TextSource(known, 999), TextTarget(known, 9)
    with (
        Corpus.write(pairs_from([("ab" * 100 + "X", "a")])) as corpus,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        found = survey(corpus, *sides)
    assert "0.5%  source tokens, for example of 'abab" in str(found)
