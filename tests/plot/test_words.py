from __future__ import annotations

import pytest

from kseq2seq.plot.words import find_words
from kseq2seq.text import ByteTokenizer, CharacterTokenizer


@pytest.mark.parametrize(
    ("tokens", "labels", "starts"),
    [
        # SentencePiece
        ("▁The ▁trans form er . <end>", "The transformer. <end>", [0, 1, 5]),
        ("▁나는 ▁기계 ▁학습 을 <end>", "나는 기계 학습을 <end>", [0, 1, 2, 4]),
        ("▁ caf <unknown> ▁ <unknown> <end>", "caf\ufffd <unknown> <end>", [0, 3, 5]),
        ("▁ ▁a", "a", [0]),
        ("▁a ▁ <end>", "a ␣ <end>", [0, 1, 2]),
        ("▁a <0xF0> <0x9F> <0x90> <0x95> ▁b", "a🐕 b", [0, 5]),
        ("▁ 私 は 機械 学習 。", "私 は 機械 学習 。", [0, 2, 3, 4, 5]),
        ("▁GPU を 使 う", "GPU を 使 う", [0, 1, 2, 3]),
        ("▁C# #", "C##", [0]),
        # WordPiece
        ("the qu ##ick fox . <end>", "the quick fox . <end>", [0, 1, 3, 4, 5]),
        ("##ing a ##b", "##ing ab", [0, 1]),
        ("a ##b # # <unknown> c", "ab # # <unknown> c", [0, 2, 3, 4, 5]),
        # No marks
        ("c a t <end>", "c a t <end>", [0, 1, 2, 3]),
        ("<start> <end>", "<start> <end>", [0, 1]),
        ("x <0xED> <0x95> <0x9C> <0xED>", "x 한 <0xED>", [0, 1, 4]),
    ],
)
def test_words(tokens, labels, starts):
    assert find_words(tokens.split(" ")) == (labels.split(" "), starts)


def test_byte_pairs_open_words_with_a_space():
    tokens = ["<start>", "the", " qu", "ick", " fox", ".", "<end>"]
    assert find_words(tokens) == (["<start>", "the", "quick", "fox.", "<end>"], [0, 1, 2, 4, 6])


def test_bytes():
    tokenizer = ByteTokenizer()
    tokens = tokenizer.pieces(tokenizer.tokenize(["한국 é, 👍🏽"]))[0]
    assert find_words(tokens) == (["한국", "é,", "👍🏽"], [0, 6, 10])


def test_characters():
    text = "e\u0301a b  한국 "  # a combining mark, two spaces, one at the end
    tokenizer = CharacterTokenizer(text)
    tokens = [*tokenizer.pieces(tokenizer.tokenize([text]))[0], "<end>"]
    labels, starts = find_words(tokens)
    assert labels == ["e\u0301a", "b", "한국", "␣", "<end>"]
    assert starts == [0, 3, 5, 9, 10]


def test_thai_marks_stay_with_their_letters():
    assert find_words(["▁", "ท", "ี", "่"]) == (["ที่"], [0])
