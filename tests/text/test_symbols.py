"""What holds for the symbols of every tokenizer: each stays whole, in and out."""

import json
import random
import re
from functools import cache

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kseq2seq.text import (
    ByteTokenizer,
    CharacterTokenizer,
    SentencePieceTokenizer,
    WordPieceTokenizer,
    WordTokenizer,
    load_tokenizer,
)
from kseq2seq.text.symbols import MOST_BYTES, Symbols

SYMBOLS = [
    *("<user>", "<ko>", "<user><ko>", "<k", "__name__"),
    *("    ", "\n", "\r\n", " <sep> ", "\u2028", "\0"),
    *("ㄱ.*+?[](){}|^$\\E", "Ａ①", "a\u200cb", "e\u0301", "한", "한국", "▁x▁", "😀"),
]
CORPUS = [
    "the quick brown fox <user> jumps over the lazy dog",
    "나는 오늘 <ko>학교에 갑니다",
    "x\n    return __name__ Ａ① A a\u200cb a b name __ n < user > ko",
    "le renard brun été naïve où e\u0301 \ufffd",
] * 4
WITH = {"symbols": SYMBOLS}
WORDS = ["the", "fox", "나는", "오늘", "def", *"abcdefghijklmnopqrstuvwxyz()<>_:1"]
PARTS = [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz안녕"]
MAKE = {
    "bytes": lambda: ByteTokenizer(SYMBOLS),
    "characters": lambda: CharacterTokenizer.train(CORPUS, **WITH),
    "words": lambda: WordTokenizer.train(CORPUS, **WITH),
    "wordpiece": lambda: WordPieceTokenizer([*WORDS, *PARTS], lowercase=True, **WITH),
    "unigram": lambda: SentencePieceTokenizer.train(CORPUS, 350, **WITH),
    "bpe": lambda: SentencePieceTokenizer.train(CORPUS, 350, "bpe", **WITH),
    "code": lambda: SentencePieceTokenizer.train(CORPUS, 350, normalization="identity", **WITH),
}
TEXTS = [
    *SYMBOLS,
    "",
    "".join(SYMBOLS),
    "a<user>b",
    "<user>  <ko>안녕<k",
    "  <user>x  ",
    "x__name__y\n\n    z",
    "<<user>>",
    "e\u0301\u0301 한국 한 한국국",
    "if x:\n        return  1\n",
    "ＡＡ①① a\u200ca\u200cb",
]
mixed = random.Random(1)
TEXTS += ["".join(mixed.choices([*SYMBOLS, *"abc나 <k_"], k=9)) for _ in range(60)]
CUTTER = Symbols(SYMBOLS)
FOUND = re.compile("|".join(map(re.escape, sorted(SYMBOLS, key=len, reverse=True))))


@pytest.fixture(scope="module", params=list(MAKE))
def tokenizer(request):
    return made(request.param)


@cache
def made(name):
    return MAKE[name]()


def decoded(texts):
    return [text.decode() for text in texts.numpy()]


def found(tokenizer, row):
    names = {token: name for name, token in tokenizer.symbol_ids.items()}
    return [names[token] for token in row if token in names]


def test_each_is_one_token_wherever_it_stands_and_the_longest_wins(tokenizer):
    expected = [FOUND.findall(text) for text in TEXTS]
    for sample in (False, True):
        rows = tokenizer.tokenize(TEXTS, sample).to_list()
        assert [found(tokenizer, row) for row in rows] == expected


def test_texts_of_symbols_alone_come_back(tokenizer):
    texts = [*SYMBOLS, "".join(SYMBOLS), "".join(SYMBOLS[::-1]), "<ko>" * 3, "\n    \n"]
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(texts))) == texts


def test_glued_to_words_they_come_back_and_take_no_spaces(tokenizer):
    texts = ["나는<user>오늘", "<ko>나는 오늘<ko>", "the\n    fox\n", "__name__the__name__"]
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(texts))) == texts


@pytest.mark.parametrize("name", ["bytes", "code"])
def test_any_text_comes_back_where_any_came_back_without_them(name):
    tokenizer = made(name)
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(TEXTS))) == TEXTS


def test_they_are_named_and_counted(tokenizer):
    names = tokenizer.pieces([range(tokenizer.vocabulary_size)])[0]
    assert tokenizer.symbols == tuple(SYMBOLS)
    assert [names[tokenizer.symbol_ids[symbol]] for symbol in SYMBOLS] == SYMBOLS
    assert [tokenizer.words()[token] for token in tokenizer.symbol_ids.values()] == SYMBOLS
    assert tokenizer.pieces([[1, tokenizer.symbol_ids["\n"], 2]]) == [["<start>", "\n", "<end>"]]
    assert int(tf.reduce_max(tokenizer.tokenize(TEXTS).flat_values)) < tokenizer.vocabulary_size


