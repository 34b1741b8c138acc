"""Raw text as the input of a model."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kseq2seq.text.sequences import TextSequences


class TextSource(TextSequences):
    """Turns raw strings into a model's source, in a graph.

    Args:
        tokenizer: what cuts the text.
        max_length: the most tokens of a source, `end` included; see `check`.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TextSource
        >>> source = TextSource(ByteTokenizer(), max_length=64)
        >>> inputs = source(["hi", ""])
        >>> inputs["source"].numpy().tolist()
        [[108, 109, 2], [2, 0, 0]]
        >>> inputs["source_mask"].numpy().tolist()
        [[True, True, True], [True, False, False]]
    """

    side = "source"

    def __call__(self, texts: Any) -> dict[str, tf.Tensor]:
        """Returns the inputs of a model, padded to the longest of the batch.

        Args:
            texts: (N,) UTF-8 strings.

        Returns:
            `source`: (N, S) int32 ids; `source_mask`: (N, S) bool, True at real tokens.
        """
        tokens = self.tokens(texts)
        source = tokens.to_tensor(default_value=self.tokenizer.special.padding)
        mask = tf.sequence_mask(tokens.row_lengths(), tf.shape(source)[1])
        return {"source": source, "source_mask": mask}
