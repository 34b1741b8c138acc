"""The loop as run from Python: no steps for sources that are done, no places for padding."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kseq2seq.decoding.carries import join, select
from kseq2seq.decoding.compiled import compiled, traced
from kseq2seq.decoding.loop import Loop
from kseq2seq.decoding.search import Hypotheses

ROOM = 16  # places of a cache at first; doubled whenever it is full
LEFT = 0.85  # of the sources, at most, for the others to be dropped
FEW = 8  # sources, for which a step takes hardly longer than for one
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
    rows, carries = zip(
        *((rows, graphs.start(given)) for rows, given in _parts(loop, started, jit_compile)),
        strict=True,
    )
    carry, places = join(loop, carries), np.concatenate(rows)
    found: dict[int, list[np.ndarray]] = {}
    while True:
        run = compiled(
            model,
            ("running", loop.key, room, jit_compile),
            partial(_running, loop, room, jit_compile),
        )
        left = _worth_dropping(len(places), jit_compile)
        changed, done, step = run(carry, tf.constant(left))
        carry = carry._replace(**changed)
        done, step = done.numpy(), int(step)
        last = done.all() or step >= loop.max_length
        stay = np.zeros_like(done) if last else ~done
        if stay.sum() <= left:
            # without what it does not need and what has a shape of its own for each size of cache
            bare = carry._replace(context=(), state=(), filters=())
            parts = [part.numpy() for part in graphs.finish(bare)]
            for row in np.flatnonzero(~stay):
                found.setdefault(int(places[row]), [part[row] for part in parts])
            if last:
                break
            picked = np.flatnonzero(stay)
            if jit_compile:  # a number of rows that is compiled for others too
                picked = np.resize(picked, max(FEW, 1 << int(len(picked) - 1).bit_length()))
            carry, places = graphs.select(carry, tf.constant(picked, tf.int32)), places[picked]
        if step == room:
            room = min(2 * room, loop.max_length)
            carry = loop.grow(carry, room)
    whole = [found[place] for place in range(len(found))]
    return Hypotheses(*(tf.constant(np.stack(parts)) for parts in zip(*whole, strict=True)))


def _worth_dropping(rows: int, jit_compile: bool) -> int:
    """Returns how many sources must be left, at most, for the others to be dropped."""
    if rows <= FEW:
        return 0
    if jit_compile:
        return (1 << int(rows - 1).bit_length()) // 2
    return int(LEFT * rows)


def _parts(loop: Loop, started: dict, jit_compile: bool) -> Iterator[tuple[np.ndarray, dict]]:
    """Yields sources of nearly one length: which, and what starts them.

    All of them at once, in their order, where parts would hardly spare any places.
    """
    mask = started["source"]["source_mask"].numpy()
    rows, width = mask.shape[:2]
    ends = np.where(mask, np.arange(width) + 1, 1).max(axis=1, initial=1)
    order = np.argsort(ends, kind="stable")
    parts = [order[first : first + PART] for first in range(0, rows, PART)]
    multiple = MULTIPLE if jit_compile else 1
    lengths = [min(width, -(-ends[part].max() // multiple) * multiple) for part in parts]
    spared = sum(len(part) * length for part, length in zip(parts, lengths, strict=True))
    if spared > WORTH * mask.size:
        yield np.arange(rows), started
        return
    for part, length in zip(parts, lengths, strict=True):
        yield part, _part(loop, started, part, int(length))


def _part(loop: Loop, started: dict, rows: np.ndarray, length: int) -> dict:
    """Returns what starts the sources of some rows alone, cut to a length."""

    def of(x):
        return None if x is None else tf.gather(x, rows)

    return {
        "source": {name: of(x[:, :length]) for name, x in started["source"].items()},
        "limits": of(started["limits"]),
        "seeds": of(started["seeds"]),
        "given": [
            {name: of(x) for name, x in arrays.items()} if rule.of_sources else arrays
            for rule, arrays in zip(loop.filters, started["given"], strict=True)
        ],
    }


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

    parts = (start, loop.finish, partial(select, loop))
    return _Graphs(*(traced(part, jit_compile) for part in parts))


def _running(loop: Loop, room: int, jit_compile: bool) -> Any:
    """The loop while caches have `room` places and more than `left` sources are not done."""

    def run(carry, left):
        carry = loop.run(carry, room - carry.live.step, left)
        changed = carry._asdict()
        for constant in ("context", "given"):  # a graph would copy what it only hands on
            del changed[constant]
        return changed, loop.done_sources(carry), carry.live.step

    return traced(run, jit_compile)