def test_they_are_saved(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert (type(loaded), loaded.symbols) == (type(tokenizer), tokenizer.symbols)
    assert loaded.tokenize(TEXTS).to_list() == tokenizer.tokenize(TEXTS).to_list()
    # Earlier versions read format 1 alone, so they refuse it and never read other ids.
    assert json.loads((tmp_path / "tokenizer.json").read_text())["format_version"] == 2


def test_in_a_saved_model(tmp_path):
    module, all_made = tf.Module(), [made("wordpiece"), made("unigram")]
    module.tokenizers = all_made

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def there_and_back(texts):
        ids = [tokenizer.tokenize(texts) for tokenizer in all_made]
        back = [one.detokenize(row) for one, row in zip(all_made, ids, strict=True)]
        return [row.to_tensor() for row in ids], back

    module.there_and_back = there_and_back
    tf.saved_model.save(module, str(tmp_path))
    tf.random.set_seed(1)
    loaded = tf.saved_model.load(str(tmp_path)).there_and_back(tf.constant(TEXTS))
    for tokenizer, ids, back in zip(all_made, *loaded, strict=True):
        expected = tokenizer.tokenize(TEXTS)
        assert ids.numpy().tolist() == expected.to_tensor().numpy().tolist()
        assert decoded(back) == decoded(tokenizer.detokenize(expected))


def test_of_no_texts_and_in_a_pipeline_of_data(tokenizer):
    ids = tokenizer.tokenize(TEXTS)
    data = tf.data.Dataset.from_tensor_slices(TEXTS).batch(50).map(tokenizer.tokenize)
    assert [row for batch in data for row in batch.to_list()] == ids.to_list()
    assert tokenizer.tokenize(tf.constant([], tf.string)).to_list() == []
    assert tokenizer.detokenize(tf.zeros((0, 3), tf.int32)).shape == (0,)


def test_special_and_outside_ids_beside_symbols(tokenizer):
    user, line = tokenizer.symbol_ids["<user>"], tokenizer.symbol_ids["\n"]
    rows = [[1, user, 3, line, 0, -1], [line, 10**6, user, 2, user, user], [2, user, 0, 0, 0, 0]]
    assert decoded(tokenizer.detokenize(rows)) == ["<user>�\n�", "\n�<user>", ""]


def test_training_learns_around_them():
    texts = ["ab<user>ab", "<user>"] * 3
    assert CharacterTokenizer.train(texts, symbols=["<user>"]).characters == "ab"
    assert WordTokenizer.train(texts, symbols=["<user>"]).words()[4:] == ["ab", "<user>"]
    pieces = WordPieceTokenizer.train(texts, 20, symbols=["<user>"]).words()[4:]
    assert pieces[-1] == "<user>" and "s" not in "".join(pieces[:-1])
    trained = SentencePieceTokenizer.train(texts, 60, byte_fallback=False, symbols=["<user>"])
    assert trained.words()[4] == "<user>" and "s" not in "".join(trained.words()[5:])


@pytest.mark.filterwarnings("ignore:vocabulary_size|.*get an id")
def test_a_size_counts_them():
    texts = ["".join(map(chr, range(0x61, 0x7B))), *"abcdefghijklmnopqrstuvwxyz"]
    symbols = ["<user>", "<ko>", "\n"]
    for tokenizer in (
        CharacterTokenizer.train(texts, 28, symbols=symbols),
        WordTokenizer.train(texts, 28, symbols=symbols),
        SentencePieceTokenizer.train(texts, 34, symbols=symbols, byte_fallback=False),
    ):
        assert tokenizer.vocabulary_size in (28, 34)
        assert set(symbols) <= set(tokenizer.words())
    with pytest.raises(ValueError, match="at least 8; got 7"):
        CharacterTokenizer.train(texts, 7, symbols=symbols)


def test_rare_characters_are_spelled_in_bytes_around_them():
    texts = ["".join(map(chr, range(0x4E00, 0x4E40))) + "<ko>\n" + "ab" * 9] * 2
    with pytest.warns(UserWarning, match="can't hold the characters"):
        tokenizer = SentencePieceTokenizer.train(texts, 290, symbols=["<ko>", "\n"])
    assert tokenizer.vocabulary_size == 290
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(texts))) == texts
    (row,) = tokenizer.tokenize(texts[:1]).to_list()
    assert found(tokenizer, row) == ["<ko>", "\n"]


