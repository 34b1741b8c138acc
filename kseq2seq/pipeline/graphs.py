"""What tokenizers do for a pipeline, as graphs: one call each instead of a hundred operations.

Run eagerly, a tokenizer's operations each take and leave Python's lock, and threads that serve
requests would spend their time waiting for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.decoding import compiled
from kseq2seq.decoding.places import padded
from kseq2seq.text import TextSource, TextTarget

_TEXTS = tf.TensorSpec([None], tf.string)
_IDS = tf.TensorSpec([None, None], tf.int32)


class TextGraphs:
    """A pipeline's tokenizers, traced once for batches of any size.

    Args:
        model: what the texts are for; see `padded`.
        source: raw texts -> the model's inputs.
        target: ids -> raw texts.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.pipeline.graphs import TextGraphs
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> tokenizer = ByteTokenizer()
        >>> model = build_model("gru", source=tokenizer, target=tokenizer, hidden_dim=8)
        >>> graphs = TextGraphs(model, TextSource(tokenizer, 64), TextTarget(tokenizer, 8))
        >>> graphs.lengths(["hi", ""]).tolist()
        [3, 1]
    """

    def __init__(self, model: Any, source: TextSource, target: TextTarget):
        def inputs(texts: tf.Tensor) -> dict[str, tf.Tensor]:
            padding = source.tokenizer.special.padding
            return padded(model, source(texts), source.max_length, padding)

        self._lengths = tf.function(source.lengths).get_concrete_function(_TEXTS)
        self._inputs = tf.function(inputs).get_concrete_function(_TEXTS)
        self._texts = tf.function(target.texts).get_concrete_function(_IDS)

    def lengths(self, texts: Sequence[str]) -> np.ndarray:
        """Returns int32 (N,), how many tokens each source has; see `TextSource.lengths`."""
        return self._lengths(tf.constant(texts, tf.string, [len(texts)])).numpy()

    def inputs(self, texts: Sequence[str]) -> dict[str, tf.Tensor]:
        """Returns the model's inputs; see `TextSource` and `padded`."""
        return self._inputs(tf.constant(texts, tf.string, [len(texts)]))

    def texts(self, ids: np.ndarray) -> list[str]:
        """Returns the texts of int32 ids (N, T); see `TextTarget.texts`."""
        return [text.decode() for text in self._texts(tf.constant(ids, tf.int32)).numpy()]


def text_graphs(pipeline: Any) -> TextGraphs:
    """Returns the graphs of a pipeline's tokenizers, which are kept beside it."""
    parts = pipeline.model, pipeline.source, pipeline.target
    return compiled(pipeline, ("text", *parts), lambda: TextGraphs(*parts))
