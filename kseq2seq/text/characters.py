"""The tokenizer of small alphabets: one token is one Unicode code point."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import tensorflow as tf

from kseq2seq.checks import each_text
from kseq2seq.disk.files import read_field
from kseq2seq.text.symbols import Symbols
from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer, register_tokenizer


@register_tokenizer("characters")
class CharacterTokenizer(Tokenizer):
    """Gives each code point of a known set an id, in code point order after the special tokens.

    Nothing is normalized: text made of known characters comes back exactly, and a letter with a
    combining mark is two tokens. Other characters become `unknown`, and U+FFFD when read back.

    Args:
        characters: the known characters, in any order; repeats count once.
        symbols: strings that are one token each, wherever they stand in a text; their ids come
            after those of the characters.

    Raises:
        TypeError: a symbol is not a string.
        ValueError: no characters, or a lone surrogate, which UTF-8 can't hold; or a symbol is
            empty, given twice, one of the characters, or names a special token.

    Example:
        >>> from kseq2seq.text import CharacterTokenizer
        >>> tokenizer = CharacterTokenizer("abc")
        >>> tokenizer.tokenize(["cab", "ad"]).to_list()
        [[6, 4, 5], [4, 3]]
        >>> tokenizer.detokenize([[6, 4, 5], [4, 3, 0]]).numpy()[1].decode()
        'a\ufffd'
    """

    def __init__(self, characters: Iterable[str], symbols: Iterable[str] = ()) -> None:
        super().__init__(symbols)
        self.characters = "".join(sorted(set("".join(characters))))
        if not self.characters:
            raise ValueError("`characters` must hold at least one character; got none.")
        if any("\ud800" <= character <= "\udfff" for character in self.characters):
            raise ValueError("`characters` holds a lone surrogate, which UTF-8 can't hold.")
        both = set(self.symbols).intersection(self.characters)
        if both:
            raise ValueError(f"`symbols` holds {min(both)!r}, which is one of the characters.")

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocabulary_size: int | None = None,
        *,
        symbols: Iterable[str] = (),
    ) -> Self:
        """Returns a tokenizer of the most frequent characters of texts.

        Args:
            texts: the texts to count, read once.
            vocabulary_size: the most ids to use, the special ones and the symbols included; None
                for all characters. Of equally frequent ones the lower code point comes first. A
                warning says which share of the texts is unknown, if any is.
            symbols: strings that are one token each; no character is learned from them.

        Returns:
            The same tokenizer for the same texts, in whatever order they come.

        Raises:
            TypeError: a text or a symbol is not a string.
            ValueError: `texts` is a single string or has no characters, a text holds a lone
                surrogate, the vocabulary leaves no room for a character, or a symbol makes no
                sense, as the class says.
        """
        apart = Symbols(symbols)
        room = apart.room(vocabulary_size)
        counts: Counter[str] = Counter()
        for text in apart.rests(each_text(texts)):
            counts.update(text)
        if not counts:
            raise ValueError("`texts` has no characters to learn from; give at least one text.")
        ranked = sorted(counts, key=lambda character: (-counts[character], character))
        kept = ranked[:room]
        if len(kept) < len(ranked):
            unknown = 1 - sum(counts[character] for character in kept) / counts.total()
            warnings.warn(
                f"vocabulary_size {vocabulary_size} has room for {len(kept)} of the "
                f"{len(ranked):,} characters of these texts; {unknown:.2%} of the text is unknown. "
                f"{len(cls.special) + len(apart.names) + len(ranked)} ids would hold all.",
                stacklevel=2,
            )
        return cls(kept, symbols=apart.names)

    @property
    def vocabulary_size(self) -> int:
        """The special tokens, the known characters and the symbols."""
        return len(self.special) + len(self.characters) + len(self.symbols)

    def to_ids(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """See `Tokenizer`."""
        known = tf.constant([ord(character) for character in self.characters], tf.int32)
        codes = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
        index = tf.searchsorted(known, codes.flat_values)
        nearest = tf.gather(known, tf.minimum(index, len(self.characters) - 1))
        ids = index + len(self.special)
        ids = tf.where(nearest == codes.flat_values, ids, self.special.unknown)
        return codes.with_flat_values(ids)

    def to_texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """See `Tokenizer`."""
        codes = [ord(character) for character in REPLACEMENT * len(self.special) + self.characters]
        return tf.strings.unicode_encode(tf.gather(tf.constant(codes), ids), "UTF-8")

    def piece(self, token: int) -> str:
        """See `Tokenizer`."""
        return self.characters[token - len(self.special)]

    def config(self) -> dict[str, Any]:
        """See `Tokenizer`."""
        return {"characters": self.characters}

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """See `Tokenizer`."""
        read_field(config, "characters", str, path)
        return super().from_files(directory, config, path)
