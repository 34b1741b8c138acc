"""Encoding no more units than a source has, although all shapes are fixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import tree

from kseq2seq.decoding.sources import cropped, has_positions
from kseq2seq.encoders import Facts

SHARES = (4, 2)  # of the units: a quarter, half


class FewerUnits:
    """A model whose encoder reads a quarter, half or all S units, the fewest that hold a source.

    The encoding of fewer units is padded with zeros, where its mask is false, to the shape of all.
    The choice is an IF in the graph, over encoders that share their weights. All units are read by
    an encoder that is recurrent, or that returns anything of the same size for fewer units, for
    example a state: TFLite's converter supports no loop inside an IF, and confuses equal outputs.
    So does an encoder whose sources may not be cropped, or whose positions differ from its facts.

    Attributes:
        encode: the model's own encoder.
        decoder: its decoder.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> from kseq2seq.export.fewer_units import FewerUnits
        >>> sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2}
        >>> model = build_model("transformer", source=20, target=30, **sizes)
        >>> ids = np.array([[7, 2] + 14 * [0]])
        >>> source = {"source": tf.constant(ids), "source_mask": tf.constant(ids != 0)}
        >>> encoded = FewerUnits(model.encoder, model.decoder).encoder(source)
        >>> tuple(encoded["outputs"].shape), float(tf.norm(encoded["outputs"][:, 4:]))
        ((1, 16, 8), 0.0)
    """

    def __init__(self, encode: Callable, decoder: Any, facts: Facts = Facts()):  # noqa: B008
        self.encode = encode
        self.decoder = decoder
        self.facts = facts

    def encoder(self, source: dict[str, tf.Tensor], training: bool = False) -> Any:
        """Encodes one source, {"source" (1, S, ...), "source_mask" (1, S)}, padded on the right."""

        def encode(units: int) -> Any:
            few = cropped(self.encode, source, units)
            return self.encode(few, training=training)

        # 1. The sizes below S to choose from, and the encoding of all S units.
        all_units, facts = source["source_mask"].shape[1], self.facts
        shares = {facts.filled(-(-all_units // share)) for share in SHARES}
        sizes = sorted(size for size in shares if size < all_units)
        whole = tf.function(lambda: encode(all_units)).get_concrete_function()
        shapes = whole.structured_outputs
        # 2. Encoders that must read all units.
        loops = any(node.type.endswith("While") for node in whole.graph.get_operations())
        other = not has_positions(shapes, facts.positions(all_units))
        if not sizes or loops or other or _has_states(lambda: encode(sizes[0]), shapes):
            return encode(all_units)
        # 3. The smallest size that holds the source.
        length = tf.reduce_sum(tf.cast(source["source_mask"], tf.int32))

        def choose(sizes: list[int]) -> Any:
            if not sizes:
                return encode(all_units)
            few, *rest = sizes
            return tf.cond(
                length <= few,
                lambda: tree.map_structure(_filled_up, encode(few), shapes),
                lambda: choose(rest),
            )

        return choose(sizes)


def _has_states(encode_few: Callable, shapes: Any) -> bool:
    """Whether a part of the encoding has the same size for fewer units."""
    fewer = tf.function(encode_few).get_concrete_function().structured_outputs
    pairs = zip(tree.flatten(fewer), tree.flatten(shapes), strict=True)
    return any(few is not None and few.shape == whole.shape for few, whole in pairs)


def _filled_up(x: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    if x is None:
        return x
    missing = [[0, size - has] for has, size in zip(x.shape, like.shape, strict=True)]
    if x.dtype == tf.bool:  # older runtimes can't pad booleans
        return tf.cast(tf.pad(tf.cast(x, tf.int32), missing), tf.bool)
    return tf.pad(x, missing)
