"""The same ids and the same texts as kseq2seq's tokenizers."""

import random

import pytest
from kseq2seq_runtime.tokenizers import ByteTokenizer, CharacterTokenizer, SentencePieceTokenizer

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
]


@pytest.fixture(scope="module")
def pairs(lines):
    """Name -> (kseq2seq's tokenizer, the runtime's)."""
    characters = text.CharacterTokenizer("".join(lines) + "😀\u0301\r\n")
    made = {
        "bytes": (text.ByteTokenizer(), ByteTokenizer()),
        "characters": (characters, CharacterTokenizer(characters.characters)),
    }
    kinds = {
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
        made[name] = (tokenizer, SentencePieceTokenizer(tokenizer.model))
    return made


KINDS = ["unigram", "bpe", "without bytes", "code", "the library's", "as it is", "folded"]
NAMES = ["bytes", "characters", *KINDS]


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_the_same(name, pairs):
    theirs, ours = pairs[name]
    assert ours.vocabulary_size == theirs.vocabulary_size
    mixed = random.Random(0)
    texts = NASTY + ["".join(mixed.choices("".join(NASTY), k=8)) for _ in range(200)]
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
    spaces = [token for token in range(4, size) if theirs._piece(token).startswith("▁")]
    pools.append([*spaces[:4], 3, 5] if spaces else [4, 5])
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


@pytest.mark.parametrize("model", [b"", b"no model", b"\x0a\x03"])
def test_what_is_no_sentencepiece_model_is_refused(model):
    with pytest.raises(ValueError, match="no SentencePiece model"):
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
