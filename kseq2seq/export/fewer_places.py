"""Encoding no more places than a source needs, where all shapes are fixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import tree

from kseq2seq.decoding.sources import cropped, has_positions
from kseq2seq.encoders import Facts

SHARES = (4, 2)  # of the places: a quarter, half


class FewerPlaces:
    """A model whose encoder takes a quarter, half or all of the places, whichever holds a source.

    What it makes of the fewer places is filled up with zeros, where its mask is false, so that it
    has one shape. The choice is an IF in the graph, over encoders that share their weights. An
    encoder that is recurrent, or gives a state beside what it makes of the places, takes all of
    them: TFLite's converter knows no loop inside an IF, and mixes up outputs that are the same. So
    does one whose sources may not be cropped, or that makes other positions than its facts say.

    Attributes:
        encode: the model's own encoder.
        decoder: its decoder.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> from kseq2seq.export.fewer_places import FewerPlaces
        >>> sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2}
        >>> model = build_model("transformer", source=20, target=30, **sizes)
        >>> ids = np.array([[7, 2] + 14 * [0]])
        >>> source = {"source": tf.constant(ids), "source_mask": tf.constant(ids != 0)}
        >>> encoded = FewerPlaces(model.encoder, model.decoder).encoder(source)
        >>> tuple(encoded["outputs"].shape), float(tf.norm(encoded["outputs"][:, 4:]))
        ((1, 16, 8), 0.0)
    """

    def __init__(self, encode: Callable, decoder: Any, facts: Facts = Facts()):  # noqa: B008
        self.encode = encode
        self.decoder = decoder
        self.facts = facts

    def encoder(self, source: dict[str, tf.Tensor], training: bool = False) -> Any:
        """Encodes one source, {"source" (1, S, ...), "source_mask" (1, S)}, padded on the right."""

        def cut(places: int) -> Any:
            few = cropped(self.encode, source, places)
            return self.encode(few, training=training)

        places, facts = source["source_mask"].shape[1], self.facts
        parts = {facts.filled(-(-places // share)) for share in SHARES}
        sizes = sorted(size for size in parts if size < places)
        whole = tf.function(lambda: cut(places)).get_concrete_function()
        shapes = whole.structured_outputs
        loops = any(made.type.endswith("While") for made in whole.graph.get_operations())
        other = not has_positions(shapes, facts.positions(places))
        if not sizes or loops or other or _has_states(lambda: cut(sizes[0]), shapes):
            return cut(places)
        length = tf.reduce_sum(tf.cast(source["source_mask"], tf.int32))

        def choose(sizes: list[int]) -> Any:
            if not sizes:
                return cut(places)
            few, *rest = sizes
            return tf.cond(
                length <= few,
                lambda: tree.map_structure(_filled_up, cut(few), shapes),
                lambda: choose(rest),
            )

        return choose(sizes)


def _has_states(encode_few: Callable, shapes: Any) -> bool:
    """Whether something that is encoded is as large for fewer places."""
    fewer = tf.function(encode_few).get_concrete_function().structured_outputs
    pairs = zip(tree.flatten(fewer), tree.flatten(shapes), strict=True)
    return any(few is not None and few.shape == whole.shape for few, whole in pairs)


def _filled_up(x: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    if x is None:
        return x
    missing = [[0, size - has] for has, size in zip(x.shape, like.shape, strict=True)]
    if x.dtype == tf.bool:  # older runtimes know no padding of such
        return tf.cast(tf.pad(tf.cast(x, tf.int32), missing), tf.bool)
    return tf.pad(x, missing)
