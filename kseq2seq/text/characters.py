"""The tokenizer of small alphabets: one token is one Unicode code point."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

from kseq2seq.disk.files import read_field
from kseq2seq.raw import each_text
from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer


class CharacterTokenizer(Tokenizer):
    """Gives each code point of a known set an id, in code point order after the special tokens.

    Nothing is normalised: text made of known characters comes back exactly, and a letter with a
    combining mark is two tokens. Other characters become `unknown`, and U+FFFD when read back.

    Args:
        characters: the known characters, in any order; repeats count once.

    Raises:
        ValueError: no characters, or a lone surrogate, which UTF-8 can't hold.

    Example:
        >>> from kseq2seq.text import CharacterTokenizer
        >>> tokenizer = CharacterTokenizer("abc")
        >>> tokenizer.tokenize(["cab", "ad"]).to_list()
        [[6, 4, 5], [4, 3]]
        >>> tokenizer.detokenize([[6, 4, 5], [4, 3, 0]]).numpy()[1].decode()
        'a\ufffd'
    """

    kind = "characters"

    def __init__(self, characters: Iterable[str]) -> None:
        super().__init__()
        self.characters = "".join(sorted(set("".join(characters))))
        if not self.characters:
            raise ValueError("characters must hold at least one character, got none.")
        if any("\ud800" <= character <= "\udfff" for character in self.characters):
            raise ValueError("characters holds a lone surrogate, which UTF-8 can't hold; drop it.")

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary_size: int | None = None) -> CharacterTokenizer:
        """Returns a tokenizer of the most frequent characters of texts.

        Args:
            texts: the texts to count, read once.
            vocabulary_size: the most ids to use, the special ones included; None for all
                characters. Of equally frequent ones the lower code point comes first. A warning
                says which share of the texts is unknown, if any is.

        Returns:
            The same tokenizer for the same texts, in whatever order they come.

        Raises:
            TypeError: a text is no string.
            ValueError: `texts` is a single string or has no characters, a text holds a lone
                surrogate, or the vocabulary leaves no room for a character.
        """
        room = None if vocabulary_size is None else vocabulary_size - len(cls.special)
        if room is not None and room < 1:
            raise ValueError(
                f"vocabulary_size must be at least {len(cls.special) + 1}, got {vocabulary_size}."
            )
        counts: Counter[str] = Counter()
        for text in each_text(texts):
            counts.update(text)
        if not counts:
            raise ValueError("texts has no characters to learn from; give at least one text.")
        ranked = sorted(counts, key=lambda character: (-counts[character], character))
        kept = ranked[:room]
        if len(kept) < len(ranked):
            unknown = 1 - sum(counts[character] for character in kept) / counts.total()
            warnings.warn(
                f"vocabulary_size {vocabulary_size} has room for {len(kept)} of the "
                f"{len(ranked):,} characters of these texts; the others, {unknown:.2%} of the "
                f"text, are unknown. {len(ranked) + len(cls.special)} ids would hold all.",
                stacklevel=2,
            )
        return cls(kept)

    @property
    def vocabulary_size(self) -> int:
        """The special tokens and the known characters."""
        return len(self.special) + len(self.characters)

    def _tokenize(self, texts: tf.Tensor, sample: bool) -> tf.RaggedTensor:
        known = tf.constant([ord(character) for character in self.characters], tf.int32)
        codes = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
        at = tf.searchsorted(known, codes.flat_values)
        found = tf.gather(known, tf.minimum(at, len(self.characters) - 1)) == codes.flat_values
        return codes.with_flat_values(tf.where(found, at + len(self.special), self.special.unknown))

    def _detokenize(self, ids: tf.RaggedTensor) -> tf.Tensor:
        codes = [ord(character) for character in REPLACEMENT * len(self.special) + self.characters]
        return tf.strings.unicode_encode(tf.gather(tf.constant(codes), ids), "UTF-8")

    def _piece(self, token: int) -> str:
        return self.characters[token - len(self.special)]

    def _save(self, directory: Path) -> dict[str, Any]:
        return {"characters": self.characters}

    @classmethod
    def _load(cls, path: Path, settings: dict[str, Any]) -> CharacterTokenizer:
        return cls(read_field(settings, "characters", str, path))
