"""Carries of some sources out of one, and one out of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops, tree

from kseq2seq.decoding.loop import Carry, Loop


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
