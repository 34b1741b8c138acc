"""From a model and a source to the best targets."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf
from keras import ops

from kseq2seq.decoding.gathering import repeat
from kseq2seq.decoding.greedy import Greedy
from kseq2seq.decoding.loop import Loop
from kseq2seq.decoding.search import Search
from kseq2seq.models import Seq2Seq
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens


class Decoded(NamedTuple):
    """The targets found for B sources, N each, best first.

    Attributes:
        ids: int32 (B, N, L), the end token included, then padding.
        lengths: int32 (B, N), in tokens, the end included; 0 where fewer than N exist.
        scores: float32 (B, N), what the search ranks by: log-probabilities in nats, for beam
            search over the length penalty; -inf where fewer than N exist.
        alignments: float32 (B, N, L, S), where each target token looked; None if not asked for,
            or if the model has no attention.
    """

    ids: Any
    lengths: Any
    scores: Any
    alignments: Any


def search_targets(
    model: Seq2Seq,
    source: dict,
    search: Search,
    max_length: int,
    *,
    limits: Any = None,
    special: SpecialTokens = SPECIAL_TOKENS,
    alignments: bool = False,
) -> Decoded:
    """Decodes in whatever graph is being traced; `decode` compiles and calls this.

    Alignments are not carried through the search: the targets found are run through the decoder
    once more, all steps at once.
    """
    encoded = model.encoder(source, training=False)
    loop = Loop(model.decoder, search, max_length, special)
    found = loop.finish(loop.run(loop.start(encoded, limits)))
    aligned = _align(model, encoded, found.ids, special) if alignments else None
    return Decoded(*found, aligned)


def decode(
    model: Seq2Seq,
    source: dict,
    search: Search | None = None,
    *,
    max_length: int,
    limits: Any = None,
    special: SpecialTokens = SPECIAL_TOKENS,
    alignments: bool = False,
    jit_compile: bool = False,
) -> Decoded:
    """Finds targets for sources, in one traced loop.

    The loop is compiled once a model, setting and input shape and then kept.

    Args:
        model: a `Seq2Seq`.
        source: {"source": int (B, S), "source_mask": bool (B, S)}, as the model was trained on.
        search: `Greedy()` (the default), `Beam(...)`.
        max_length: the most tokens a target may have, its end included. Each value compiles anew;
            let `limits` vary, and not this.
        limits: int (B,), the same for each source, where they differ; at most `max_length`.
        special: the target's ids that are not text.
        alignments: also say where each target token looked.
        jit_compile: compile with XLA; every new shape of `source` then compiles anew.

    Returns:
        A `Decoded`. Every target is complete: at its limit only the end token is allowed.

    Raises:
        ValueError: for a wrong `source`, `max_length` or `limits`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Beam, build_model, decode
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> ids = np.array([[7, 8, 2], [9, 2, 0]])
        >>> found = decode(model, {"source": ids, "source_mask": ids != 0}, Beam(2), max_length=5)
        >>> tuple(found.ids.shape)
        (2, 2, 5)
    """
    search = Greedy() if search is None else search
    if not isinstance(model, Seq2Seq):
        raise ValueError(f"`model` must be a Seq2Seq from `build_model`; got {type(model)}.")
    if not isinstance(search, Search):
        raise ValueError(f"`search` must be such as Greedy() or Beam(4); got {search!r}.")
    if not isinstance(source, dict):
        raise ValueError(
            f"`source` must be a dict of 'source' and 'source_mask'; got {type(source).__name__}."
        )
    source = {name: tf.convert_to_tensor(value) for name, value in source.items()}
    max_length = Loop(model.decoder, search, max_length, special).max_length  # or a clear error
    _check(model, source, max_length, limits)
    key = (search, max_length, special, alignments, jit_compile)
    # Kept beside Keras' own attributes, which it would otherwise track and save.
    compiled = model.__dict__.setdefault("_compiled_decodes", {})
    if key not in compiled:

        def run(source, limits):
            return search_targets(
                model,
                source,
                search,
                max_length,
                limits=limits,
                special=special,
                alignments=alignments,
            )

        compiled[key] = tf.function(run, jit_compile=jit_compile, reduce_retracing=not jit_compile)
    if limits is not None:
        limits = tf.convert_to_tensor(limits, dtype=tf.int32)
    return compiled[key](source, limits)


def _check(model, source, max_length, limits):
    wanted = set(model.encoder.input)
    if set(source) != wanted:
        raise ValueError(f"`source` must have the keys {sorted(wanted)}; got {sorted(source)}.")
    shapes = {name: tuple(value.shape) for name, value in source.items()}
    if any(len(shape) < 2 for shape in shapes.values()):
        raise ValueError(f"`source` must hold a batch, (rows, length); got the shapes {shapes}.")
    if len({shape[:2] for shape in shapes.values()}) > 1:
        raise ValueError(f"`source` and its mask must agree in rows and length; got {shapes}.")
    length, longest = next(iter(shapes.values()))[1], model.max_source_length
    if longest is not None and length is not None and length > longest:
        raise ValueError(
            f"A source of {length} tokens was given to a model with positions for {longest}. "
            f"Split it, or build the model with more `max_positions`."
        )
    both = model.decoder.max_positions if model.decoder.follows_source else None
    if both is not None and length is not None and length + max_length > both:
        raise ValueError(
            f"A source of {length} tokens and `max_length`={max_length} are one sequence to this "
            f"model, which has positions for {both}. Shorten either, or build the model with more "
            f"`max_positions`."
        )
    if limits is not None:
        rows = next(iter(shapes.values()))[0]
        if tuple(ops.shape(limits)) != (rows,):
            raise ValueError(
                f"`limits` must hold one length for each of {rows} sources; "
                f"got the shape {tuple(ops.shape(limits))}."
            )
        known = tf.get_static_value(tf.convert_to_tensor(limits))
        if known is not None and not ((known >= 1) & (known <= max_length)).all():
            raise ValueError(
                f"`limits` must lie between 1 and `max_length`={max_length}; got {known.tolist()}."
            )


def _align(model, encoded, ids, special):
    """Runs B * N found targets through the decoder again, for their alignments."""
    width, length = ids.shape[1], ids.shape[2]
    flat = ops.reshape(ids, (-1, length))
    start = ops.full((ops.shape(flat)[0], 1), special.start, dtype="int32")
    inputs = ops.concatenate([start, flat[:, :-1]], axis=1)
    context, state = model.decoder.initial(encoded)
    alignment = model.decoder(inputs, context, repeat(state, width), training=False).alignment
    if alignment is None:
        return None
    return ops.reshape(alignment, (-1, width, length, ops.shape(alignment)[-1]))
