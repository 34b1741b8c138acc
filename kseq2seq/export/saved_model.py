"""A whole model as a TensorFlow SavedModel: strings in, strings out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from kseq2seq.decoding import Search, search_targets


def export_saved_model(
    directory: str | os.PathLike,
    model: Any,
    source: Any,
    target: Any,
    *,
    searches: Mapping[str, Search],
) -> None:
    """Writes a SavedModel that needs TensorFlow, and tensorflow-text if its tokenizers do.

    Each signature takes `texts`, string (B,), and gives `texts`, string (B, N), and `scores`,
    float32 (B, N), best first; N is the search's width. Where fewer than N were found the rest are
    empty, with a score of -inf. A text longer than the source allows is refused, not cut.

    Args:
        directory: where to write.
        model: the trained model: a `Seq2Seq`, `Ensemble` or `Speculative`.
        source: raw texts -> the model's inputs, with a `max_length` in tokens.
        target: ids -> raw texts, with a `max_length` in tokens.
        searches: names of signatures and their searches; a server asks for "serving_default" where
            its client names none.

    Source:
        `Pipeline.export` calls this; an example is there.
    """
    served = tf.Module(name="kseq2seq")
    served.weights = [weight.value for weight in model.variables]
    served.source, served.target = source, target  # their tokenizers hold resources
    functions = {
        name: _signature(model, source, target, search) for name, search in searches.items()
    }
    tf.saved_model.save(served, os.fspath(directory), signatures=functions)


def _signature(model: Any, source: Any, target: Any, search: Search) -> Any:
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="texts")])
    def generate(texts: tf.Tensor) -> dict[str, tf.Tensor]:
        tokens = source(texts)
        longest = tf.shape(tokens["source"])[1]
        fits = tf.debugging.Assert(
            longest <= source.max_length,
            [f"A text has more than {source.max_length} tokens; split it:", longest],
        )
        with tf.control_dependencies([fits]):
            tokens = tf.nest.map_structure(tf.identity, tokens)
        special = target.tokenizer.special
        found = search_targets(model, tokens, search, target.max_length, special=special)
        rows = tf.reshape(found.ids, (-1, target.max_length))
        texts = tf.reshape(target.texts(rows), tf.shape(found.scores))
        return {"texts": texts, "scores": found.scores}

    return generate