def test_case_is_kept_where_the_tokenizer_folds_it():
    tokenizer = WordPieceTokenizer(["user", "<", ">"], lowercase=True, symbols=["<User>"])
    assert tokenizer.tokenize(["<User><USER>"]).to_list() == [[7, 5, 4, 6]]


@settings(deadline=None, max_examples=15, derandomize=True)
@given(st.lists(st.lists(st.sampled_from([*SYMBOLS, *"<>k \n"]) | st.text(max_size=3)), max_size=5))
def test_any_text_is_cut_as_python_cuts_it(parts):
    symbols = CUTTER
    texts = ["".join(part).encode(errors="replace").decode() for part in parts]
    cut, which = symbols.cut(tf.constant(texts, tf.string))
    cut = [[part.decode() for part in row] for row in cut.to_list()]
    assert cut == [symbols.split(text) for text in texts]
    flat = [part for row in cut for part in row]
    places = [place % 2 for row in cut for place in range(len(row))]
    pairs = zip(flat, places, strict=True)
    assert which.numpy().tolist() == [SYMBOLS.index(p) if odd else -1 for p, odd in pairs]


def test_what_is_no_utf8_is_seen_to_be_lost():
    tokenizer = ByteTokenizer(["<ko>"])
    ids = tokenizer.tokenize([b"a\xff<ko>\xff\xff", b"<ko>"])
    assert decoded(tokenizer.detokenize(ids)) == ["a�<ko>��", "<ko>"]
    assert ids.to_list()[1] == [260]


def test_many_symbols_are_found():
    names = [f"<{chr(0xAC00 + n)}{n}>" for n in range(900)]
    tokenizer = ByteTokenizer(names)
    assert tokenizer.vocabulary_size == 1160
    assert tokenizer.tokenize(["".join(names)]).to_list() == [list(range(260, 1160))]


@pytest.mark.parametrize(
    ("symbols", "kind", "message"),
    [
        (["a", ""], ValueError, "Symbol 1 is empty"),
        (["<ko>", "b", "<ko>"], ValueError, "'<ko>' more than once"),
        (["<end>"], ValueError, "does not have; got '<end>'"),
        (["<unknown>"], ValueError, "does not have; got '<unknown>'"),
        (["<ko>", 5], TypeError, "Text 1 of `symbols` must be a str; got int"),
        ([None], TypeError, "must be a str; got NoneType"),
        ([b"<ko>"], TypeError, "must be a str; got bytes"),
        ("<ko>", ValueError, "`symbols` must be a list of strings; got one string"),
        (["\ud83d"], ValueError, "lone surrogate"),
        (5, TypeError, "`symbols` must be a list"),
        (["x" * (MOST_BYTES + 1)], ValueError, "8,192 bytes of UTF-8 together; got 8,193"),
    ],
)
def test_symbols_that_make_no_sense_are_refused(symbols, kind, message):
    makers = [
        ByteTokenizer,
        lambda symbols: CharacterTokenizer("q", symbols),
        lambda symbols: CharacterTokenizer.train(["q"], symbols=symbols),
        lambda symbols: WordTokenizer(["q"], symbols),
        lambda symbols: WordTokenizer.train(["q"], symbols=symbols),
        lambda symbols: WordPieceTokenizer(["q"], symbols=symbols),
        lambda symbols: SentencePieceTokenizer.train(["q"], 300, symbols=symbols),
    ]
    for make in makers:
        with pytest.raises(kind, match=message):
            make(symbols)


@pytest.mark.parametrize("symbol", ["<s>", "</s>", "<pad>", "<unk>", "<0x41>", "\U00108000"])
def test_names_that_each_sentencepiece_model_has_are_refused(symbol):
    with pytest.raises(ValueError, match=r"the vocabulary does not have|stands for a symbol"):
        SentencePieceTokenizer.train(["q"], 300, symbols=[symbol])


def test_a_symbol_is_no_word_or_character_as_well():
    with pytest.raises(ValueError, match="'a', which is one of the characters"):
        CharacterTokenizer("abc", ["a"])
    with pytest.raises(ValueError, match="and `symbols` both hold 'a'"):
        WordTokenizer(["b", "a"], ["a"])
    assert CharacterTokenizer.train(["abc"], symbols=["a"]).characters == "bc"
    assert WordTokenizer.train(["a b"], symbols=["a"]).words()[4:] == ["b", "a"]
