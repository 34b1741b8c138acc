"""Raws as a pipeline takes them: measured, split where they are too long, and made into inputs.

The operations of source and target are traced once. Run eagerly, each of a tokenizer's hundred
operations would take Python's lock, and threads that serve requests would wait for one another.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import TOO_LONG, Source, Target
from kseq2seq.decoding import compiled
from kseq2seq.decoding.sources import padded

_IDS = tf.TensorSpec([None, None], tf.int32)
_PACKED = tf.TensorSpec([None], tf.string)
_GROUPS = 4  # what a source unpacks at once, this many times


class RawGraphs:
    """A pipeline's source and target, traced once for batches of any size.

    Args:
        model: takes the inputs; see `padded`.
        source: raws -> the model's inputs.
        target: ids -> raws, which the source fills.
        too_long: "cut" makes inputs of at most `source.max_length` units; "error" leaves raws as
            they are.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.pipeline.raws import RawGraphs
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> tokenizer = ByteTokenizer()
        >>> model = build_model("gru", source=tokenizer, target=tokenizer, hidden_dim=8)
        >>> sides = TextSource(tokenizer, 64), TextTarget(tokenizer, 8)
        >>> lengths, empty = RawGraphs(model, *sides).measure(["hi", ""])
        >>> lengths.tolist(), empty.tolist()
        ([3, 1], [False, True])
    """

    def __init__(self, model: Any, source: Source, target: Target, too_long: str = "error"):
        source = copy.copy(source)
        source.too_long = too_long

        def measure(packed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            _, lengths, empty = source.prepare(packed, source.max_length)
            return lengths, empty

        def inputs(raws: Any) -> dict[str, tf.Tensor]:
            return padded(model, source(raws), source.max_length, source.padding)

        self._source = source
        self._measure = tf.function(measure).get_concrete_function(_PACKED)
        self._inputs = tf.function(inputs).get_concrete_function(source.raw)

        def read(ids: Any, raws: Any) -> tf.Tensor:
            return source.fill(target.read(ids), raws)

        self._fills = source.fills  # else raws, which may be large, need not be given
        raws = source.raw if self._fills else ()
        self._read = tf.function(read).get_concrete_function(_IDS, raws)

    def measure(self, raws: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Returns int32 (N,), the length of each source in units, and bool (N,), the empty ones."""
        lengths, empty = [np.zeros(0, "int32")], [np.zeros(0, bool)]
        together = _GROUPS * self._source.together
        for first in range(0, len(raws), together):
            packed = [self._source.pack(raw) for raw in raws[first : first + together]]
            of_group, nothing = self._measure(tf.constant(packed))
            lengths.append(of_group.numpy())
            empty.append(nothing.numpy())
        return np.concatenate(lengths), np.concatenate(empty)

    def inputs(self, raws: Sequence[Any]) -> dict[str, tf.Tensor]:
        """Returns the model's inputs; see `Source` and `padded`."""
        if self._source.too_long == "cut":
            raws = [self._source.clipped(raw) for raw in raws]
        return self._inputs(self._source.batch(raws))

    def read(self, ids: Any, raws: Sequence[Any]) -> list[str]:
        """Returns the texts of int32 ids (B * N, T) of B raws; see `Target.read`."""
        texts = self._read(tf.cast(ids, tf.int32), self._source.batch(raws) if self._fills else ())
        return [text.decode() for text in texts.numpy()]


def raw_graphs(pipeline: Any, too_long: str = "error") -> RawGraphs:
    """Returns the graphs of a pipeline's source and target, made once for each pipeline."""
    parts = pipeline.model, pipeline.source, pipeline.target
    cut = "cut" if too_long == "cut" else "error"
    return compiled(pipeline, ("raws", *parts, cut), lambda: RawGraphs(*parts, cut))


class Parts(NamedTuple):
    """The parts of N raws: several of each raw that was split, one of each other, the raw itself.

    Attributes:
        raws: the P parts of all raws, in their order.
        counts: how many parts each of the N raws has.
        lengths: int (P,), their lengths in units.
        empty: bool (P,), whether each holds nothing.
    """

    raws: list[Any]
    counts: list[int]
    lengths: np.ndarray
    empty: np.ndarray

    def seeds(self, seeds: Sequence[int]) -> list[int]:
        """Returns a seed for each part, from one for each raw."""
        return [
            (seed + 65_537 * part) % (2**31 - 1)
            for seed, count in zip(seeds, self.counts, strict=True)
            for part in range(count)
        ]

    def begins(self, seconds: float) -> list[float]:
        """Returns when each part begins in its raw, for units that last so many seconds."""
        ends = np.split(self.lengths, np.cumsum(self.counts)[:-1]) if self.counts else []
        return [seconds * float(n) for of in ends for n in np.cumsum(of) - of]


def fitting_parts(graphs: RawGraphs, source: Source, raws: list[Any], too_long: str) -> Parts:
    """Returns the parts of raws to decode, none of which is too long.

    Args:
        graphs: measure raws.
        source: has the limit, and splits raws.
        raws: N raws.
        too_long: "error", "split" or "cut".

    Raises:
        ValueError: a raw, or a part of it, is too long.
    """
    longest, counts = source.max_length, [1] * len(raws)
    lengths, empty = graphs.measure(raws)
    parts = raws
    if too_long == "split" and (lengths > longest).any():
        split = [
            source.split(raw) or [raw] if length > longest else [raw]
            for raw, length in zip(raws, lengths.tolist(), strict=True)
        ]
        counts, parts = [*map(len, split)], [part for several in split for part in several]
        lengths, empty = graphs.measure(parts)
    elif too_long == "cut" and (cut := int((lengths > longest).sum())):
        warnings.warn(
            f"{cut} of {len(raws)} sources are longer than {source.counted(longest)}, "
            "and were cut to that length.",
            stacklevel=4,  # the caller of a method of `Pipeline`
        )
        lengths = np.minimum(lengths, longest)
    for part in np.flatnonzero(lengths > longest).tolist():
        index = int(np.repeat(np.arange(len(raws)), counts)[part])
        raise ValueError(
            f"{source.noun} {index} has {'a part of ' * (too_long == 'split')}"
            f"{source.counted(int(lengths[part]))}, and the limit is {longest}; "
            f"{_hint(source, too_long)}."
        )
    return Parts(parts, counts, lengths, empty)


def chosen_too_long(source: Source, too_long: str | None) -> str:
    """Returns "error", "split" or "cut": the value of a call, or the source's own if it is None.

    Raises:
        ValueError: it is none of these.
    """
    choice = source.too_long if too_long is None else too_long
    if choice not in TOO_LONG:
        raise ValueError(f"`too_long` must be 'error', 'split' or 'cut'; got {choice!r}.")
    return choice


def _hint(source: Source, too_long: str) -> str:
    if too_long == "split":
        return "put an end of a sentence inside it, or split it yourself"
    return f"shorten it, or pass too_long={'split' if source.splits else 'cut'!r}"
