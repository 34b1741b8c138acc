"""From a model and its inputs to the best targets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import tensorflow as tf
from keras import ops

from kseq2seq.checks import check_whole
from kseq2seq.contracts import shift_right
from kseq2seq.decoding.answers import Answers
from kseq2seq.decoding.compiled import SHAPES, compiled, shapes_of, traced
from kseq2seq.decoding.filters import Filter
from kseq2seq.decoding.greedy import Greedy
from kseq2seq.decoding.loop import MOST_TOKENS, Loop
from kseq2seq.decoding.requests import (
    check_filters,
    check_inputs,
    check_model,
    check_need,
    check_search,
    checked_limits,
    seeds_of,
    tensors_of,
)
from kseq2seq.decoding.search import Hypotheses, Search, keywords
from kseq2seq.decoding.shrinking import search_shrinking
from kseq2seq.decoding.sources import croppable, positions_of
from kseq2seq.decoding.tensors import repeat
from kseq2seq.decoding.unsatisfied import UnsatisfiedError, too_many
from kseq2seq.heads import Decoded
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens

MANY = 4  # sources from which on the loop is run from Python
HINTS = {
    "search=Beam(beam_width=...)": "num_beams beam_size beams beam_width width",
    "search=Beam(4, n_best=...)": "n_best top_n num_return_sequences",
    "search=Beam(4, length_penalty=...)": "length_penalty",
    "search=Sample(...)": "do_sample temperature top_k top_p min_p",
    "max_length": "max_new_tokens max_len max_tokens",
}


@keywords(HINTS, source="inputs")
def decode(
    model: Any,
    inputs: Any,
    search: Search | str | None = None,
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
        inputs: what the model was trained on, without the target: int ids (B, S), or a dict
            {"source": (B, S), "source_mask": bool (B, S)}. Where ids come without a mask, all but
            padding are real. None for a language model, which has no source.
        search: `Greedy()` (the default), `Beam(...)`, `DiverseBeam(...)`, `Sample(...)` or
            `Contrastive(...)`; or its name, for example "beam", for the default settings. A model
            without a decoder takes `Greedy()` and, where its head has more than one answer,
            `Beam(beam_width)` without penalties.
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
        jit_compile: compile with XLA; every new shape of `inputs` then compiles anew.

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
        >>> found = decode(model, ids, Beam(2), max_length=5)
        >>> tuple(found.ids.shape)
        (2, 2, 5)
    """
    if unsatisfied not in ("error", "partial"):
        raise ValueError(f"`unsatisfied` must be 'error' or 'partial'; got {unsatisfied!r}.")
    search = Greedy() if search is None else check_search(search)
    if not hasattr(model, "decoder"):
        answers = Answers(model, search, max_length, special, filters)
        tensors, count = tensors_of(model, inputs, special, rows)
        check_inputs(model, tensors, answers.max_length)
        answers.check_need(count)
        limits = checked_limits(limits, count, answers.max_length)
        build = partial(traced, answers, jit_compile)
        return compiled(model, ("answers", answers.key, jit_compile), build)(tensors, limits)
    loop, tensors = prepare(
        model,
        inputs,
        search,
        max_length=max_length,
        limits=limits,
        filters=filters,
        seed=seed,
        special=special,
        rows=rows,
    )
    found = _found(model, loop, tensors, alignments, jit_compile)
    if not loop.filters or not tf.executing_eagerly():
        return found
    none = tf.reduce_all(found.lengths == 0, axis=1)
    if not tf.reduce_any(none):
        return found
    if unsatisfied == "error":
        which = tf.where(none)[:, 0].numpy().tolist()
        raise UnsatisfiedError(which, len(none), least=too_many(loop, tensors))
    lenient = compiled(loop, ("partial",), loop.partly)
    best = _found(model, lenient, tensors, alignments, jit_compile)
    return Decoded(
        *(
            None if some is None else tf.where(_beside(none, some), some, whole)
            for some, whole in zip(best, found, strict=True)
        )
    )


