"""Eager decoding: drops finished sources and trims padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import lcm
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras import ops, tree

from kseq2seq.decoding.compiled import compiled, traced
from kseq2seq.decoding.loop import Carry, Loop
from kseq2seq.decoding.search import Hypotheses
from kseq2seq.decoding.sources import cropped, facts_of, ids_of, units_of

ROOM = 16  # places of a cache at first; doubled whenever it is full
LEFT = 0.85  # of the sources, at most, for the others to be dropped
FEW = 8  # hypotheses, for which a step takes hardly longer than for one
PART = 16  # sources encoded at once, of nearly one length
MULTIPLE = 8  # of it are the lengths that XLA compiles for them
WORTH = 0.85  # of the places, at most, for sources to be encoded in parts


class _Graphs(NamedTuple):
    start: Any
    finish: Any
    select: Any


def search_shrinking(model: Any, loop: Loop, started: dict, jit_compile: bool) -> Hypotheses:
    """Finds what `loop` would find, in fewer steps and places.

    One `while` in one graph is what an export needs, but it computes every source until the last
    one is done, its caches have room for the longest target there may be, and all sources are
    encoded as if they were as long as the longest. Here sources are encoded in parts, sorted by
    length; the loop stops when enough of them are done, which are then taken out; and caches are
    doubled when they are full. No source's result depends on its company, so all are the same.

    Args:
        model: what decodes; it keeps places (see `keeps_places`).
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
    carry, places = _begun(model, loop, graphs, started, jit_compile)
    few = max(1, FEW // loop.search.width)
    found: dict[int, list[np.ndarray]] = {}
    while True:
        run = compiled(
            model,
            ("running", loop.key, room, jit_compile),
            partial(_running, loop, room, jit_compile),
        )
        enough = _enough(len(places), few, jit_compile)
        changed, done, step = run(carry, tf.constant(enough))
        carry = carry._replace(**changed)
        done, step = done.numpy(), int(step)
        last = done.all() or step >= loop.max_length
        stay = np.zeros_like(done) if last else ~done
        if stay.sum() <= enough:
            # without what it does not need and what has a shape of its own for each size of cache
            bare = carry._replace(context=(), state=(), filters=())
            parts = [part.numpy() for part in graphs.finish(bare)]
            for row in np.flatnonzero(~stay):
                found.setdefault(int(places[row]), [part[row] for part in parts])
            if last:
                break
            rows = np.flatnonzero(stay)
            if jit_compile:  # a number of rows that is compiled for others too
                rows = np.resize(rows, max(few, _power_of_two(len(rows))))
            carry, places = graphs.select(carry, tf.constant(rows, tf.int32)), places[rows]
        if step == room:
            room = min(2 * room, loop.max_length)
            carry = loop.grow(carry, room)
    whole = [found[place] for place in range(len(found))]
    return Hypotheses(*(tf.constant(np.stack(parts)) for parts in zip(*whole, strict=True)))


def _enough(sources: int, few: int, jit_compile: bool) -> int:
    """Returns how many sources must be left, at most, for the others to be dropped."""
    if sources <= few:
        return 0
    return max(few, _power_of_two(sources) // 2) if jit_compile else int(LEFT * sources)


def _power_of_two(count: int) -> int:
    """Returns the least that is no smaller."""
    return 1 << int(count - 1).bit_length()


def _begun(
    model: Any, loop: Loop, graphs: _Graphs, started: dict, jit_compile: bool
) -> tuple[Carry, np.ndarray]:
    """Returns a carry of all sources before the first step, and which source each row is."""
    stride = facts_of(model).stride
    parts = _parts(started["source"]["source_mask"].numpy(), jit_compile, stride)
    carries = [graphs.start(_part(model, loop, started, rows, length)) for rows, length in parts]
    return join(loop, carries), np.concatenate([rows for rows, _ in parts])


def _parts(mask: np.ndarray, jit_compile: bool, stride: int) -> list[tuple[np.ndarray, int]]:
    """Returns sources of nearly one length: which, and how many places hold them.

    It is one part, of all places, where several would hardly spare any. With XLA the last part has
    all places too: what comes after has as many, and is not to be compiled for each length.
    """
    sources, width = mask.shape
    ends = np.where(mask, np.arange(width) + 1, 1).max(axis=1, initial=1)
    order = np.argsort(ends, kind="stable")
    parts = [order[first : first + PART] for first in range(0, sources, PART)]
    multiple = lcm(MULTIPLE, stride) if jit_compile else stride
    lengths = [min(width, -(-int(ends[rows].max()) // multiple) * multiple) for rows in parts]
    if jit_compile:
        lengths[-1] = width
    kept = sum(len(rows) * length for rows, length in zip(parts, lengths, strict=True))
    if kept > WORTH * mask.size:
        return [(np.arange(sources), width)]
    return list(zip(parts, lengths, strict=True))


def _part(model: Any, loop: Loop, started: dict, rows: np.ndarray, length: int) -> dict:
    """Returns what starts the sources of some rows alone, encoded in so many places."""

    def of_rows(x):
        return None if x is None else tf.gather(x, rows)

    source = {name: of_rows(x) for name, x in started["source"].items()}
    return {
        "source": source,
        "encoded": cropped(model.encoder, source, length),
        "limits": of_rows(started["limits"]),
        "seeds": of_rows(started["seeds"]),
        "given": [
            {name: of_rows(x) for name, x in arrays.items()} if rule.of_sources else arrays
            for rule, arrays in zip(loop.filters, started["given"], strict=True)
        ],
        "numbers": started["numbers"],
    }


def _graphs(model: Any, loop: Loop, jit_compile: bool) -> _Graphs:
    """The loop's parts as graphs."""

    def start(started):
        return loop.start(
            model.encoder(started["encoded"], training=False),
            started["limits"],
            source=ids_of(started["source"]),
            units=units_of(started["source"]),
            seeds=started["seeds"],
            given=started["given"],
            numbers=started["numbers"],
            room=min(ROOM, loop.max_length),
        )

    parts = (start, loop.finish, partial(select, loop))
    return _Graphs(*(traced(part, jit_compile) for part in parts))


def _running(loop: Loop, room: int, jit_compile: bool) -> Any:
    """The loop while caches have `room` places and more than `enough` sources are not done."""

    def run(carry, enough):
        carry = loop.run(carry, room - carry.live.step, enough)
        changed = carry._asdict()
        for constant in ("context", "given"):  # a graph would copy what it only hands on
            del changed[constant]
        return changed, loop.done_sources(carry), carry.live.step

    return traced(run, jit_compile)


def select(loop: Loop, carry: Carry, rows: Any) -> Carry:
    """Returns a carry of some sources alone, in the order of `rows`, int (n,)."""
    sources = ops.shape(carry.given["sources"]["limits"])[0]

    def of_rows(x):
        each = ops.shape(x)[0] // sources  # rows a source has
        some = rows[:, None] * each + ops.arange(each, dtype="int32")
        return ops.take(x, ops.reshape(some, (-1,)), axis=0)

    return _mapped(loop, of_rows, [carry])


def join(loop: Loop, carries: Sequence[Carry]) -> Carry:
    """Returns one carry of the sources of several, which are at the same step.

    Where one has more places than another, zeros follow the other's: a mask is false there.
    """
    if len(carries) == 1:
        return carries[0]
    return _mapped(loop, _concatenated, carries)


def _concatenated(*parts: Any) -> Any:
    shape = np.max([part.shape[1:] for part in parts], axis=0)
    padded = [
        part if part.shape[1:] == tuple(shape) else tf.pad(part, _missing(part, shape))
        for part in parts
    ]
    return tf.concat(padded, axis=0)


def _missing(part: Any, shape: np.ndarray) -> list:
    return [[0, 0], *([0, size - has] for size, has in zip(shape, part.shape[1:], strict=True))]


def _mapped(loop: Loop, function: Callable, carries: Sequence[Carry]) -> Carry:
    """Applies a function to every tensor of the carries that has rows of sources."""

    def mapped(*parts):
        return tree.map_structure(
            lambda *leaves: None if leaves[0] is None else function(*leaves), *parts
        )

    first, givens = carries[0], [carry.given for carry in carries]
    lives = [carry.live for carry in carries]
    return Carry(
        context=mapped(*(carry.context for carry in carries)),
        given={
            "sources": mapped(*(given["sources"] for given in givens)),
            "filters": [
                mapped(*arrays) if rule.of_sources else arrays[0]
                for rule, *arrays in zip(
                    loop.filters, *(given["filters"] for given in givens), strict=True
                )
            ],
            "search": first.given["search"],
        },
        live=first.live._replace(
            ids=function(*(live.ids for live in lives)),
            tokens=function(*(live.tokens for live in lives)),
        ),
        state=mapped(*(carry.state for carry in carries)),
        search=mapped(*(carry.search for carry in carries)),
        filters=mapped(*(carry.filters for carry in carries)),
    )
