"""From a model and a source to the best targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from keras import ops

from kseq2seq.contracts import shift_right
from kseq2seq.decoding.compiled import compiled, traced
from kseq2seq.decoding.filters import Filter
from kseq2seq.decoding.gathering import repeat
from kseq2seq.decoding.greedy import Greedy
from kseq2seq.decoding.loop import Loop
from kseq2seq.decoding.places import given_or_empty, ids_of, keeps_places, units_of
from kseq2seq.decoding.requests import prepare
from kseq2seq.decoding.search import Hypotheses, Search
from kseq2seq.decoding.shrinking import search_shrinking
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens

MANY = 4  # sources from which on the loop is run from Python


class Decoded(NamedTuple):
    """The targets found for B sources, N each, best first.

    Attributes:
        ids: int32 (B, N, L), the end token included, then padding.
        lengths: int32 (B, N), in tokens, the end included; 0 where fewer than N exist.
        scores: float32 (B, N), what the search ranks by: log-probabilities in nats, for beam
            search over the length penalty; -inf where fewer than N exist.
        alignments: float32 (B, N, L, S), where each target token looked, up to a target's end;
            None if not asked for, or if the model has no attention.
        finished: bool (B, N), whether the target is as long as the model wanted it. False only
            where it was cut: its end stands at its limit, and another token was likelier there
            (in the model's own distribution, before filters and before the limit). True where
            fewer than N exist, since none was cut.
    """

    ids: Any
    lengths: Any
    scores: Any
    alignments: Any
    finished: Any = None


def search_targets(
    model: Any,
    source: dict,
    search: Search,
    max_length: int,
    *,
    limits: Any = None,
    seeds: Any = None,
    filters: Sequence[Filter] = (),
    given: Sequence[dict] | None = None,
    partial: bool = False,
    special: SpecialTokens = SPECIAL_TOKENS,
    alignments: bool = False,
) -> Decoded:
    """Decodes in whatever graph is being traced; `decode` compiles and calls this.

    Alignments are not carried through the search: the targets found are run through the decoder
    once more, all steps at once.
    """
    loop = Loop(model.decoder, search, max_length, special, filters, partial)
    started = {"source": source, "limits": limits, "seeds": seeds, "given": given, "numbers": None}
    encoded = model.encoder(source, training=False)
    return _searched(model, loop, encoded, started, alignments)


def decode(
    model: Any,
    source: dict | None,
    search: Search | None = None,
    *,
    max_length: int,
    rows: int | None = None,
    limits: Any = None,
    filters: Sequence[Filter] = (),
    unsatisfied: str = "error",
    seed: Any = 0,
    special: SpecialTokens = SPECIAL_TOKENS,
    alignments: bool = False,
    jit_compile: bool = False,
) -> Decoded:
    """Finds targets for sources, in one traced loop.

    The loop is compiled once for a model, a structure of search and filters, and an input shape;
    the 64 used last are kept. Numbers that only scale, for example a temperature, are its inputs.

    Args:
        model: a `Seq2Seq`, or an `Ensemble` or `Speculative` made of some.
        source: what the encoder takes, as the model was trained on; for ids {"source": int (B, S),
            "source_mask": bool (B, S)}. None for a language model, which has none.
        search: `Greedy()` (the default), `Beam(...)`, `DiverseBeam(...)`, `Sample(...)` or
            `Contrastive(...)`.
        max_length: the most tokens a target may have, its end included. Each value compiles anew;
            let `limits` vary, and not this.
        rows: B, how many targets a language model writes; 1 by default.
        limits: int (B,), the same for each source, where they differ; at most `max_length`.
        filters: rules about next tokens, in the order they run; see `Filter`.
        unsatisfied: what happens to a source for which the filters leave no target: "error", or
            "partial", which returns the best hypothesis, meeting as many constraints as possible; a
            target that has no token left ends there.
        seed: for searches that draw at random: a whole number, or int (B,), one for each source.
        special: the target's ids that are not text.
        alignments: also say where each target token looked.
        jit_compile: compile with XLA; every new shape of `source` then compiles anew.

    Returns:
        A `Decoded`. Every target ends: at its limit only the end token is allowed, and `finished`
        says which targets were cut there.

    Raises:
        ValueError: for a wrong argument, or for more hypotheses than memory holds.
        UnsatisfiedError: a ValueError, if filters leave a source no target. Inside a graph that
            can't be told, and its lengths are 0.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Beam, build_model, decode
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> ids = np.array([[7, 8, 2], [9, 2, 0]])
        >>> found = decode(model, {"source": ids, "source_mask": ids != 0}, Beam(2), max_length=5)
        >>> tuple(found.ids.shape)
        (2, 2, 5)
    """
    if unsatisfied not in ("error", "partial"):
        raise ValueError(f"`unsatisfied` must be 'error' or 'partial'; got {unsatisfied!r}.")
    search = Greedy() if search is None else search
    loop, started = prepare(
        model,
        given_or_empty(model, source, rows),
        search,
        max_length=max_length,
        limits=limits,
        filters=filters,
        seed=seed,
        special=special,
    )

    def run(partial: bool) -> Decoded:
        one = loop.partly() if partial else loop
        many = tf.executing_eagerly() and len(started["seeds"]) >= MANY
        if many and not alignments and keeps_places(model):
            return _decoded(search_shrinking(model, one, started, jit_compile))

        def build():
            def search_all(started):
                encoded = model.encoder(started["source"], training=False)
                return _searched(model, one, encoded, started, alignments)

            return traced(search_all, jit_compile)

        return compiled(model, ("decode", one.key, alignments, jit_compile), build)(started)

    found = run(False)
    if not loop.filters or not tf.executing_eagerly():
        return found
    none = tf.reduce_all(found.lengths == 0, axis=1)
    if not tf.reduce_any(none):
        return found
    if unsatisfied == "error":
        raise UnsatisfiedError(tf.where(none)[:, 0].numpy().tolist(), len(none))
    return Decoded(
        *(
            None if some is None else tf.where(_beside(none, some), some, whole)
            for some, whole in zip(run(True), found, strict=True)
        )
    )


class UnsatisfiedError(ValueError):
    """Filters leave sources no target.

    Attributes:
        sources: which, from 0.
    """

    def __init__(self, sources: list[int], count: int, what: str = "source"):
        self.sources = sources
        super().__init__(
            f"The filters leave no target within the limit for {what} {sources[0]} "
            f"({len(sources)} of {count}). Loosen them, raise `max_length`, widen the beam, or "
            "pass unsatisfied='partial'."
        )


def _searched(model: Any, loop: Loop, encoded: dict, started: dict, alignments: bool) -> Decoded:
    carry = loop.start(
        encoded,
        started["limits"],
        source=ids_of(started["source"]),
        units=units_of(started["source"]),
        seeds=started["seeds"],
        given=started["given"],
        numbers=started["numbers"],
    )
    found = loop.finish(loop.run(carry))
    aligned = _align(model, encoded, found.ids, loop.special) if alignments else None
    return _decoded(found, aligned)


def _decoded(found: Hypotheses, alignments: Any = None) -> Decoded:
    return Decoded(found.ids, found.lengths, found.scores, alignments, found.finished)


def _beside(mask: Any, x: Any) -> Any:
    """A mask (B,) with as many axes as x (B, ...)."""
    return tf.reshape(mask, (-1,) + (1,) * (len(x.shape) - 1))


def _align(model, encoded, ids, special):
    """Runs B * N found targets through the decoder again, for their alignments."""
    width, length = ids.shape[1], ids.shape[2]
    flat = ops.reshape(ids, (-1, length))
    inputs = shift_right(flat, special)
    context, state = model.decoder.initial(encoded)
    alignment = model.decoder(inputs, context, repeat(state, width), training=False).alignment
    if alignment is None:
        return None
    return ops.reshape(alignment, (-1, width, length, ops.shape(alignment)[-1]))
