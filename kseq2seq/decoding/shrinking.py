"""The loop as it is run from Python: sources leave it as they are done, and caches grow."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras import ops, tree

from kseq2seq.decoding.compiled import compiled, traced
from kseq2seq.decoding.loop import Carry, Loop
from kseq2seq.decoding.search import Hypotheses

ROOM = 16  # places of a cache at first; doubled whenever it is full
STEPS = 8  # between looks at who is done
LEFT = 0.75  # of the sources, at most, for the others to be dropped


class _Graphs(NamedTuple):
    start: Any
    finish: Any
    select: Any


def search_shrinking(model: Any, loop: Loop, started: dict, jit_compile: bool) -> Hypotheses:
    """Finds what `loop` would find, without steps for sources that are done.

    One `while` in one graph is what an export needs, but it computes every source until the last
    one is done, and its caches have room for the longest target there may be. Here the loop stops
    every few steps; sources that are done are taken out, and caches are doubled when they are
    full. No source's result depends on its company, so all are the same.

    Args:
        model: what decodes.
        loop: its loop.
        started: what `prepare` made of the sources.
        jit_compile: compile with XLA, which compiles anew for each number of sources and each size
            of cache: both then halve and double.

    Returns:
        The `Hypotheses` of all sources, in their order.
    """
    room = min(ROOM, loop.max_length)
    graphs = compiled(
        model, ("shrinking", loop.key, jit_compile), partial(_graphs, model, loop, jit_compile)
    )
    carry = graphs.start(started)
    places = np.arange(int(started["source"]["source_mask"].shape[0]))
    found: dict[int, list[np.ndarray]] = {}
    while True:
        run = compiled(
            model,
            ("running", loop.key, room, jit_compile),
            partial(_running, loop, room, jit_compile),
        )
        changed, done, step = run(carry)
        carry = carry._replace(**changed)
        done, step = done.numpy(), int(step)
        last = done.all() or step >= loop.max_length
        stay = np.zeros_like(done) if last else ~done
        if last or _fewer(stay.sum(), len(places), jit_compile):
            # without what it does not need and what has a shape of its own for each size of cache
            bare = carry._replace(context=(), state=(), filters=())
            parts = [part.numpy() for part in graphs.finish(bare)]
            for row in np.flatnonzero(~stay):
                found.setdefault(int(places[row]), [part[row] for part in parts])
            if last:
                break
            rows = np.flatnonzero(stay)
            if jit_compile:  # a number of rows that is compiled for others too
                rows = np.resize(rows, 1 << int(len(rows) - 1).bit_length())
            carry, places = graphs.select(carry, tf.constant(rows, tf.int32)), places[rows]
        if step == room:
            room = min(2 * room, loop.max_length)
            carry = loop.grow(carry, room)
    whole = [found[place] for place in range(len(found))]
    return Hypotheses(*(tf.constant(np.stack(parts)) for parts in zip(*whole, strict=True)))


def _fewer(left: int, rows: int, jit_compile: bool) -> bool:
    """Whether dropping who is done is worth it."""
    if jit_compile:
        return 1 << int(left - 1).bit_length() < rows
    return left <= LEFT * rows


def _graphs(model: Any, loop: Loop, jit_compile: bool) -> _Graphs:
    """The loop's parts as graphs."""

    def start(started):
        return loop.start(
            model.encoder(started["source"], training=False),
            started["limits"],
            source=started["source"].get("source"),
            seeds=started["seeds"],
            given=started["given"],
            room=min(ROOM, loop.max_length),
        )

    parts = (start, loop.finish, _selecting(loop))
    return _Graphs(*(traced(part, jit_compile) for part in parts))


def _running(loop: Loop, room: int, jit_compile: bool) -> Any:
    """The steps of the loop while caches have `room` places."""

    def run(carry):
        carry = loop.run(carry, ops.minimum(STEPS, room - carry.live.step))
        changed = carry._asdict()
        for constant in ("context", "given"):  # a graph would copy what it only hands on
            del changed[constant]
        return changed, loop.done_sources(carry), carry.live.step

    return traced(run, jit_compile)


def _selecting(loop: Loop) -> Any:
    """Returns a function (carry, rows) -> a carry of those sources alone."""

    def select(carry: Carry, rows: Any) -> Carry:
        sources = ops.shape(carry.given["sources"]["limits"])[0]

        def of_rows(x):
            if x is None:
                return None
            each = ops.shape(x)[0] // sources  # rows a source has
            some = rows[:, None] * each + ops.arange(each, dtype="int32")
            return ops.take(x, ops.reshape(some, (-1,)), axis=0)

        def picked(x):
            return tree.map_structure(of_rows, x)

        filters = carry.given["filters"]
        given = [
            picked(x) if rule.of_sources else x
            for rule, x in zip(loop.filters, filters, strict=True)
        ]
        live = carry.live
        return Carry(
            context=picked(carry.context),
            given={"sources": picked(carry.given["sources"]), "filters": given},
            live=live._replace(ids=of_rows(live.ids), tokens=of_rows(live.tokens)),
            state=picked(carry.state),
            search=picked(carry.search),
            filters=picked(carry.filters),
        )

    return select
