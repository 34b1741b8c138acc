from pathlib import Path

import pytest
import tensorflow as tf

from kseq2seq.text import (
    ByteTokenizer,
    CharacterTokenizer,
    SentencePieceTokenizer,
    TextSource,
    TextTarget,
    WordPieceTokenizer,
    WordSource,
    WordTokenizer,
    language_symbol,
)
from kseq2seq.text.source import surfaces


def test_rows_are_closed_padded_and_masked():
    inputs = TextSource(CharacterTokenizer("ab"), 8)(["aba", "", "b"])
    assert inputs["source"].numpy().tolist() == [[4, 5, 4, 2], [2, 0, 0, 0], [5, 2, 0, 0]]
    assert inputs["source_mask"].numpy().tolist() == [
        [True, True, True, True],
        [True, False, False, False],
        [True, True, False, False],
    ]
    assert inputs["source"].dtype == tf.int32


def test_no_texts():
    inputs = TextSource(ByteTokenizer(), 8)([])
    assert inputs["source"].shape[0] == inputs["source_mask"].shape[0] == 0


def test_in_a_graph_of_any_batch_and_length():
    source = TextSource(ByteTokenizer(), 8)
    traced = tf.function(source, input_signature=[tf.TensorSpec([None], tf.string)])
    for texts in (["a"], ["한국어", "", "abc"]):
        for name, value in source(texts).items():
            assert traced(tf.constant(texts))[name].numpy().tolist() == value.numpy().tolist()


ASKING = [language_symbol(language) for language in ("fr", "pt-BR")]


@pytest.mark.parametrize(
    "tokenizer",
    [ByteTokenizer(ASKING), SentencePieceTokenizer.train(["a b c"] * 9, 300, symbols=ASKING)],
    ids=["bytes", "sentencepiece"],
)
def test_a_text_that_only_asks_for_a_language_is_empty(tokenizer):
    source = TextSource(tokenizer, 64)
    spaces = isinstance(tokenizer, ByteTokenizer)  # for which they are text
    texts = [*source.into("pt-BR", ["", " ", "a\nb"]), "", " ", "b", "<2ko>", "<2fr><2fr>", "<2fr"]
    wanted = [True, not spaces, False, True, not spaces, False, False, True, False]
    raws = tf.constant(texts)
    assert source.empty(raws, source.lengths(raws)).numpy().tolist() == wanted
    _, _, empty = source.prepare(raws, 64)
    assert empty.numpy().tolist() == wanted


def test_sentences_that_ask_for_several_languages_are_refused():
    source = TextSource(ByteTokenizer(ASKING), 8)
    assert source.split("<2fr>One. Two.") == ["<2fr>One.", "<2fr>Two."]
    with pytest.raises(ValueError, match=r"asks for 'fr', and its sentence '<2pt-BR>Two.' for"):
        source.split("<2fr>One. <2pt-BR>Two.")


def test_check_counts_the_end_and_names_the_first_too_long():
    source = TextSource(ByteTokenizer(), 4)
    source.check(["abc", "한", ""])
    assert source.lengths(["abc", "한", ""]).numpy().tolist() == [4, 4, 1]
    with pytest.raises(ValueError, match=r"source text 1 has 7 tokens.*limit is 4"):
        source.check(["abc", "한국", "abcdefghij"])


def test_nothing_is_cut_in_the_graph():
    assert TextSource(ByteTokenizer(), 2)(["abcdef"])["source"].shape == (1, 7)


def test_samples_are_closed_too():
    tokenizer = SentencePieceTokenizer.train(["the quick brown fox", "the fox"], 300)
    source = TextSource(tokenizer, 64)
    tokens = source.tokens(["the quick fox"] * 20, sample=True)
    assert {row[-1] for row in tokens.to_list()} == {2}
    assert len({tuple(row) for row in tokens.to_list()}) > 1


def test_save_and_load(tmp_path):
    source = TextSource(CharacterTokenizer("한a"), 5)
    source.save(tmp_path)
    loaded = TextSource.load(tmp_path)
    assert loaded.max_length == 5
    assert loaded.tokens(["a한b"]).to_list() == source.tokens(["a한b"]).to_list()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "not valid JSON"),
        ('{"format_version": 9}', "newer kseq2seq"),
        ('{"format_version": 1, "type": "speech"}', "'speech', expected 'text'"),
        ('{"format_version": 1, "type": "text", "max_length": "9"}', "int as 'max_length'"),
        ('{"format_version": 1, "type": "text", "max_length": 0}', "at least 1; got 0"),
    ],
)
def test_a_hostile_record_is_refused(record, message, tmp_path):
    TextSource(ByteTokenizer(), 5).save(tmp_path)
    (tmp_path / "source.json").write_text(record)
    with pytest.raises(ValueError, match=message):
        TextSource.load(tmp_path)


def test_a_missing_tokenizer_is_named(tmp_path):
    TextSource(ByteTokenizer(), 5).save(tmp_path)
    (tmp_path / "source_tokenizer" / "tokenizer.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json"):
        TextSource.load(tmp_path)


@pytest.mark.parametrize("side", [TextSource, TextTarget, WordSource])
@pytest.mark.parametrize(
    ("tokenizer", "do"),
    [
        ("saved/en", r"load_tokenizer\('saved/en'\)"),
        (Path("saved/en"), r"load_tokenizer\('saved/en'\)"),
        (ByteTokenizer, "Pass an instance of it"),
        (None, "got None.*BackboneTokenizer"),
        (64, "got 64"),
    ],
)
def test_a_tokenizer_that_is_missing_is_named(side, tokenizer, do):
    with pytest.raises(TypeError, match=rf"`tokenizer` must be a Tokenizer.*{do}"):
        side(tokenizer, 64)


def test_a_limit_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1; got 0"):
        TextSource(ByteTokenizer(), 0)


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
