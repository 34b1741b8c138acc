"""The tokenizer of BERT's family: WordPiece, on KerasHub."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.disk.files import read_checked, read_field, write_checked
from kseq2seq.raw import each_text
from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer

FILE = "vocabulary.txt"

# What a space must not stand before, and after; ideographs stand without any.
_CLOSING = r" +([.,;:!?%)\]}»”…。、，；：！？）」』】》])"
_OPENING = r"([(\[{«“（「『【《¿¡]) +"
_APOSTROPHE = r"(\p{L}) (['’]) (\p{L})"
_IDEOGRAPH = r" *([\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{2FA1F}]) *"


class WordPieceTokenizer(Tokenizer):
    """Splits text into words and punctuation marks, and each word into its longest known pieces.

    The split can't be undone: white space and invisible marks (the joiners inside an emoji too)
    are lost. Reading back puts one space between words, and takes it away again before closing and
    after opening punctuation, around the apostrophe in a word and around ideographs; other marks
    ("-", "/", straight quotes) keep spaces on both sides. A word with a character that no piece
    has, or of more than 100 bytes, is `unknown` as a whole.

    Args:
        vocabulary: the pieces, without the special tokens; a piece that goes on a word starts with
            "##". The id of the first is `len(SpecialTokens())`.
        lowercase: fold case before tokenizing.

    Raises:
        ValueError: no pieces, a repeated or empty one, or one with white space in it.

    Example:
        >>> from kseq2seq.text import WordPieceTokenizer
        >>> tokenizer = WordPieceTokenizer(["the", "qu", "##ick", "fox", ".", "("])
        >>> tokenizer.tokenize(["the quick fox."]).to_list()
        [[4, 5, 6, 7, 8]]
        >>> tokenizer.detokenize([[4, 5, 6, 7, 8]]).numpy()[0].decode()
        'the quick fox.'

    Source:
        Schuster and Nakajima, "Japanese and Korean Voice Search", 2012; Song et al., "Fast
        WordPiece Tokenization", 2020 (https://arxiv.org/abs/2012.15524).
    """

    kind = "wordpiece"

    def __init__(self, vocabulary: Sequence[str], lowercase: bool = False) -> None:
        super().__init__()
        import keras_hub

        pieces = list(vocabulary)
        if not pieces:
            raise ValueError("vocabulary must hold at least one piece, got none.")
        if len(set(pieces)) != len(pieces):
            repeated = next(piece for i, piece in enumerate(pieces) if piece in pieces[:i])
            raise ValueError(f"vocabulary has {repeated!r} more than once.")
        for piece in pieces:
            if len(piece.split()) != 1 or piece.split()[0] != piece:
                raise ValueError(f"a piece must be text without white space, got {piece!r}.")
        # A name in angle brackets is never one word of a text, so no text can spell those ids.
        reserved = [f"<{name}>" for name in self.special._fields]
        reserved[self.special.unknown] = REPLACEMENT
        self._vocabulary = "\n".join(pieces)
        self._lowercase = lowercase
        self._words = keras_hub.tokenizers.WordPieceTokenizer(
            vocabulary=[*reserved, *pieces], lowercase=lowercase, oov_token=REPLACEMENT
        )
        # Outside a graph KerasHub turns ragged results into dense ones and strings into lists.
        self._to_ids = tf.function(
            self._words.tokenize, input_signature=[tf.TensorSpec([None], tf.string)]
        )
        self._to_texts = tf.function(
            self._words.detokenize, input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)]
        )

    @classmethod
    def train(
        cls, texts: Iterable[str], vocabulary_size: int, lowercase: bool = False
    ) -> WordPieceTokenizer:
        """Returns a tokenizer learned from texts, the same one for the same texts.

        Args:
            texts: the texts to learn from; held in memory together.
            vocabulary_size: the most ids to use, the special ones included. KerasHub keeps the
                1,000 most frequent characters at most: prefer SentencePiece for Chinese, Japanese
                and Korean. A warning says which share of the words is unknown, if any is.
            lowercase: fold case before counting and tokenizing.

        Raises:
            TypeError: a text is no string.
            ValueError: `texts` is a single string or holds nothing to learn from, a text holds a
                lone surrogate, or the vocabulary is too small to hold any piece.
        """
        import keras_hub

        corpus = [text for text in each_text(texts) if text.strip()]
        if not corpus:
            raise ValueError("texts has nothing to learn from; give at least one with a word.")
        room = vocabulary_size - len(cls.special)
        if room < 1:
            raise ValueError(
                f"vocabulary_size must be at least {len(cls.special) + 1}, got {vocabulary_size}."
            )
        vocabulary = keras_hub.tokenizers.compute_word_piece_vocabulary(
            tf.data.Dataset.from_tensor_slices(corpus).batch(1024),
            room,
            lowercase=lowercase,
            reserved_tokens=[],
        )
        made = cls(vocabulary, lowercase)
        unknown, words = made._unknown_words(corpus)
        if unknown:
            warnings.warn(
                f"{unknown:,} of the {words:,} words of these texts ({unknown / words:.2%}) are "
                f"unknown to a WordPiece vocabulary of {made.vocabulary_size}, which lacks a "
                "character of each. SentencePieceTokenizer loses none.",
                stacklevel=2,
            )
        return made

    def _unknown_words(self, texts: list[str]) -> tuple[int, int]:
        """How many words of texts are unknown, and how many there are."""
        starts = np.array([not word.startswith("##") for word in self.words()])
        unknown = words = 0
        for first in range(0, len(texts), 1024):
            ids = self.tokenize(texts[first : first + 1024]).flat_values.numpy()
            unknown += int((ids == self.special.unknown).sum())
            words += int(starts[ids].sum())
        return unknown, words

    @property
    def vocabulary_size(self) -> int:
        """The special tokens and the pieces."""
        return self._words.vocabulary_size()

    def _tokenize(self, texts: tf.Tensor, sample: bool) -> tf.RaggedTensor:
        return self._to_ids(texts)

    def _detokenize(self, ids: tf.RaggedTensor) -> tf.Tensor:
        texts = self._to_texts(ids)
        texts = tf.strings.regex_replace(texts, _CLOSING, r"\1")
        texts = tf.strings.regex_replace(texts, _OPENING, r"\1")
        texts = tf.strings.regex_replace(texts, _APOSTROPHE, r"\1\2\3")
        return tf.strings.regex_replace(texts, _IDEOGRAPH, r"\1")

    def _piece(self, token: int) -> str:
        return self._words.id_to_token(token)

    def _save(self, directory: Path) -> dict[str, Any]:
        sha256 = write_checked(directory / FILE, f"{self._vocabulary}\n".encode())
        return {"sha256": sha256, "lowercase": self._lowercase}

    @classmethod
    def _load(cls, path: Path, settings: dict[str, Any]) -> WordPieceTokenizer:
        lines = read_checked(path.parent / FILE, read_field(settings, "sha256", str, path))
        pieces = lines.decode().removesuffix("\n").split("\n")
        return cls(pieces, read_field(settings, "lowercase", bool, path))
