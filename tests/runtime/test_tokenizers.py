"""The same ids and the same texts as kseq2seq's tokenizers."""

import json
import random

import pytest
from kseq2seq_runtime.bundle import Bundle
from kseq2seq_runtime.tokenizers import (
    ByteTokenizer,
    CharacterTokenizer,
    JamoTokenizer,
    SentencePieceTokenizer,
    WordTokenizer,
    load_tokenizer,
)

from kseq2seq import text

NASTY = [
    "    return  x",
    "می\u200cخواهم a\u200bb \u061c",
    " \t \x85\x80",
    "",
    " ",
    "  two  spaces  ",
    "line\nline\r\nline\ttab",
    "\0",
    "é e\u0301 ﬁ ① \u00a0 \u3000",
    "안녕 \u1112\u1161\u11ab 다람쥐",
    "😀 👨‍👩‍👧 🇫🇷",
    "\ufeffbom \ufffe \uffff \U0010ffff \ufffd \u2028 \x1b\x7f\x85",
    "▁ ▁▁ <s> </s> <unk> <0x41>",
    "the quick brown fox",
    "".join(f"the{chr(code)}" for code in range(0x3001) if chr(code).isspace()),
    "a\u2028b\u00a0c\r\nd\u180ee",
    "\U00108000a\U00108001\U00108fff",
]
SYMBOLS = [
    "<user>",
    "<k",
    "<ko>",
    "__name__",
    "    ",
    "\n",
    "\r\n",
    "Ａ",
    "a\u200cb",
    "안녕",
    "▁",
    "🇫",
]


@pytest.fixture(scope="module")
def pairs(lines):
    """Name -> (kseq2seq's tokenizer, the runtime's)."""
    characters = text.CharacterTokenizer("".join(lines) + "😀\u0301\r\n")
    jamo = text.JamoTokenizer.train([*lines, "안녕 다람쥐", "\r\n"])
    made = {
        "jamo": (jamo, JamoTokenizer(jamo.characters)),
        "bytes": (text.ByteTokenizer(), ByteTokenizer()),
        "characters": (characters, CharacterTokenizer(characters.characters)),
    }
    words = sorted({word for line in [*lines, *NASTY] for word in line.split()} - {*SYMBOLS})[::2]
    made["words"] = (text.WordTokenizer(words), WordTokenizer(words))
    symbols = [symbol for symbol in SYMBOLS if len(symbol) > 1]
    made["bytes, symbols"] = (text.ByteTokenizer(SYMBOLS), ByteTokenizer(SYMBOLS))
    made["words, symbols"] = (text.WordTokenizer(words, symbols), WordTokenizer(words, symbols))
    made["characters, symbols"] = (
        text.CharacterTokenizer(characters.characters, symbols),
        CharacterTokenizer(characters.characters, symbols),
    )
    kinds = {
        "unigram, symbols": (350, "unigram", {"symbols": SYMBOLS}),
        "bpe, symbols": (350, "bpe", {"symbols": SYMBOLS, "normalization": "identity"}),
        "unigram": (330, "unigram", {}),
        "bpe": (330, "bpe", {}),
        "without bytes": (70, "unigram", {"byte_fallback": False}),
        "the library's": (330, "unigram", {"normalization": "nmt_nfkc"}),
        "code": (330, "unigram", {"normalization": "identity"}),
        "as it is": (90, "bpe", {"byte_fallback": False, "normalization": "identity"}),
        "folded": (330, "unigram", {"normalization": "nfkc_cf"}),
    }
    for name, (size, kind, settings) in kinds.items():
        tokenizer = text.SentencePieceTokenizer.train(lines, size, kind, **settings)
        made[name] = (tokenizer, SentencePieceTokenizer(tokenizer.model, tokenizer.symbols))
    return made


KINDS = ["unigram", "bpe", "without bytes", "code", "the library's", "as it is", "folded"]
PLAIN = ["bytes", "characters", "words"]
WITH_SYMBOLS = [f"{name}, symbols" for name in (*PLAIN, "unigram", "bpe")]
NAMES = ["jamo", *PLAIN, *KINDS, *WITH_SYMBOLS]


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_the_same(name, pairs):
    theirs, ours = pairs[name]
    assert ours.vocabulary_size == theirs.vocabulary_size
    mixed = random.Random(0)
    texts = NASTY + ["".join(mixed.choices("".join(NASTY), k=8)) for _ in range(200)]
    if theirs.symbols:
        texts += ["".join(mixed.choices([*SYMBOLS, *"a <"], k=6)) for _ in range(100)]
    assert [ours.encode(one) for one in texts] == theirs.tokenize(texts).to_list()


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_the_same(name, pairs):
    theirs, ours = pairs[name]
    size, mixed = ours.vocabulary_size, random.Random(1)
    pools = [range(4, size), [0, 1, 2, 3, -1, size, 10**6, *range(4, 20)]]
    if size >= 260:  # bytes, most of them no valid UTF-8 together
        pools.append(
            [first + b for first in (4,) for b in (0x41, 0x80, 0xBF, 0xC3, 0xE2, 0xED, 0xF0)]
        )
    spaces = [t for t, piece in enumerate(theirs.pieces([range(size)])[0]) if piece[:1] == "▁"]
    pools.append([*spaces[:4], 3, 5] if spaces else [4, 5])
    if theirs.symbols:
        pools.append([*theirs.symbol_ids.values(), *range(3, 20)])
    rows = [mixed.choices(pool, k=mixed.randrange(8)) for pool in pools for _ in range(150)]
    rows += [ours.encode(one) for one in NASTY] + [[]]
    import tensorflow as tf

    texts = theirs.detokenize(tf.ragged.constant(rows, tf.int64, ragged_rank=1)).numpy()
    assert [ours.decode(row) for row in rows] == [one.decode() for one in texts]


