"""How sources may be cropped and padded, as the architecture of their model declares."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import tree

from kseq2seq.encoders import UNKNOWN, Facts, along_units


def facts_of(model: Any) -> Facts:
    """Returns the facts of a model's encoder; `UNKNOWN` if it declares none."""
    return getattr(model, "facts", UNKNOWN)


def croppable(model: Any) -> bool:
    """Returns whether a model's output is the same however much padding follows its sources.

    Only then are the sources of a batch encoded in parts, each as short as its longest source.

    Args:
        model: a `Seq2Seq`, an `Ensemble` or a `Speculative`.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding.sources import croppable
        >>> croppable(build_model("gru", source=20, target=20, hidden_dim=8))
        True
    """
    facts, along = facts_of(model), along_units(model.encoder.input)
    return facts.crops and facts.padding_free and {"source", "source_mask"} <= {*along}


def cropped(encoder: Any, source: dict, units: int) -> dict:
    """Returns the first units of sources; inputs that do not lie along units stay as they are.

    Args:
        encoder: of a `croppable` model; or a function, all of whose inputs lie along units.
        source: names -> tensors (B, ...), as the encoder takes them.
        units: how many to keep.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding.sources import cropped
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> ids = tf.constant([[7, 2, 0, 0]])
        >>> cropped(model.encoder, {"source": ids, "source_mask": ids != 0}, 2)["source"].shape[1]
        2
    """
    along = along_units(encoder.input) if hasattr(encoder, "input") else tuple(source)
    return {name: x[:, :units] if name in along else x for name, x in source.items()}


def has_positions(encoded: Any, count: int) -> bool:
    """Returns whether each mask of encoded sources has `count` positions, by its static shape.

    Example:
        >>> from kseq2seq.decoding.sources import has_positions
        >>> has_positions({"mask": tf.constant([[True, False]])}, 2)
        True
    """
    leaves = tree.flatten_with_path(encoded)
    return all(leaf.shape[1] == count for path, leaf in leaves if path[-1] == "mask")


def padded(model: Any, source: dict, length: int, padding: int = 0) -> dict:
    """Returns sources padded so that a model's output does not depend on the rest of the batch.

    Args:
        model: a `Seq2Seq`, an `Ensemble` or a `Speculative`.
        source: names -> tensors (B, ...), padded to the longest of a batch, S.
        length: units to pad to, if padding changes the model's output; at least S.
        padding: the id to pad with.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding.sources import padded
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> source = {"source": tf.constant([[7, 2]]), "source_mask": tf.constant([[True, True]])}
        >>> padded(model, source, 9)["source"].shape[1]
        2
    """
    along = along_units(model.encoder.input)
    if facts_of(model).padding_free or "source" not in along:
        return source

    def longer(name: str, x: Any) -> Any:
        missing = length - tf.shape(x)[1]
        around = [[0, 0], [0, missing], *([0, 0] for _ in x.shape[2:])]
        id_or_zero = padding if name == "source" and x.dtype.is_integer else 0
        value = tf.cast(False if x.dtype == tf.bool else id_or_zero, x.dtype)
        return tf.pad(x, around, constant_values=value)

    return {name: longer(name, x) if name in along else x for name, x in source.items()}


def ids_of(source: dict) -> Any:
    """Returns the ids (B, S) of sources, 0 where none is real; None if they are not ids.

    A host may leave anything beyond the real units of a row.

    Example:
        >>> from kseq2seq.decoding.sources import ids_of
        >>> source = {"source": tf.constant([[7, 2, 9]]), "source_mask": tf.constant([[1, 1, 0]])}
        >>> ids_of(source).numpy().tolist()
        [[7, 2, 0]]
    """
    ids = source.get("source")
    if ids is None or len(ids.shape) != 2 or not tf.as_dtype(ids.dtype).is_integer:
        return None
    mask = source.get("source_mask")
    return ids if mask is None else ids * tf.cast(tf.cast(mask, tf.bool), ids.dtype)


def units_of(source: dict) -> Any:
    """Returns int32 (B,), how many units of each source are real; None if there is no mask."""
    mask = source.get("source_mask")
    return None if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)


def positions_of(model: Any, source: dict) -> int | None:
    """Returns how many positions the encoder makes of sources; None if the mask does not say."""
    mask = source.get("source_mask")
    if mask is None or mask.shape[1] is None:
        return None
    return facts_of(model).positions(mask.shape[1])
