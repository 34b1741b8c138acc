"""The tokenizer of BERT's family: WordPiece, on KerasHub."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import tensorflow as tf

from kseq2seq.checks import each_text
from kseq2seq.disk.files import read_checked, read_field, sha256, write_checked
from kseq2seq.text.symbols import Symbols
from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer, register_tokenizer

FILE = "vocabulary.txt"

# What a space must not stand before, and after; ideographs stand without any.
_CLOSING = r" +([.,;:!?%)\]}»”…。、，；：！？）」』】》])"
_OPENING = r"([(\[{«“（「『【《¿¡]) +"
_APOSTROPHE = r"(\p{L}) (['’]) (\p{L})"
_IDEOGRAPH = r" *([\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{2FA1F}]) *"


@register_tokenizer("wordpiece")
class WordPieceTokenizer(Tokenizer):
    """Splits text into words and punctuation marks, and each word into its longest known pieces.

    The split can't be undone: white space and invisible marks (the joiners inside an emoji too)
    are lost. Reading back puts one space between words, and takes it away again before closing and
    after opening punctuation, around the apostrophe in a word and around ideographs; other marks
    ("-", "/", straight quotes) keep spaces on both sides. A word with a character that no piece
    has, or of more than 100 bytes, is `unknown` as a whole.

    Args:
        vocabulary: the pieces, without the special tokens; a piece inside a word starts with
            "##". The id of the first is `len(SpecialTokens())`.
        lowercase: fold case before tokenizing.
        symbols: strings that are one token each, wherever they stand in a text, case and white
            space included; their ids come after those of the pieces. Read back, nothing stands
            between a symbol and its neighbors: give "<ko> " to have a space there.

    Raises:
        TypeError: a symbol is not a string.
        ValueError: no pieces, a repeated or empty one, one with white space in it, or U+FFFD, which
            stands for unknown words; or a symbol is empty, given twice, or names a special token.

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

    def __init__(
        self, vocabulary: Sequence[str], lowercase: bool = False, symbols: Iterable[str] = ()
    ) -> None:
        super().__init__(symbols)
        import keras_hub

        pieces = list(vocabulary)
        if not pieces:
            raise ValueError("`vocabulary` must hold at least one piece; got none.")
        if len(set(pieces)) != len(pieces):
            repeated = next(piece for i, piece in enumerate(pieces) if piece in pieces[:i])
            raise ValueError(f"`vocabulary` has {repeated!r} more than once.")
        for piece in pieces:
            if len(piece.split()) != 1 or piece.split()[0] != piece:
                raise ValueError(f"A piece must be text without white space; got {piece!r}.")
        if REPLACEMENT in pieces:
            raise ValueError("`vocabulary` has U+FFFD, which stands for unknown words. Drop it.")
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
        cls,
        texts: Iterable[str],
        vocabulary_size: int,
        lowercase: bool = False,
        *,
        symbols: Iterable[str] = (),
    ) -> Self:
        """Returns a tokenizer learned from texts, the same one for the same texts.

        Args:
            texts: the texts to learn from; held in memory together.
            vocabulary_size: the most ids to use, the special ones and the symbols included.
                KerasHub keeps the 1,000 most frequent characters at most: prefer SentencePiece for
                Chinese, Japanese and Korean. A warning says which share of the words is unknown, if
                any is.
            lowercase: fold case before counting and tokenizing.
            symbols: strings that are one token each; no piece is learned from them.

        Raises:
            TypeError: a text or a symbol is not a string.
            ValueError: `texts` is a single string or holds nothing to learn from, a text holds a
                lone surrogate, the vocabulary is too small to hold any piece, or a symbol makes no
                sense, as the class says.
        """
        import keras_hub

        apart = Symbols(symbols)
        corpus = [text for text in apart.rests(each_text(texts)) if text.strip()]
        if not corpus:
            raise ValueError("`texts` has nothing to learn from; give at least one with a word.")
        vocabulary = keras_hub.tokenizers.compute_word_piece_vocabulary(
            tf.data.Dataset.from_tensor_slices(corpus).batch(1024),
            apart.room(vocabulary_size),
            lowercase=lowercase,
            reserved_tokens=[],
        )
        pieces = [piece for piece in vocabulary if piece != REPLACEMENT]  # it is unknown anyway
        tokenizer = cls(pieces, lowercase, apart.names)
        unknown, words = tokenizer._unknown_words(corpus)
        if unknown:
            warnings.warn(
                f"{unknown:,} of the {words:,} words of these texts ({unknown / words:.2%}) are "
                f"unknown to a WordPiece vocabulary of {tokenizer.vocabulary_size}, which lacks a "
                "character of each. SentencePieceTokenizer loses none.",
                stacklevel=2,
            )
        return tokenizer

    def _unknown_words(self, texts: list[str]) -> tuple[int, int]:
        """The number of unknown words of texts, and of all words."""
        starts = np.array([not word.startswith("##") for word in self.words()])
        starts[self.vocabulary_size - len(self.symbols) :] = False
        unknown = words = 0
        for first in range(0, len(texts), 1024):
            ids = self.tokenize(texts[first : first + 1024]).flat_values.numpy()
            unknown += int((ids == self.special.unknown).sum())
            words += int(starts[ids].sum())
        return unknown, words

    @property
    def vocabulary_size(self) -> int:
        """The special tokens, the pieces and the symbols."""
        return self._words.vocabulary_size() + len(self.symbols)

    def to_ids(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """See `Tokenizer`."""
        return self._to_ids(texts)

    def to_texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """See `Tokenizer`."""
        texts = self._to_texts(ids)
        texts = tf.strings.regex_replace(texts, _CLOSING, r"\1")
        texts = tf.strings.regex_replace(texts, _OPENING, r"\1")
        texts = tf.strings.regex_replace(texts, _APOSTROPHE, r"\1\2\3")
        return tf.strings.regex_replace(texts, _IDEOGRAPH, r"\1")

    def piece(self, token: int) -> str:
        """See `Tokenizer`."""
        return self._words.id_to_token(token)

    def _content(self) -> bytes:
        return f"{self._vocabulary}\n".encode()

    def config(self) -> dict[str, Any]:
        """See `Tokenizer`; the pieces are in a file of their own."""
        return {"sha256": sha256(self._content()), "lowercase": self._lowercase}

    def write_files(self, directory: Path) -> None:
        """See `Tokenizer`; writes the pieces."""
        write_checked(directory / FILE, self._content())

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """See `Tokenizer`."""
        lines = read_checked(directory / FILE, read_field(config, "sha256", str, path))
        pieces = lines.decode().removesuffix("\n").split("\n")
        return cls(pieces, read_field(config, "lowercase", bool, path), config.get("symbols", ()))
