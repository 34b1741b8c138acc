"""A whole model as a TensorFlow SavedModel: strings in, strings out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from kseq2seq.decoding import Search, search_targets
from kseq2seq.models import Seq2Seq


class _Served(tf.Module):
    """What is saved: the weights, the tokenizers' resources, and one function a search."""

    def __init__(
        self,
        model: Seq2Seq,
        source: Any,
        target: Any,
        max_length: int,
        limits: Callable[[tf.Tensor], tf.Tensor],
        default: Search,
        searches: Mapping[str, Search],
    ):
        super().__init__(name="kseq2seq")
        self.weights = [weight.value for weight in model.variables]
        self.source = source
        self.target = target

        def signature(search: Search) -> Any:
            @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="texts")])
            def generate(texts: tf.Tensor) -> dict[str, tf.Tensor]:
                tokens = source(texts)
                lengths = tf.reduce_sum(tf.cast(tokens["source_mask"], tf.int32), axis=1)
                longest = tf.reduce_max(lengths, axis=0)
                fits = tf.debugging.Assert(
                    tf.less_equal(longest, source.max_length),
                    [f"A text has more than {source.max_length} tokens; split it:", longest],
                )
                with tf.control_dependencies([fits]):
                    found = search_targets(
                        model,
                        tf.nest.map_structure(tf.identity, tokens),
                        search,
                        max_length,
                        limits=limits(lengths),
                        special=target.tokenizer.special,
                    )
                rows = tf.reshape(found.ids, (-1, max_length))
                return {
                    "texts": tf.reshape(target.texts(rows), tf.shape(found.scores)),
                    "scores": found.scores,
                }

            return generate

        self.functions = {name: signature(search) for name, search in searches.items()}
        self.functions["serving_default"] = signature(default)


def export_saved_model(
    directory: str | os.PathLike,
    model: Seq2Seq,
    source: Any,
    target: Any,
    *,
    max_length: int,
    limits: Callable[[tf.Tensor], tf.Tensor],
    default: Search,
    searches: Mapping[str, Search],
) -> None:
    """Writes a SavedModel that needs TensorFlow, and tensorflow-text if its tokenizers do.

    Each signature takes `texts`, string (B,), and gives `texts`, string (B, N), and `scores`,
    float32 (B, N), best first; N is the search's width. A text longer than the source allows is
    refused, not cut.

    Args:
        directory: where to write.
        model: the trained model.
        source: raw texts -> the model's inputs, with a `max_length` in tokens.
        target: ids -> raw texts.
        max_length: the most tokens of a target, its end included.
        limits: maps source lengths int32 (B,) to the most tokens of each target.
        default: the search behind the signature "serving_default".
        searches: names of further signatures and their searches.

    Source:
        `Pipeline.export` calls this; an example is there.
    """
    served = _Served(model, source, target, max_length, limits, default, searches)
    tf.saved_model.save(served, os.fspath(directory), signatures=served.functions)