def test_leading_spaces_are_kept_where_the_model_keeps_them(pairs):
    for name, back in (("code", "    return  x"), ("unigram", "return x")):
        _, ours = pairs[name]
        assert ours.decode(ours.encode("    return  x")) == back


@pytest.mark.parametrize("name", ["bytes", "characters", "unigram"])
def test_what_utf8_cannot_hold_is_refused(name, pairs):
    with pytest.raises(ValueError, match="The text holds a lone surrogate at 4"):
        pairs[name][1].encode("bad \ud83d")
    with pytest.raises(TypeError, match="must be a str; got list"):
        pairs[name][1].encode(["a"])


def test_what_is_lost_shows():
    assert ByteTokenizer().decode([4 + 0xC3, 4 + 0x41]) == "\ufffdA"
    assert ByteTokenizer().decode([4 + 0x41, 3, 999, -5, 1, 0, 4 + 0x42, 2, 4 + 0x43]) == "A" + (
        "\ufffd" * 3 + "B"
    )
    assert CharacterTokenizer("ab").encode("abc") == [4, 5, 3]
    assert CharacterTokenizer("ab").decode([4, 3, 6, 5]) == "a\ufffd\ufffdb"


@pytest.mark.parametrize("characters", ["", "a\ud800"])
def test_characters_that_make_no_sense_are_refused(characters):
    with pytest.raises(ValueError, match="character set must be non-empty"):
        CharacterTokenizer(characters)


@pytest.mark.parametrize("words", [[], [""], ["a", "a"], ["a b"], ["a\u2028"]])
def test_words_that_make_no_sense_are_refused(words):
    with pytest.raises(ValueError, match=r"must be at least one word|there twice"):
        WordTokenizer(words)


@pytest.mark.parametrize("symbols", [[""], ["a", "a"], [1]])
def test_symbols_that_make_no_sense_are_refused(symbols):
    with pytest.raises(ValueError, match=r"not empty|there twice"):
        ByteTokenizer(symbols)


def test_a_model_that_lacks_a_symbol_is_refused(pairs):
    with pytest.raises(ValueError, match="no piece for the symbol '<fr>'"):
        SentencePieceTokenizer(pairs["unigram"][0].model, ["<fr>"])


@pytest.mark.parametrize("name", [*PLAIN, *WITH_SYMBOLS, "unigram"])
def test_what_was_saved_is_loaded(name, pairs, tmp_path):
    theirs, ours = pairs[name]
    theirs.save(tmp_path / "source_tokenizer")
    files = {f"source_tokenizer/{path.name}": path.read_bytes() for path in tmp_path.glob("*/*")}
    loaded = load_tokenizer(Bundle(tmp_path, {}, files, b""), "source")
    texts = [*NASTY, "".join(SYMBOLS)]
    assert [loaded.encode(one) for one in texts] == [ours.encode(one) for one in texts]
    if "words" in name:
        files["source_tokenizer/words.txt"] += b"x"
        with pytest.raises(ValueError, match=r"words\.txt is not the one that belongs to it"):
            load_tokenizer(Bundle(tmp_path, {}, files, b""), "source")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"format_version": 2, "type": "bytes"}, "format_version 2.*up to 1"),
        ({"format_version": 3, "type": "bytes", "symbols": []}, "format_version 3.*up to 2"),
        ({"format_version": 2, "type": "bytes", "symbols": 1}, "'symbols' of type list"),
        ({"format_version": 2, "type": "bytes", "symbols": [1]}, "must be strings.*Copy it again"),
        ({"format_version": 1, "type": "mine"}, "'sentencepiece' and 'words'; others need"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(record, message, tmp_path):
    files = {"source_tokenizer/tokenizer.json": json.dumps(record).encode()}
    with pytest.raises(ValueError, match=message):
        load_tokenizer(Bundle(tmp_path, {}, files, b""), "source")


@pytest.mark.parametrize("model", [b"", b"no model", b"\x0a\x03"])
def test_what_is_no_sentencepiece_model_is_refused(model):
    with pytest.raises(ValueError, match="not a SentencePiece model"):
        SentencePieceTokenizer(model)


def test_sentencepiece_of_other_special_ids_is_refused(lines):
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=50, minloglevel=2
    )
    with pytest.raises(ValueError, match=r"must have \(0, 1, 2, 3\).*has \(-1, 1, 2, 0\)"):
        SentencePieceTokenizer(model.getvalue())