def prepare(
    model: Any,
    inputs: Any,
    search: Search | str,
    *,
    max_length: Any,
    limits: Any,
    filters: Sequence[Filter],
    seed: Any,
    special: SpecialTokens,
    rows: int | None = None,
) -> tuple[Loop, dict]:
    """Returns the loop for a request and the tensors that it begins with.

    The loop is kept beside the model for requests of the same kind, and its graphs beside the loop.
    What depends on settings is checked when a loop is made, what depends on shapes once for each
    of them, and values each time.

    Arguments are those of `decode`.

    Raises:
        ValueError: if the model can't answer the request.
    """
    search, filters = check_search(search), check_filters(filters)
    max_length = check_whole("max_length", max_length, most=MOST_TOKENS)
    source, count = tensors_of(model, inputs, special, rows)
    any_input = next(iter(source.values()), None)

    # 1. The loop, for all that is compiled into it.
    def make() -> tuple[Loop, set]:
        check_model(model, special)
        return Loop(model.decoder, search, max_length, special, filters), set()

    rules = tuple(rule.key for rule in filters)
    key = ("loop", search.key, max_length, special, rules, frozenset(source))
    loop, checked = compiled(model, key, make)

    # 2. What depends on shapes.
    shapes = shapes_of(source)
    if shapes not in checked:
        check_inputs(model, source, max_length)
        sizes = count, positions_of(model, source)
        if check_need(loop.decoder, search, filters, max_length, *sizes):
            if len(checked) >= SHAPES:
                checked.clear()
            checked.add(shapes)

    # 3. Values, which may differ from those that the loop was made with.
    search.check(loop.decoder.vocabulary_size, max_length)
    given = []
    for rule in filters:
        rule.check(loop.decoder.vocabulary_size, max_length, special)
        arrays = rule.given()
        for array in arrays.values() if rule.of_sources else []:
            if count is not None and len(array) != count:
                raise ValueError(
                    f"{type(rule).__name__} is for {len(array)} sources, but there are {count}."
                )
        given.append({name: tf.constant(x) for name, x in arrays.items()})
    return loop, {
        "source": source,
        "limits": checked_limits(limits, count, max_length),
        "seeds": seeds_of(seed, tf.shape(any_input)[0] if count is None else count),
        "given": given,
        "numbers": {name: tf.constant(x) for name, x in search.given().items()},
    }


@keywords(HINTS, source="inputs")
def search_targets(
    model: Any,
    inputs: dict,
    search: Search | str,
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
        answers = Answers(model, check_search(search), max_length, special, filters)
        answers.check_need(next(iter(inputs.values())).shape[0])
        return answers(inputs, limits)
    loop = Loop(model.decoder, search, max_length, special, filters, partial)
    tensors = {"source": inputs, "limits": limits, "seeds": seeds, "given": given, "numbers": None}
    return _search(model, loop, alignments, tensors)


def _found(model: Any, loop: Loop, tensors: dict, alignments: bool, jit_compile: bool) -> Decoded:
    """Runs a request, in one graph or, for many sources, in several that Python calls."""
    many = tf.executing_eagerly() and len(tensors["seeds"]) >= MANY
    if many and not alignments and compiled(loop, ("crops",), partial(croppable, model)):
        return _decoded(search_shrinking(model, loop, tensors, jit_compile))
    build = partial(traced, partial(_search, model, loop, alignments), jit_compile)
    return compiled(loop, ("decode", alignments, jit_compile), build)(tensors)


def _search(model: Any, loop: Loop, alignments: bool, tensors: dict) -> Decoded:
    """Encodes, searches and, if asked for, aligns; in graph."""
    encoded = model.encoder(tensors["source"], training=False)
    found = loop.finish(loop.run(loop.begin(encoded, tensors)))
    aligned = _align(model, encoded, found.ids, loop.special) if alignments else None
    return _decoded(found, aligned)


def _decoded(found: Hypotheses, alignments: Any = None) -> Decoded:
    return Decoded(found.ids, found.lengths, found.scores, alignments, found.finished)


def _beside(mask: Any, x: Any) -> Any:
    """A mask (B,) with as many axes as x (B, ...)."""
    return tf.reshape(mask, (-1,) + (1,) * (len(x.shape) - 1))


def _align(model, encoded, ids, special):
    """Runs the targets (B, N, L) through the decoder again, for alignments (B, N, L, S)."""
    count, length = ids.shape[1], ids.shape[2]
    flat = ops.reshape(ids, (-1, length))
    inputs = shift_right(flat, special)
    context, state = model.decoder.initial(encoded)
    alignment = model.decoder(inputs, context, repeat(state, count), training=False).alignment
    if alignment is None:
        return None
    return ops.reshape(alignment, (-1, count, length, ops.shape(alignment)[-1]))
