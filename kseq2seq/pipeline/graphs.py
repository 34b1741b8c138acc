"""What source and target do for a pipeline, as graphs: one call each instead of a hundred.

Run eagerly, a tokenizer's operations each take and leave Python's lock, and threads that serve
requests would spend their time waiting for it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import Source, Target
from kseq2seq.decoding import compiled
from kseq2seq.decoding.sources import padded

_IDS = tf.TensorSpec([None, None], tf.int32)


class SourceGraphs:
    """A pipeline's source and target, traced once for batches of any size.

    Args:
        model: what the sources are for; see `padded`.
        source: raws -> the model's inputs.
        target: ids -> raws.
        way: what happens to a raw that is too long; here it matters whether that is "cut".

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.pipeline.graphs import SourceGraphs
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> tokenizer = ByteTokenizer()
        >>> model = build_model("gru", source=tokenizer, target=tokenizer, hidden_dim=8)
        >>> sides = TextSource(tokenizer, 64), TextTarget(tokenizer, 8)
        >>> lengths, empty = SourceGraphs(model, *sides).measure(["hi", ""])
        >>> lengths.tolist(), empty.tolist()
        ([3, 1], [False, True])
    """

    def __init__(self, model: Any, source: Source, target: Target, way: str = "error"):
        source = copy.copy(source)
        source.too_long = way

        def measure(raws: Any) -> tuple[tf.Tensor, tf.Tensor]:
            lengths = source.lengths(raws)
            return lengths, source.empty(raws, lengths)

        def inputs(raws: Any) -> dict[str, tf.Tensor]:
            return padded(model, source(raws), source.max_length, source.padding)

        self._batch = source.batch
        self._measure = tf.function(measure).get_concrete_function(source.raw)
        self._inputs = tf.function(inputs).get_concrete_function(source.raw)
        self._read = tf.function(target.read).get_concrete_function(_IDS)

    def measure(self, raws: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Returns int32 (N,), how many units each source has, and bool (N,), which are empty."""
        lengths, empty = self._measure(self._batch(raws))
        return lengths.numpy(), empty.numpy()

    def inputs(self, raws: Sequence[Any]) -> dict[str, tf.Tensor]:
        """Returns the model's inputs; see `Source` and `padded`."""
        return self._inputs(self._batch(raws))

    def read(self, ids: np.ndarray) -> list[str]:
        """Returns the texts of int32 ids (N, T); see `Target.read`."""
        return [text.decode() for text in self._read(tf.constant(ids, tf.int32)).numpy()]


def source_graphs(pipeline: Any, way: str = "error") -> SourceGraphs:
    """Returns the graphs of a pipeline's source and target, which are kept beside it."""
    parts = pipeline.model, pipeline.source, pipeline.target
    cut = "cut" if way == "cut" else "error"
    return compiled(pipeline, ("raws", *parts, cut), lambda: SourceGraphs(*parts, cut))
