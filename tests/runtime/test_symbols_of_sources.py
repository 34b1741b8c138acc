"""The runtime's copies of what sources do to texts: the same as kseq2seq's, text by text."""

import random

import pytest
from kseq2seq_runtime import format_fields, languages
from kseq2seq_runtime.sources import TextSource
from kseq2seq_runtime.tokenizers import ByteTokenizer

from kseq2seq.text import FIELD_SYMBOLS, fields, language_symbol
from kseq2seq.text.languages import into, languages_in


def noise(count):
    rng = random.Random(2)
    parts = ["%", "s", "d", "(a)", "{", "}", "{b}", "%%", " ", "é", "⟦1⟧", "⟦", "$", "1", ".", "한"]
    return ["".join(rng.choices(parts, k=rng.randrange(12))) for _ in range(count)]


def test_fields_are_hidden_and_shown_alike():
    assert format_fields.SYMBOLS == FIELD_SYMBOLS
    for text in noise(5000):
        hidden, own = format_fields.hidden(text)
        assert (hidden, own) == fields.hidden(text)
        assert format_fields.filled(hidden, own) == text
        assert format_fields.filled(text, own[:1]) == fields.filled(text, own[:1])


def test_a_source_asks_for_a_language():
    symbols = [language_symbol(language) for language in ("fr", "ko")]
    source = TextSource(ByteTokenizer(symbols), 9, cut=False)
    assert source.languages == languages_in(symbols) == ("fr", "ko")
    assert source.into("ko", ["a", "b"]) == into("ko", ["a", "b"], ["ko"])
    assert source("<2ko>a", "0") == [ByteTokenizer(symbols).symbol_ids["<2ko>"], 101, 2]
    assert [source(text, "0") for text in ("<2ko>", "<2fr>", "")] == [None] * 3
    assert source("<2ko><2fr>", "0") is None and len(source("<2ko> ", "0")) == 3
    assert len(source("< 2ko>", "0")) > 3
    for known, message in ((["fr"], "one of fr"), ([], "don't name one")):
        with pytest.raises(ValueError, match=message):
            languages.into("de", "a", known)
    with pytest.raises(ValueError, match="asks for 'fr' already"):
        source.into("ko", "<2fr>a")
