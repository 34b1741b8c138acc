"""The tokenizer of open vocabularies: SentencePiece, unigram or byte-pair encoding."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf

from kseq2seq.quiet import without_lines
from kseq2seq.text.files import read_checked, read_field, write_checked
from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer

FILE = "spm.model"
# Told of each model without normalization; tensorflow-text's copy of the library has no switch.
_LOG = re.compile(rb"normalizer\.cc\(\d+\) LOG\(INFO\)")
_NORMALIZATIONS = ("nmt_nfkc", "nmt_nfkc_cf", "nfkc", "nfkc_cf", "identity")


class SentencePieceTokenizer(Tokenizer):
    """Cuts text into pieces learned from a corpus, the same ids as the sentencepiece library.

    Text comes back up to the model's normalisation: by default NFKC, with control characters
    dropped, each run of white space (new lines too) one space and none at the ends, and "▁"
    (U+2581), which stands for the space inside the model, read as one. Characters the corpus
    lacked are spelled in bytes, so they come back too, unless `byte_fallback` is off.

    `sample=True` draws from all segmentations of a unigram model with the temperature 1 / 0.1, and
    drops one in ten merges of a byte-pair model. The drawing takes its seed from the operating
    system: `tf.random.set_seed` has no effect on it, and two runs differ.

    A SavedModel that holds this tokenizer needs `import tensorflow_text` where it is loaded.

    Args:
        model: a serialised SentencePiece model whose special ids are those of `SpecialTokens`.

    Raises:
        ValueError: `model` is not a SentencePiece model, or has other special ids.

    Example:
        >>> from kseq2seq.text import SentencePieceTokenizer
        >>> texts = ["the quick brown fox", "the quick red fox", "the lazy dog"]
        >>> tokenizer = SentencePieceTokenizer.train(texts, 300, byte_fallback=True)
        >>> tokenizer.detokenize(tokenizer.tokenize(["the dog 🐕"])).numpy()[0].decode()
        'the dog 🐕'

    Source:
        Kudo and Richardson, "SentencePiece", 2018 (https://arxiv.org/abs/1808.06226); Kudo,
        "Subword Regularization", 2018 (https://arxiv.org/abs/1804.10959); Provilkov et al.,
        "BPE-Dropout", 2020 (https://arxiv.org/abs/1910.13267).
    """

    kind = "sentencepiece"

    def __init__(self, model: bytes) -> None:
        super().__init__()
        import sentencepiece

        try:
            with without_lines(_LOG):
                processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except (RuntimeError, TypeError) as error:
            raise ValueError(
                f"model must be the bytes of a SentencePiece model: {error}"
            ) from error
        ids = (processor.pad_id(), processor.bos_id(), processor.eos_id(), processor.unk_id())
        if ids != self.special:
            raise ValueError(
                f"the model's padding, start, end and unknown ids must be {tuple(self.special)}, "
                f"got {ids}; train it with pad_id=0, bos_id=1, eos_id=2, unk_id=3."
            )
        self._processor = processor
        self._model = model
        with without_lines(_LOG):
            self._best, self._sampled = _in_graph(model)

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocabulary_size: int,
        model_type: Literal["unigram", "bpe"] = "unigram",
        *,
        character_coverage: float = 0.9995,
        byte_fallback: bool = True,
        normalization: str = "nmt_nfkc",
    ) -> SentencePieceTokenizer:
        """Returns a tokenizer learned from texts: the same one for the same texts in one order.

        Args:
            texts: the texts to learn from, read once; none is left out for being long.
            vocabulary_size: how many ids to use, the special ones and the 256 bytes of
                `byte_fallback` included; a corpus too small for so many gives as many as it can.
            model_type: "unigram" or "bpe".
            character_coverage: the share of the corpus whose characters get ids of their own; 1.0
                for small alphabets, the default for Chinese, Japanese and Korean.
            byte_fallback: spell other characters in bytes rather than lose them.
            normalization: "nmt_nfkc" as the class says; "nfkc" keeps control characters and new
                lines; "_cf" folds case too; "identity" changes nothing and keeps all white space,
                as program code needs.

        Raises:
            ValueError: no text to learn from, a bad setting, or too few ids to hold the characters
                of the corpus; the message says how many are needed.
        """
        import sentencepiece

        if model_type not in ("unigram", "bpe"):
            raise ValueError(f"model_type must be 'unigram' or 'bpe', got {model_type!r}.")
        if normalization not in _NORMALIZATIONS:
            raise ValueError(
                f"normalization must be one of {_NORMALIZATIONS}, got {normalization!r}."
            )
        if vocabulary_size < 1:
            raise ValueError(f"vocabulary_size must be at least 1, got {vocabulary_size}.")
        if not 0 < character_coverage <= 1:
            raise ValueError(f"character_coverage must be in (0, 1], got {character_coverage}.")
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(texts),
                model_writer=model,
                vocab_size=vocabulary_size,
                model_type=model_type,
                character_coverage=character_coverage,
                byte_fallback=byte_fallback,
                normalization_rule_name=normalization,
                remove_extra_whitespaces=normalization != "identity",
                hard_vocab_limit=False,
                max_sentence_length=2**30,
                num_threads=4,  # the unigram model depends on it
                pad_id=cls.special.padding,
                bos_id=cls.special.start,
                eos_id=cls.special.end,
                unk_id=cls.special.unknown,
                unk_surface=REPLACEMENT,
                minloglevel=2,
            )
        except RuntimeError as error:
            if "sentences_.empty()" in str(error) or "all_chars_count" in str(error):
                raise ValueError("texts has nothing to learn from; give text.") from error
            needed = re.search(r"smaller than required_chars\. \d+ vs (\d+)", str(error))
            if needed is None:
                raise
            raise ValueError(
                f"vocabulary_size {vocabulary_size} can't hold the characters of these texts, which"
                f" need {needed[1]} ids; give at least {needed[1]}, or a lower character_coverage"
                + (", or byte_fallback=False." if byte_fallback else ".")
            ) from error
        return cls(model.getvalue())

    @property
    def vocabulary_size(self) -> int:
        """How many pieces the model has, the special ones included."""
        return self._processor.vocab_size()

    @property
    def model(self) -> bytes:
        """The serialised SentencePiece model."""
        return self._model

    def words(self) -> list[str]:
        """See `Tokenizer`; a piece of several words has a space between them."""
        return [piece.replace("▁", " ").strip(" ") for piece in super().words()]

    def _tokenize(self, texts: tf.Tensor, sample: bool) -> tf.RaggedTensor:
        return (self._sampled if sample else self._best).tokenize(texts)

    def _detokenize(self, ids: tf.RaggedTensor) -> tf.Tensor:
        return self._best.detokenize(ids)

    def _piece(self, token: int) -> str:
        return self._processor.id_to_piece(token)

    def _save(self, directory: Path) -> dict[str, Any]:
        return {"sha256": write_checked(directory / FILE, self._model)}

    @classmethod
    def _load(cls, path: Path, settings: dict[str, Any]) -> SentencePieceTokenizer:
        sha256 = read_field(settings, "sha256", str, path)
        return cls(read_checked(path.parent / FILE, sha256))


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
