"""Whether an encoder has a place for each place of its source."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import tree


def keeps_places(model: Any) -> bool:
    """Returns whether all encoders of a model hand on the mask of their source as it is.

    Only then can a source be encoded with more padding or less: what a strided or pooling encoder
    makes of a source may depend on the length that it was padded to (a strided convolution with
    padding "same" begins elsewhere for odd lengths). An encoder that makes a mask of its own is
    taken for such a one.

    Args:
        model: a `Seq2Seq`, or what has several `models`.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding.places import keeps_places
        >>> keeps_places(build_model("gru", source=20, target=20, hidden_dim=8))
        True
    """
    return all(_hands_on_mask(one.encoder) for one in getattr(model, "models", [model]))


def _hands_on_mask(encoder: Any) -> bool:
    given, made = getattr(encoder, "input", None), getattr(encoder, "output", None)
    if not isinstance(given, dict) or not isinstance(made, dict) or "source_mask" not in given:
        return False
    mask = made.get("mask")
    if mask is None:
        return False
    return mask is given["source_mask"] or _cast_of(mask) is given["source_mask"]


def _cast_of(mask: Any) -> Any:
    """What a symbolic mask was cast from, as encoders cast the numbers that they are given."""
    operation, node, _ = mask._keras_history
    if type(operation).__name__ != "Cast":
        return None
    return operation._inbound_nodes[node].input_tensors[0]


def has_places(encoded: Any, places: int) -> bool:
    """Returns whether each mask of an encoded source has so many places, by their static shapes.

    Example:
        >>> from kseq2seq.decoding.places import has_places
        >>> has_places({"mask": tf.constant([[True, False]])}, 2)
        True
    """
    leaves = tree.flatten_with_path(encoded)
    return all(leaf.shape[1] == places for path, leaf in leaves if path[-1] == "mask")


def padded(model: Any, source: dict, places: int, padding: int = 0) -> dict:
    """Returns a source padded so that what a model makes of it does not depend on its company.

    Args:
        model: as for `keeps_places`.
        source: {"source" (B, S, ...), "source_mask" (B, S)}, padded to the longest of a batch.
        places: what to pad to if the model does not keep places; at least S.
        padding: the id that fills up.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding.places import padded
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> source = {"source": tf.constant([[7, 2]]), "source_mask": tf.constant([[True, True]])}
        >>> padded(model, source, 9)["source"].shape[1]
        2
    """
    if keeps_places(model):
        return source

    def filled_up(x: Any) -> Any:
        missing = places - tf.shape(x)[1]
        around = [[0, 0], [0, missing], *([0, 0] for _ in x.shape[2:])]
        value = tf.cast(False if x.dtype == tf.bool else padding, x.dtype)
        return tf.pad(x, around, constant_values=value)

    return {name: filled_up(x) for name, x in source.items()}
