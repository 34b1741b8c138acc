"""The tokenizer of open vocabularies: SentencePiece, unigram or byte-pair encoding."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_number, check_whole, raw_texts
from kseq2seq.disk.files import read_checked, read_field, sha256, write_checked
from kseq2seq.quiet import without_lines
from kseq2seq.text.normalization import MARK, RULES, messages
from kseq2seq.text.placeholders import Placeholders
from kseq2seq.text.sentencepiece_training import learned
from kseq2seq.text.tokenizer import Tokenizer, register_tokenizer

FILE = "spm.model"
# Logged for each model without normalization; tensorflow-text's copy of the library has no switch.
LOGGED = re.compile(rb"normalizer\.cc\(\d+\) LOG\(INFO\)")


@register_tokenizer("sentencepiece")
class SentencePieceTokenizer(Tokenizer):
    """Cuts text into pieces learned from a corpus, the same ids as the sentencepiece library.

    Text comes back up to the model's normalization. By default that is NFKC, with each run of white
    space (new lines too) one space and none at the ends, and without control characters (NUL is
    one) and byte order marks; joiners, direction marks and other format characters are kept. "▁"
    (U+2581) stands for the space inside every model, so it comes back as one. Characters the corpus
    lacked are spelled in bytes and come back too, unless `byte_fallback` is off. A model file holds
    its normalization, which the sentencepiece library follows as well.

    `sample=True` draws from all segmentations of a unigram model with the temperature 1 / 0.1, and
    drops one in ten merges of a byte-pair model. The drawing takes its seed from the operating
    system: `tf.random.set_seed` has no effect on it, and two runs differ.

    A SavedModel that holds this tokenizer needs `import tensorflow_text` where it is loaded.

    Symbols are user-defined pieces of the model, with the first ids after the special ones. They
    are matched before normalization and are never cut, neither for a better score of their parts
    nor when a segmentation is drawn, as may happen in the library.

    Args:
        model: a serialized SentencePiece model whose special ids are those of `SpecialTokens`.
        symbols: user-defined pieces of the model that are one token each, wherever they stand in a
            text. The model's others are treated as the library treats them.

    Raises:
        TypeError: a symbol is not a string.
        ValueError: `model` is not a SentencePiece model, or has other special ids; or a symbol is
            empty, given twice, none of its user-defined pieces, or names another kind of piece.

    Example:
        >>> from kseq2seq.text import SentencePieceTokenizer
        >>> texts = ["the quick brown fox", "the quick red fox", "the lazy dog"]
        >>> tokenizer = SentencePieceTokenizer.train(texts, 300, byte_fallback=True)
        >>> tokenizer.detokenize(tokenizer.tokenize(["the dog 🐕"])).numpy()[0].decode()
        'the dog 🐕'
        >>> tokenizer = SentencePieceTokenizer.train(texts, 300, symbols=["<fr>", "    "])
        >>> tokenizer.pieces(tokenizer.tokenize(["    <fr>"]))
        [['▁', '    ', '<fr>']]

    Source:
        Kudo and Richardson, "SentencePiece", 2018 (https://arxiv.org/abs/1808.06226); Kudo,
        "Subword Regularization", 2018 (https://arxiv.org/abs/1804.10959); Provilkov et al.,
        "BPE-Dropout", 2020 (https://arxiv.org/abs/1910.13267).
    """

    def __init__(self, model: bytes, symbols: Iterable[str] = ()) -> None:
        super().__init__()
        import sentencepiece

        hidden = _hidden(symbols)
        try:
            with without_lines(LOGGED):
                processor = sentencepiece.SentencePieceProcessor(model_proto=model)
                inside = hidden.inside(model) if hidden else model
                if hidden:
                    processor = sentencepiece.SentencePieceProcessor(model_proto=inside)
        except (RuntimeError, TypeError) as error:
            raise ValueError(
                f"`model` must be the bytes of a SentencePiece model: {error}"
            ) from error
        ids = (processor.pad_id(), processor.bos_id(), processor.eos_id(), processor.unk_id())
        if ids != self.special:
            raise ValueError(
                f"The model's padding, start, end and unknown ids must be {tuple(self.special)}; "
                f"got {ids}. Train it with pad_id=0, bos_id=1, eos_id=2, unk_id=3."
            )
        self._processor = processor
        self._model = model
        self._hidden = hidden
        with without_lines(LOGGED):
            self._best, self._sampled = _in_graph(inside)
            self._leading = LeadingSpaces(inside)

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocabulary_size: int,
        model_type: Literal["unigram", "bpe"] = "unigram",
        *,
        character_coverage: float = 0.9995,
        byte_fallback: bool = True,
        normalization: str = "nfkc_clean",
        symbols: Iterable[str] = (),
    ) -> Self:
        """Returns a tokenizer learned from texts: the same one for the same texts in one order.

        Args:
            texts: the texts to learn from, read once; none is left out for being long.
            vocabulary_size: how many ids to use, the special ones, the symbols and the 256 bytes
                of `byte_fallback` included; a corpus too small for so many gives as many as it can.
                If they can't hold the characters of the corpus, the rarer ones are spelled in
                bytes or, without `byte_fallback`, there are as many ids as needed; a warning says
                so.
            model_type: "unigram" or "bpe".
            character_coverage: the share of the corpus whose characters get ids of their own,
                from 0.98 to 1; 1.0 for small alphabets, the default for Chinese, Japanese and
                Korean.
            byte_fallback: spell other characters in bytes rather than lose them.
            normalization: "nfkc_clean" as the class says; "nmt_nfkc" is the library's own, which
                makes a space of the non-joiner inside Persian words and of other format
                characters; "nfkc" keeps control characters and new lines. "nfkc_clean_cf",
                "nmt_nfkc_cf" and "nfkc_cf" fold case too. "identity" changes nothing and keeps all
                white space, as program code needs.
            symbols: strings that are one token each, wherever they stand in a text, such as
                "<user>", a new line or an indentation; no piece is learned from them.

        Raises:
            TypeError: a text or a symbol is not a string.
            ValueError: `texts` is a single string or holds nothing to learn from, a text holds a
                lone surrogate, a setting is bad, there are too few ids for the 256 bytes, or a
                symbol is empty, given twice, or names a piece that every model has.
        """
        hidden = _hidden(symbols)
        if model_type not in ("unigram", "bpe"):
            raise ValueError(f"`model_type` must be 'unigram' or 'bpe'; got {model_type!r}.")
        if normalization not in RULES:
            raise ValueError(f"`normalization` must be one of {RULES}; got {normalization!r}.")
        check_whole("vocabulary_size", vocabulary_size)
        check_number("character_coverage", character_coverage, 0.98, 1)
        model = learned(
            texts,
            vocabulary_size,
            model_type,
            character_coverage=character_coverage,
            byte_fallback=byte_fallback,
            normalization=normalization,
            symbols=hidden,
        )
        return cls(model, hidden.names if hidden else ())

    @property
    def vocabulary_size(self) -> int:
        """How many pieces the model has, the special ones and the symbols included."""
        return self._processor.vocab_size()

    @property
    def symbols(self) -> tuple[str, ...]:
        """See `Tokenizer`."""
        return self._hidden.names if self._hidden else ()

    @property
    def symbol_ids(self) -> dict[str, int]:
        """See `Tokenizer`."""
        if self._hidden is None:
            return {}
        pairs = zip(self._hidden.names, self._hidden.characters, strict=True)
        return {name: self._processor.piece_to_id(character) for name, character in pairs}

    @property
    def model(self) -> bytes:
        """The serialized SentencePiece model, in which symbols are user-defined pieces."""
        return self._model

    @property
    def leading_space(self) -> int | None:
        """The id of a space alone, which is dropped at the start of a text; None if it is kept."""
        space = self._processor.piece_to_id(MARK)
        return None if self._leading.kept or space == self.special.unknown else space

    def words(self) -> list[str]:
        """See `Tokenizer`; a piece of several words has a space between them."""
        own = self.symbol_ids.values()
        return [
            piece if token in own else piece.replace(MARK, " ").strip(" ")
            for token, piece in enumerate(super().words())
        ]

    def to_ids(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """See `Tokenizer`."""
        texts = self._hidden.hide(texts) if self._hidden else texts
        return (self._sampled if sample else self._best).tokenize(texts)

    def to_texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """See `Tokenizer`."""
        texts = self._leading.read(self._best, ids)
        return self._hidden.back(texts) if self._hidden else texts

    def piece(self, token: int) -> str:
        """See `Tokenizer`; "▁" is a space."""
        piece = self._processor.id_to_piece(token)
        return self._hidden.name(piece) if self._hidden else piece

    def config(self) -> dict[str, Any]:
        """See `Tokenizer`; the model is in a file of its own."""
        return {"sha256": sha256(self._model)}

    def write_files(self, directory: Path) -> None:
        """See `Tokenizer`; writes the model."""
        write_checked(directory / FILE, self._model)

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """See `Tokenizer`."""
        model = read_checked(directory / FILE, read_field(config, "sha256", str, path))
        return cls(model, config.get("symbols", ()))


def _hidden(symbols: Iterable[str]) -> Placeholders | None:
    names = raw_texts(symbols, "symbols")
    return Placeholders(names) if names else None


def _in_graph(model: bytes) -> tuple[tf.Module, tf.Module]:
    """The best segmentation and a sampled one, by tensorflow_text."""
    import tensorflow_text

    best = tensorflow_text.SentencepieceTokenizer(model)
    sampled = tensorflow_text.SentencepieceTokenizer(model, nbest_size=-1, alpha=0.1)
    best._model_resource = sampled._model_resource = lasting_model(model)
    return best, sampled


def lasting_model(model: bytes) -> Any:
    """Returns a model for a tokenizer of tensorflow_text, in its `_model_resource`, that lives on.

    Its own belongs to a cached kernel, and `tf.random.set_seed` clears that cache: every later call
    fails with "Resource ... does not exist". Under a name of its own the model belongs to the
    process instead; tokenizers of the same model share it.
    """
    from tensorflow_text.python.ops import sentencepiece_tokenizer as ops

    class Model(ops._SentencepieceModelResource):
        def _create_resource(self) -> tf.Tensor:
            name = hashlib.sha256(model).hexdigest()
            return ops.gen_sentencepiece_tokenizer.sentencepiece_op(model=model, shared_name=name)

    return Model(model, None)


_LONGEST = 2**31 - 1  # bytes


class LeadingSpaces:
    """Reads ids back with the spaces at the start that the sentencepiece library gives them.

    A model puts a space before each text, which the library removes again. tensorflow_text removes
    all spaces there, even if the model keeps those of the text. For such a model a guard, a piece
    without spaces, is put before the ids, and cut off the text with the model's own space.

    Args:
        model: a serialized SentencePiece model.

    Attributes:
        kept: whether the model keeps the spaces of a text as they are.
    """

    def __init__(self, model: bytes) -> None:
        proto = messages().ModelProto.FromString(model)
        piece_type = messages().ModelProto.SentencePiece
        special = {piece_type.CONTROL: "", piece_type.UNKNOWN: proto.trainer_spec.unk_surface}
        texts = [special.get(piece.type, piece.piece) for piece in proto.pieces]
        self.kept = not proto.normalizer_spec.remove_extra_whitespaces
        self._has_text = np.array([bool(text) for text in texts])
        spaced = proto.normalizer_spec.add_dummy_prefix
        self._has_space = np.array([spaced and text.startswith(MARK) for text in texts])
        plain = [
            (token, len(text.encode()))
            for token, (text, piece) in enumerate(zip(texts, proto.pieces, strict=True))
            if text and MARK not in text and piece.type != piece_type.BYTE
        ]
        self._guard, self._width = plain[0] if plain else (0, 0)

    def read(self, tokenizer: Any, ids: tf.RaggedTensor) -> tf.Tensor:
        """Returns the texts of ids, (N,), as tensorflow_text's `tokenizer` reads them but for that.

        Args:
            tokenizer: of the same model.
            ids: (N, None) int32.
        """
        if not (self.kept and self._width):
            return tokenizer.detokenize(ids)
        # 1. Put the guard before each row: its text then begins with no space that is removed.
        guarded = tf.concat([tf.fill([ids.nrows(), 1], self._guard), ids], axis=1)

        # 2. Cut off the guard, and the model's space where the first piece with text has it.
        visible = tf.ragged.boolean_mask(ids, tf.gather(self._has_text, ids))
        spaced = tf.reduce_any(tf.gather(self._has_space, visible[:, :1]), axis=1)
        cut = self._width + tf.cast(spaced, tf.int32)
        whole = tf.fill(tf.shape(cut), _LONGEST)
        return tf.strings.substr(tokenizer.detokenize(guarded), cut, whole)
