"""Raw text as the output of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kseq2seq.checks import raw_texts
from kseq2seq.contracts import Target, register_target
from kseq2seq.contracts.target import drawn
from kseq2seq.text.backbone_tokenizer import BackboneTokenizer
from kseq2seq.text.sequences import TextSequences
from kseq2seq.text.tokenizer import Tokenizer


@register_target("text")
class TextTarget(TextSequences, Target):
    """Turns raw strings into the ids a model must predict, and predicted ids into strings.

    Args:
        tokenizer: a `Tokenizer`, which cuts the text.
        max_length: the most tokens of a target, `end` included; see `check`.

    Raises:
        TypeError: `tokenizer` is not a tokenizer.
        ValueError: `max_length` is less than 1, or the tokenizer is a `BackboneTokenizer`.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TextTarget
        >>> target = TextTarget(ByteTokenizer(), max_length=64)
        >>> target.ids(["hi"]).to_list()
        [[108, 109, 2]]
        >>> target.read([[108, 109, 2, 0]]).numpy().tolist()
        [b'hi']
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        super().__init__(max_length)
        self.take(tokenizer)
        self.size = tokenizer.vocabulary_size
        if isinstance(tokenizer, BackboneTokenizer):
            raise ValueError(
                "`tokenizer` of a target must not be a BackboneTokenizer: it puts a start before "
                "each text, which a decoder is given and can't predict. Pass another, for example "
                "a SentencePieceTokenizer."
            )

    def ids(self, raws: Any, training: bool = False) -> tf.RaggedTensor:
        """See `Target`; `tokens`, drawn while training where the drawn ones are not too long."""
        return self.prepare(raws, self.max_length, training)

    def prepare(self, raws: Any, room: Any, sample: bool = False) -> tf.RaggedTensor:
        """See `Target`."""
        if not sample:
            return self.tokens(raws)
        return drawn(self.tokens, raws, tf.minimum(self.max_length, room))

    def read(self, ids: Any) -> tf.Tensor:
        """Returns the texts of predicted ids, each up to its first `end`; in graph.

        Args:
            ids: (N, T) or ragged (N, None) integers.

        Returns:
            (N,) UTF-8 strings.
        """
        return self.tokenizer.detokenize(ids)

    def texts(self, ids: Any) -> tf.Tensor:
        """The same as `read`."""
        return self.read(ids)

    def labels(self, ids: Any) -> list[list[str]]:
        """See `Target`; the pieces of the tokenizer."""
        return self.tokenizer.pieces(ids)

    def phrases(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the ids of words or phrases, as filters take them, without an end; not in graph.

        Raises:
            TypeError: if one is not a string.
            ValueError: if one has no token, or `texts` is not a list.
        """
        texts = raw_texts(texts)
        ids = self.tokenizer.tokenize(texts).to_list()
        for text, row in zip(texts, ids, strict=True):
            if not row:
                raise ValueError(f"The phrase {text!r} has no token.")
        return ids
