"""From a model and a source to the best targets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import tensorflow as tf
from keras import ops

from kseq2seq.contracts import shift_right
from kseq2seq.decoding.answers import Answers
from kseq2seq.decoding.compiled import compiled, traced
from kseq2seq.decoding.filters import Filter
from kseq2seq.decoding.greedy import Greedy
from kseq2seq.decoding.loop import Loop
from kseq2seq.decoding.requests import (
    check_model,
    check_need,
    check_source,
    checked_limits,
    seeds_of,
)
from kseq2seq.decoding.search import Hypotheses, Search
from kseq2seq.decoding.shrinking import search_shrinking
from kseq2seq.decoding.sources import (
    given_or_empty,
    ids_of,
    keeps_places,
    positions_of,
    rows_of,
    units_of,
)
from kseq2seq.decoding.tensors import repeat
from kseq2seq.heads import Decoded
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens

MANY = 4  # sources from which on the loop is run from Python


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
    once more, all steps at once. A model without a decoder is asked for answers by its head.
    """
    if not hasattr(model, "decoder"):
        answers = Answers(model, search, max_length, special, filters)
        answers.check_need(rows_of(source).shape[0])
        return answers(source, limits)
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
        model: a `Seq2Seq`, or an `Ensemble` or `Speculative` made of some; or a `HeadModel`.
        source: what the model takes but the target, as it was trained on; for ids {"source": int
            (B, S), "source_mask": bool (B, S)}. None for a language model, which has none.
        search: `Greedy()` (the default), `Beam(...)`, `DiverseBeam(...)`, `Sample(...)` or
            `Contrastive(...)`. A model without a decoder takes `Greedy()`, and where its head has
            more than one answer, `Beam(width)` without penalties.
        max_length: the most tokens a target may have, its end included. Each value compiles anew;
            let `limits` vary, and not this. Longer answers of a model without a decoder are cut.
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
    if not hasattr(model, "decoder"):
        answers = Answers(model, search, max_length, special, filters)
        source = check_source(model, source, answers.max_length)
        rows = rows_of(source).shape[0]
        answers.check_need(rows)
        limits = checked_limits(limits, rows, answers.max_length)
        build = partial(traced, answers, jit_compile)
        return compiled(model, ("answers", answers.key, jit_compile), build)(source, limits)
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
    check_need(
        model.decoder, search, loop.filters, loop.max_length, rows, positions_of(model, source)
    )
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
