"""Symbols among the strings that tokens stand for; the rest is tested where it is used."""

import pytest

from kseq2seq.text import CharacterTokenizer, WordPieceTokenizer, WordTokenizer
from kseq2seq.text.surfaces import surfaces

SYMBOLS = ["<ko>", "\n", " | "]


@pytest.mark.parametrize(
    ("tokenizer", "expected"),
    [
        (CharacterTokenizer("thecatX", SYMBOLS), ["<ko>", *"the", "Ω", "\n", *"cat", " | ", "X"]),
        (WordTokenizer(["the", "cat"], SYMBOLS), ["<ko>", "theΩ", "\n", "cat", " | ", "X"]),
        (
            WordPieceTokenizer(["the", "c", "##at"], symbols=SYMBOLS),
            ["<ko>", "theΩ", "\n", "cat", "cat", " | ", "X"],
        ),
    ],
    ids=["characters", "words", "wordpiece"],
)
def test_symbols_stand_for_themselves(tokenizer, expected):
    text = "<ko>theΩ\ncat | X"
    found = surfaces(tokenizer, text)
    assert found == expected
    assert len(found) == len(tokenizer.tokenize([text]).to_list()[0])
