"""Pairs measured in units of their source and ids of their target, and which of them are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from kseq2seq.contracts import Source, Target
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.records import parse_pairs
from kseq2seq.disk.files import sha256

Fits = Callable[[tf.Tensor, tf.RaggedTensor], tf.Tensor]
_LOOKED_AT = 64  # pairs that a fingerprint looks at together


class Measured(NamedTuple):
    """Pairs as rows of batches carry them, and what becomes of each.

    Args:
        rows: the rows of N sources, from `Source.prepare`.
        ids: int32 (N, None), of the targets.
        lengths: int32 (N, 2), units of each source, as it is after cutting, and ids of each target.
        empty: bool (N,), a side holds nothing.
        too_long: bool (N,), a side is longer than a model takes, and neither empty nor cut.
        unfit: bool (N,), neither empty nor too long, but a model can't learn it.
        cut: bool (N,), kept, and its source is cut.
    """

    rows: Any
    ids: tf.RaggedTensor
    lengths: tf.Tensor
    empty: tf.Tensor
    too_long: tf.Tensor
    unfit: tf.Tensor
    cut: tf.Tensor

    def kept(self) -> tuple[Any, tf.RaggedTensor, tf.Tensor, tf.Tensor]:
        """Returns rows, ids and lengths of the K pairs that are kept, and which these are (K,)."""
        which = tf.where(~(self.empty | self.too_long | self.unfit))[:, 0]
        rows, ids, lengths = tf.nest.map_structure(
            lambda part: tf.gather(part, which), (self.rows, self.ids, self.lengths)
        )
        return rows, ids, lengths, which


def measure(
    records: tf.Tensor,
    source: Source,
    target: Target,
    *,
    room: tuple[int, int] | None = None,
    sample: bool = False,
    fits: Fits | None = None,
) -> Measured:
    """Returns pairs with their lengths, each side of each looked at once; in graph.

    Args:
        records: strings (N,), from `Corpus.records`.
        source: the source that packed them.
        target: makes the ids.
        room: the most units of a source and ids of a target that there is room for; by default
            those that a model takes.
        sample: draw segmentations, where they fit in the room.
        fits: (units of sources (N,), ids of targets (N, None)) -> bool (N,), which pairs a model
            can learn.

    Example:
        >>> from kseq2seq.data import Corpus, pairs_from
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> corpus = Corpus.write(pairs_from([("ab", "A"), ("much too long", "B")]))
        >>> (records,) = corpus.records().batch(2)
        >>> rows, ids, lengths, which = measure(records, source, target).kept()
        >>> rows.to_list(), ids.to_list(), lengths.numpy().tolist(), which.numpy().tolist()
        ([[101, 102, 2]], [[69, 2]], [[3, 2]], [0])
    """
    room = room or (source.max_length, target.max_length)
    # 1. Prepare both sides: the lengths (N,) of each, and which sources hold nothing.
    packed, texts = parse_pairs(records)
    rows, units, silent = source.prepare(packed, room[0], sample)
    ids = target.prepare(texts, room[1], sample)
    tokens = tf.cast(ids.row_lengths(), tf.int32)

    # 2. Each pair has one fate, in this order: empty, too long, unfit, or kept, perhaps cut.
    empty = silent | target.empty(tokens)
    long = units > source.max_length
    cut = tf.zeros_like(long)
    if source.too_long == "cut":
        cut, long = long, cut
        units = tf.minimum(units, source.max_length)
    too_long = (long | (tokens > target.max_length)) & ~empty
    well = ~(empty | too_long)
    unfit = well & ~tf.cast(fits(units, ids), tf.bool) if fits else tf.zeros_like(well)
    lengths = tf.stack([units, tokens], axis=1)
    return Measured(rows, ids, lengths, empty, too_long, unfit, cut & well & ~unfit)


def fingerprint(
    corpus: Corpus, source: Source, target: Target, *settings: object, fits: Fits | None = None
) -> str:
    """Returns a hash of a corpus, of the ids of its first kept pairs, and of settings.

    Args:
        corpus: the pairs.
        source: the source that packed them.
        target: makes the ids.
        settings: values whose `repr` is the same in another process.
        fits: see `measure`.

    Raises:
        ValueError: if every pair is left out: there would never be a batch.
    """
    for records in corpus.records().batch(_LOOKED_AT):
        rows, ids, lengths, which = measure(records, source, target, fits=fits).kept()
        if len(which):
            seen = [_listed(part) for part in (*_numbers(source, rows), ids, lengths)]
            limits = source.max_length, source.too_long, target.max_length
            sides = _described(source), _described(target)
            facts = sha256(corpus.path), *sides, limits, seen, settings
            return hashlib.sha256(repr(facts).encode()).hexdigest()
    reasons = f"more than {source.max_length} source or {target.max_length} target {target.unit}"
    if source.unit != target.unit:
        reasons = (
            f"more than {source.max_length} {source.unit} or {target.max_length} {target.unit}"
        )
    learn = ", or can't be learned by the model" if fits else ""
    raise ValueError(
        f"None of the {len(corpus):,} pairs can be trained on: each has a side without a token, or "
        f"{reasons}{learn}. survey() counts them. Raise `max_length` of the source and the target, "
        "or pass other pairs."
    )


def _numbers(source: Source, rows: Any) -> list[Any]:
    """The whole numbers of rows; of packed rows those of a model's inputs, if these are ids.

    Features are left out: another machine may round them otherwise.
    """
    parts = tf.nest.flatten(rows)
    _, dtype = source.spec.get("source", ((), "float32"))
    if parts[0].dtype == tf.string and tf.as_dtype(dtype).is_integer:
        parts = tf.nest.flatten(source(source.unpack(rows)))
    return [part for part in parts if part.dtype.is_integer]


def _listed(part: Any) -> list[Any]:
    return part.to_list() if isinstance(part, tf.RaggedTensor) else part.numpy().tolist()


def _described(side: Source | Target) -> object:
    """The configuration of a side, or the name of its class where it has none."""
    try:
        return sorted(side.config().items())
    except NotImplementedError:
        return type(side).__name__
