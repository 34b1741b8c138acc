"""Raw text as the output of a model."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kseq2seq.text.backbone_tokenizer import BackboneTokenizer
from kseq2seq.text.sequences import TextSequences
from kseq2seq.text.tokenizer import Tokenizer


class TextTarget(TextSequences):
    """Turns raw strings into what a model must predict, and its predictions into strings.

    Args:
        tokenizer: what cuts the text.
        max_length: the most tokens of a target, `end` included; see `check`.

    Raises:
        ValueError: `max_length` is less than 1, or the tokenizer is a `BackboneTokenizer`.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TextTarget
        >>> target = TextTarget(ByteTokenizer(), max_length=64)
        >>> target.tokens(["hi"]).to_list()
        [[108, 109, 2]]
        >>> target.texts([[108, 109, 2, 0]]).numpy().tolist()
        [b'hi']
    """

    side = "target"

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        super().__init__(tokenizer, max_length)
        if isinstance(tokenizer, BackboneTokenizer):
            raise ValueError(
                "a BackboneTokenizer puts a start before each text, which a decoder is given and "
                "can't predict; give the target a tokenizer of its own, such as SentencePiece."
            )

    def texts(self, ids: Any) -> tf.Tensor:
        """Returns the texts of predicted ids, each up to its first `end`; in graph.

        Args:
            ids: (N, T) or ragged (N, None) integers.

        Returns:
            (N,) UTF-8 strings.
        """
        return self.tokenizer.detokenize(ids)
