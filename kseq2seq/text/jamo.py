"""Hangul spelled out: syllables as the letters (jamo) they are made of, and put together again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import tensorflow as tf

from kseq2seq.checks import each_text
from kseq2seq.text.characters import CharacterTokenizer
from kseq2seq.text.symbols import Symbols
from kseq2seq.text.tokenizer import register_tokenizer

SYLLABLES, LEADS, VOWELS, TAILS = 0xAC00, 0x1100, 0x1161, 0x11A7  # tails count from 1
LEAD_COUNT, VOWEL_COUNT, TAIL_COUNT = 19, 21, 28
OF_LEAD = VOWEL_COUNT * TAIL_COUNT
SYLLABLE_COUNT = LEAD_COUNT * OF_LEAD
_NONE = -1


def spelled(text: str) -> str:
    """Returns a text whose Hangul syllables are two or three conjoining letters each.

    Example:
        >>> from kseq2seq.text.jamo import spelled
        >>> [hex(ord(letter)) for letter in spelled("값")], spelled("né")
        (['0x1100', '0x1161', '0x11b9'], 'né')
    """
    letters = []
    for character in text:
        index = ord(character) - SYLLABLES
        if not 0 <= index < SYLLABLE_COUNT:
            letters.append(character)
            continue
        letters.append(chr(LEADS + index // OF_LEAD))
        letters.append(chr(VOWELS + index % OF_LEAD // TAIL_COUNT))
        if index % TAIL_COUNT:
            letters.append(chr(TAILS + index % TAIL_COUNT))
    return "".join(letters)


@register_tokenizer("jamo")
class JamoTokenizer(CharacterTokenizer):
    """A `CharacterTokenizer` that spells Hangul by its letters, 67 for all 11,172 syllables.

    A syllable that was never in a training text is read and written all the same, if its letters
    were. Letters that make no syllable, for example a vowel alone, come back as they are. All other
    characters are tokens as they are; a text without Hangul has the ids of a `CharacterTokenizer`.
    Syllables that a text spells by conjoining letters come back composed, as in Unicode's NFC.

    Args:
        characters: the known characters, in any order; repeats count once. Hangul as conjoining
            letters, U+1100 to U+11C2.
        symbols: strings that are one token each, wherever they stand in a text.

    Raises:
        ValueError: `characters` holds a syllable; and as `CharacterTokenizer`.

    Example:
        >>> from kseq2seq.text import JamoTokenizer
        >>> tokenizer = JamoTokenizer.train(["각 나"])
        >>> tokenizer.detokenize(tokenizer.tokenize(["낙 가"])).numpy()[0].decode()
        '낙 가'
    """

    def __init__(self, characters: Iterable[str], symbols: Iterable[str] = ()) -> None:
        super().__init__(characters, symbols)
        whole = [character for character in self.characters if spelled(character) != character]
        if whole:
            raise ValueError(
                f"`characters` holds the syllable {whole[0]!r}. Give the letters of syllables, "
                "kseq2seq.text.jamo.spelled(characters)."
            )

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocabulary_size: int | None = None,
        *,
        symbols: Iterable[str] = (),
    ) -> Self:
        """See `CharacterTokenizer`; letters of syllables are counted, and no syllables."""
        apart = Symbols(symbols)
        letters = map(spelled, apart.rests(each_text(texts)))
        return super().train(letters, vocabulary_size, symbols=apart.names)

    def to_ids(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """See `Tokenizer`."""
        codes = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
        # 1. Each code point as three, of which some are none.
        code = codes.flat_values
        index = code - SYLLABLES
        whole = (index >= 0) & (index < SYLLABLE_COUNT)
        tail = tf.math.floormod(index, TAIL_COUNT)
        lead = tf.where(whole, LEADS + index // OF_LEAD, code)
        vowel = tf.where(whole, VOWELS + tf.math.floormod(index, OF_LEAD) // TAIL_COUNT, _NONE)
        last = tf.where(whole & (tail > 0), TAILS + tail, _NONE)
        three = tf.stack([lead, vowel, last], axis=1)  # (N, 3)
        # 2. Those that are there, as strings again.
        lengths = 3 * codes.row_lengths()
        rows = tf.RaggedTensor.from_row_lengths(tf.reshape(three, [-1]), lengths, validate=False)
        letters = tf.ragged.boolean_mask(rows, rows != _NONE)
        return super().to_ids(tf.strings.unicode_encode(letters, "UTF-8"), sample)

    def to_texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """See `Tokenizer`."""
        codes = tf.strings.unicode_decode(super().to_texts(ids), "UTF-8").to_tensor(_NONE)

        def later(x: tf.Tensor, steps: int, fill: Any) -> tf.Tensor:
            return tf.pad(x[:, steps:], [[0, 0], [0, steps]], constant_values=fill)[
                :, : tf.shape(x)[1]
            ]

        def earlier(x: tf.Tensor, steps: int) -> tf.Tensor:
            return tf.pad(x, [[0, 0], [steps, 0]])[:, : tf.shape(x)[1]]

        # 1. Where a syllable begins: a lead before a vowel; and whether a tail comes after both.
        lead, vowel = codes - LEADS, later(codes, 1, _NONE) - VOWELS
        tail = later(codes, 2, _NONE) - TAILS
        begins = (lead >= 0) & (lead < LEAD_COUNT) & (vowel >= 0) & (vowel < VOWEL_COUNT)
        closed = begins & (tail > 0) & (tail < TAIL_COUNT)
        syllable = SYLLABLES + lead * OF_LEAD + vowel * TAIL_COUNT + tf.where(closed, tail, 0)
        # 2. The syllable in place of its lead, and nothing in place of its other letters.
        used = earlier(begins, 1) | earlier(closed, 2)
        texts = tf.where(begins, syllable, codes)
        kept = tf.ragged.boolean_mask(texts, (codes != _NONE) & ~used)
        return tf.strings.unicode_encode(kept, "UTF-8")
