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
from kseq2seq.decoding.sources import facts_of
from kseq2seq.encoders import along_units

ROOM = 16  # steps that caches hold at first; doubled whenever they are full
LEFT = 0.85  # share of the sources that may be left when the finished ones are taken out
FEW = 8  # hypotheses, for which a step takes hardly longer than for one
PART = 16  # sources encoded at once, of nearly one length
MULTIPLE = 8  # XLA compiles lengths that are multiples of it
WORTH = 0.85  # share of the positions, at most, for sources to be encoded in parts


class _Graphs(NamedTuple):
    """The parts of a loop as graphs, and what cropping needs to know of the encoder."""

    start: Any
    finish: Any
    select: Any
    stride: int
    along: tuple[str, ...]


def search_shrinking(model: Any, loop: Loop, tensors: dict, jit_compile: bool) -> Hypotheses:
    """Finds what `loop` would find, in fewer steps and positions.

    One `while` in one graph is what an export needs, but it computes every source until the last
    one is done, its caches have room for the longest target there may be, and all sources are
    encoded as if they were as long as the longest. Here sources are encoded in parts, sorted by
    length; the loop stops when enough of them are done, which are then taken out; and caches are
    doubled when they are full. No source's result depends on the others, so all are the same.

    Args:
        model: a model whose sources may be cropped (see `croppable`).
        loop: the model's loop, beside which the graphs are kept.
        tensors: what `prepare` made of the sources.
        jit_compile: compile with XLA, which compiles anew for each number of sources and each size
            of cache: both then halve and double.

    Returns:
        The `Hypotheses` of all sources, in their order.
    """
    graphs = compiled(loop, ("parts", jit_compile), partial(_graphs, model, loop, jit_compile))
    few = max(1, FEW // loop.num_hypotheses)
    room = min(ROOM, loop.max_length)
    # 1. Encode the sources in parts, and join them: row r of the carry is source indices[r].
    carry, indices = _begun(graphs, loop, tensors, jit_compile)
    found: dict[int, list[np.ndarray]] = {}
    while True:
        # 2. Run until the caches are full, or no more than `enough` sources are left.
        enough = _enough(len(indices), few, jit_compile)
        build = partial(_running, loop, room, jit_compile)
        run = compiled(loop, ("run", room, jit_compile), build)
        changed, done, step = run(carry, tf.constant(enough))
        carry = carry._replace(**changed)
        done, step = done.numpy(), int(step)
        last = done.all() or step >= loop.max_length
        stay = np.zeros_like(done) if last else ~done
        if stay.sum() <= enough:
            # 3. Take out what the finished sources found, without what `finish` does not need and
            # what has a shape of its own for each size of cache.
            bare = carry._replace(context=(), state=(), filters=())
            parts = [part.numpy() for part in graphs.finish(bare)]
            for row in np.flatnonzero(~stay):
                found.setdefault(int(indices[row]), [part[row] for part in parts])
            if last:
                break
            # 4. Continue with the others alone.
            rows = np.flatnonzero(stay)
            if jit_compile:  # a number of rows that is compiled for others too
                rows = np.resize(rows, max(few, _power_of_two(len(rows))))
            carry, indices = graphs.select(carry, tf.constant(rows, tf.int32)), indices[rows]
        # 5. Double the caches when they are full.
        if step == room:
            room = min(2 * room, loop.max_length)
            carry = loop.grow(carry, room)
    in_order = [found[index] for index in range(len(found))]
    return Hypotheses(*(tf.constant(np.stack(parts)) for parts in zip(*in_order, strict=True)))


def _enough(sources: int, few: int, jit_compile: bool) -> int:
    """Returns how many sources may be left when the finished ones are taken out."""
    if sources <= few:
        return 0
    return max(few, _power_of_two(sources) // 2) if jit_compile else int(LEFT * sources)


def _power_of_two(count: int) -> int:
    """Returns the least power of two that is at least `count`."""
    return 1 << int(count - 1).bit_length()


def _begun(
    graphs: _Graphs, loop: Loop, tensors: dict, jit_compile: bool
) -> tuple[Carry, np.ndarray]:
    """Returns a carry of all sources before the first step, and which source each row is."""
    mask = tensors["source"]["source_mask"].numpy()
    parts, carries = _parts(mask, jit_compile, graphs.stride), []
    for rows, length in parts:
        part = _part(loop, tensors, rows)
        cropped = {
            name: x[:, :length] if name in graphs.along else x for name, x in part["source"].items()
        }
        carries.append(graphs.start(cropped, part))
    return join(loop, carries), np.concatenate([rows for rows, _ in parts])


def _parts(mask: np.ndarray, jit_compile: bool, stride: int) -> list[tuple[np.ndarray, int]]:
    """Groups the sources of a mask (B, S) by length.

    One group of full length is returned where several would hardly save any positions. With XLA
    the last group has full length too: the joined carry has as many positions, and is not to be
    compiled for each length.

    Returns:
        For each group, its sources (at most `PART`) and the length that holds them.
    """
    sources, longest = mask.shape
    ends = np.where(mask, np.arange(longest) + 1, 1).max(axis=1, initial=1)
    order = np.argsort(ends, kind="stable")
    groups = [order[first : first + PART] for first in range(0, sources, PART)]
    multiple = lcm(MULTIPLE, stride) if jit_compile else stride
    lengths = [min(longest, -(-int(ends[rows].max()) // multiple) * multiple) for rows in groups]
    if jit_compile:
        lengths[-1] = longest
    encoded = sum(len(rows) * length for rows, length in zip(groups, lengths, strict=True))
    if encoded > WORTH * mask.size:
        return [(np.arange(sources), longest)]
    return list(zip(groups, lengths, strict=True))


def _part(loop: Loop, tensors: dict, rows: np.ndarray) -> dict:
    """Returns the tensors of some sources alone."""

    def of_rows(x):
        return None if x is None else tf.gather(x, rows)

    return {
        "source": {name: of_rows(x) for name, x in tensors["source"].items()},
        "limits": of_rows(tensors["limits"]),
        "seeds": of_rows(tensors["seeds"]),
        "given": [
            {name: of_rows(x) for name, x in arrays.items()} if rule.of_sources else arrays
            for rule, arrays in zip(loop.filters, tensors["given"], strict=True)
        ],
        "numbers": tensors["numbers"],
    }


def _graphs(model: Any, loop: Loop, jit_compile: bool) -> _Graphs:
    def start(cropped, tensors):
        encoded = model.encoder(cropped, training=False)
        return loop.begin(encoded, tensors, min(ROOM, loop.max_length))

    return _Graphs(
        start=traced(start, jit_compile),
        finish=traced(loop.finish, jit_compile),
        select=traced(partial(select, loop), jit_compile),
        stride=facts_of(model).stride,
        along=along_units(model.encoder.input),
    )


def _running(loop: Loop, room: int, jit_compile: bool) -> Any:
    """The loop until its caches have `room` steps, or at most `enough` sources are not done."""

    def run(carry, enough):
        carry = loop.run(carry, room - carry.live.step, enough)
        changed = carry._asdict()
        for constant in ("context", "constants"):  # a graph would copy what it only passes on
            del changed[constant]
        return changed, loop.done_sources(carry), carry.live.step

    return traced(run, jit_compile)


def select(loop: Loop, carry: Carry, rows: Any) -> Carry:
    """Returns a carry of some of the B sources alone, in the order of `rows`, int (n,)."""
    sources = ops.shape(carry.constants["sources"]["limits"])[0]

    def of_rows(x):
        each = ops.shape(x)[0] // sources  # rows of a source: 1, or N for hypotheses
        selected = rows[:, None] * each + ops.arange(each, dtype="int32")
        return ops.take(x, ops.reshape(selected, (-1,)), axis=0)

    return _mapped(loop, of_rows, [carry])


def join(loop: Loop, carries: Sequence[Carry]) -> Carry:
    """Returns one carry of the sources of several carries, which are at the same step.

    Where one has more positions than another, zeros follow the other's: a mask is False there.
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

    first, constants = carries[0], [carry.constants for carry in carries]
    lives = [carry.live for carry in carries]
    return Carry(
        context=mapped(*(carry.context for carry in carries)),
        constants={
            "sources": mapped(*(each["sources"] for each in constants)),
            "filters": [
                mapped(*arrays) if rule.of_sources else arrays[0]
                for rule, *arrays in zip(
                    loop.filters, *(each["filters"] for each in constants), strict=True
                )
            ],
            "search": first.constants["search"],
        },
        live=first.live._replace(
            ids=function(*(live.ids for live in lives)),
            tokens=function(*(live.tokens for live in lives)),
        ),
        state=mapped(*(carry.state for carry in carries)),
        search=mapped(*(carry.search for carry in carries)),
        filters=mapped(*(carry.filters for carry in carries)),
    )
