"""From what is asked of a model to what its loop takes, refusing what it could not answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kseq2seq.decoding.filters import Filter
from kseq2seq.decoding.loop import Loop
from kseq2seq.decoding.need import check_need
from kseq2seq.decoding.places import facts_of, rows_of
from kseq2seq.encoders import along_units
from kseq2seq.special_tokens import SpecialTokens


def prepare(
    model: Any,
    source: Any,
    search: Any,
    *,
    max_length: Any,
    limits: Any,
    filters: Sequence[Filter],
    seed: Any,
    special: SpecialTokens,
) -> tuple[Loop, dict]:
    """Returns the loop for a request and the tensors to start it with; arguments as for `decode`.

    Raises:
        ValueError: for what makes no sense.
    """
    check_model(model, special)
    loop = Loop(model.decoder, search, max_length, special, filters)
    source = check_source(model, source, loop.max_length)
    rows = rows_of(source).shape[0]
    check_need(loop, rows, _positions(model, source))
    given = [rule.given() for rule in loop.filters]
    for rule, arrays in zip(loop.filters, given, strict=True):
        for array in arrays.values() if rule.of_sources else []:
            if rows is not None and len(array) != rows:
                raise ValueError(
                    f"{type(rule).__name__} is for {len(array)} sources, but there are {rows}."
                )
    given = [{name: tf.constant(x) for name, x in arrays.items()} for arrays in given]
    started = {
        "source": source,
        "limits": checked_limits(limits, rows, loop.max_length),
        "seeds": seeds_of(seed, tf.shape(rows_of(source))[0]),
        "given": given,
        "numbers": {name: tf.constant(x) for name, x in search.given().items()},
    }
    return loop, started


def seeds_of(seed: Any, rows: Any) -> Any:
    """Returns int32 (B,), a seed for each of B sources: those given, or made of one number.

    Raises:
        ValueError: if it is no whole number, or not one for each source.
    """
    if not tf.is_tensor(seed):
        seeds = np.asarray(seed)
        if seeds.dtype.kind not in "iu" or seeds.ndim > 1:
            raise ValueError(
                f"`seed` must be a whole number of at most 64 bits, or one for each source; got "
                f"{seed!r:.80}."
            )
        seed = seeds.astype("int64")
    seed = tf.cast(seed, tf.int64)
    if seed.shape.rank:
        known = tf.get_static_value(rows)
        if known is not None and seed.shape[0] not in (None, known):
            raise ValueError(f"`seed` has {seed.shape[0]} numbers, but there are {known} sources.")
    else:
        seed = seed * 1_000_003 + tf.range(tf.cast(rows, tf.int64))
    return tf.cast(tf.math.floormod(seed, 2**31 - 1), tf.int32)


def check_backend() -> None:
    """Refuses to decode on another backend than TensorFlow."""
    if (backend := keras.backend.backend()) != "tensorflow":
        raise RuntimeError(
            f"Decoding needs Keras to run on TensorFlow; its backend is {backend!r}. Set "
            "KERAS_BACKEND=tensorflow before Keras is imported, and load the model there."
        )


def check_model(model: Any, special: SpecialTokens) -> None:
    """Refuses what has no decoder, or was made for other special ids."""
    check_backend()
    if not hasattr(model, "decoder") or not hasattr(model, "encoder"):
        raise ValueError(
            "`model` must be a Seq2Seq from `build_model`, since it must have a decoder; got "
            f"{type(model).__name__}. Other heads answer to `decode` alone."
        )
    own = getattr(model, "special", special)
    if own != special:
        raise ValueError(
            f"`special` is {tuple(special)}, and {type(model).__name__} was made for {tuple(own)}."
        )


def check_source(model: Any, source: Any, target_length: int) -> dict:
    """Returns a source as tensors, refusing what the model can't take."""
    if not isinstance(source, dict):
        raise ValueError(
            f"`source` must be a dict of 'source' and 'source_mask'; got {type(source).__name__}."
        )
    source = {name: tf.convert_to_tensor(value) for name, value in source.items()}
    wanted = {*model.encoder.input, *_of_head(model)}
    if set(source) != wanted:
        raise ValueError(f"`source` must have the keys {sorted(wanted)}; got {sorted(source)}.")
    shapes = {name: tuple(value.shape) for name, value in source.items()}
    for name, shape in shapes.items():
        if not _fits(shape, taken := _taken(model, name)):
            raise ValueError(
                f"`source` must hold a batch, (rows, length): {name!r} must have the shape "
                f"{taken}, None being any size; got the shapes {shapes}."
            )
    if len({shape[0] for shape in shapes.values()}) > 1:
        raise ValueError(f"The inputs of `source` must agree in rows; got the shapes {shapes}.")
    along = along_units(model.encoder.input)
    lengths = {shapes[name][1] for name in along}
    if facts_of(model).crops and len(lengths) > 1:
        raise ValueError(f"`source` and its mask must agree in rows and length; got {shapes}.")
    length = shapes["source"][1] if "source" in along else None
    longest = model.max_source_length
    if longest is not None and length is not None and length > longest:
        raise ValueError(
            f"A source of {length} tokens was given to a model with positions for {longest}. "
            f"Split it, or build the model with more `max_positions`."
        )
    decoder = getattr(model, "decoder", None)
    both = decoder.max_positions if decoder and decoder.follows_source else None
    if both is not None and length is not None and length + target_length > both:
        raise ValueError(
            f"A source of {length} tokens and `max_length`={target_length} are one sequence to "
            f"this model, which has positions for {both}. Shorten either, or build the model with "
            f"more `max_positions`."
        )
    return source


def _taken(model: Any, name: str) -> tuple[int | None, ...]:
    """The shape of an input of the encoder, rows included; that of ids for one without shapes."""
    inputs, of_head = model.encoder.input, _of_head(model)
    if name in of_head:
        return (None, *of_head[name][0])
    return tuple(inputs[name].shape) if isinstance(inputs, dict) else (None, None)


def _of_head(model: Any) -> dict[str, Any]:
    """The inputs of a model that its head has and its encoder has not."""
    return getattr(getattr(model, "head", None), "inputs", {})


def _fits(shape: tuple[int | None, ...], taken: tuple[int | None, ...]) -> bool:
    return len(shape) == len(taken) and all(
        None in (has, wants) or has == wants for has, wants in zip(shape, taken, strict=True)
    )


def _positions(model: Any, source: dict) -> int | None:
    """How many positions the encoder makes of a source, where that is known without running it."""
    mask = source.get("source_mask")
    if mask is None or mask.shape[1] is None:
        return None
    return facts_of(model).positions(mask.shape[1])


def checked_limits(limits: Any, rows: int | None, max_length: int) -> Any:
    """Returns int32 (B,), the longest target of each source; None if none is given.

    Raises:
        ValueError: if they are not one whole number from 1 to `max_length` for each source.
    """
    if limits is None:
        return None
    limits = tf.convert_to_tensor(limits)
    if not limits.dtype.is_integer or tuple(limits.shape) != (rows,):
        raise ValueError(
            f"`limits` must hold one length for each of {rows} sources, a whole number; got "
            f"{limits.dtype.name} of shape {tuple(limits.shape)}."
        )
    known = tf.get_static_value(limits)
    if known is not None and not ((known >= 1) & (known <= max_length)).all():
        raise ValueError(
            f"`limits` must lie between 1 and `max_length`={max_length}; got {known.tolist()}."
        )
    return tf.cast(limits, tf.int32)
