"""Batches for training and evaluation: a budget of units or examples, in a few static shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.contracts import Source, Target
from kseq2seq.data.buckets import Bucket, first_bucket
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.epochs import endless_epochs
from kseq2seq.data.measured import Fits, fingerprint, measure
from kseq2seq.data.survey import Survey, counted
from kseq2seq.text.sequences import Tokens, as_source, as_target

TOKENS = 3072


def train_batches(
    corpus: Corpus,
    source: Source | Tokens,
    target: Target | Tokens,
    *,
    buckets: list[Bucket],
    seed: int,
    tokens_per_batch: int | None = None,
    batch_size: int | None = None,
    shuffle_buffer: int = 100_000,
    sample: bool = False,
    fits: Fits | None = None,
) -> tf.data.Dataset:
    """Streams a corpus for training: shuffled anew each epoch, without end, in full batches.

    Empty and too long pairs are left out; a `survey` counts them. Sources that would be split when
    a model generates are too long here; those that would be cut are cut. A batch of the bucket
    (S, T) has `tokens_per_batch // max(S, T)` rows, at least one, or `batch_size`, so there are as
    many shapes as buckets. The source is called with `training=True`, once for each batch.

    Args:
        corpus: the pairs.
        source: turns raw sources into inputs.
        target: turns target text into ids.
        buckets: the lengths to pad to, from `fit_buckets`.
        seed: makes the order of the batches repeatable.
        tokens_per_batch: units of the longer side of a batch, padding included; 3,072 by default.
        batch_size: examples of a batch, in place of `tokens_per_batch`.
        shuffle_buffer: the most pairs held in memory to shuffle among; fewer where they would take
            more than 256 MiB. A larger corpus is shuffled in blocks, so if it is sorted by topic,
            shuffle it before writing it.
        sample: draw a new segmentation of each text every time, if the tokenizer can; one that is
            longer than allowed is replaced by the usual one. The seed does not cover these draws,
            but those of `Source.draw`.
        fits: which pairs a model can learn, as in `survey`; others are left out.

    Returns:
        An infinite dataset of `(inputs, labels (B, T) int32)`. The inputs are those of the source,
        for text {"source": (B, S) int32, "source_mask": (B, S) bool}, and for a target that is
        closed by `end` "target" (B, T) int32: `start` and the labels but the last.

    Raises:
        ValueError: for an invalid budget or buckets, a source that can't unpack the corpus, or if
            every pair is left out.
        tf.errors.InvalidArgumentError: while reading, if a pair that is not too long fits no
            bucket.

    Example:
        >>> from kseq2seq.data import pairs_from
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> corpus = Corpus.write(pairs_from([("ab", "A"), ("c", "BC")]))
        >>> batches = train_batches(
        ...     corpus, source, target, buckets=[(3, 4)], seed=0, tokens_per_batch=8
        ... )
        >>> inputs, labels = next(iter(batches))
        >>> sorted(labels.numpy().tolist())
        [[69, 2, 0, 0], [70, 71, 2, 0]]
        >>> sorted(inputs["target"].numpy().tolist())
        [[1, 69, 0, 0], [1, 70, 71, 0]]
    """
    budget = Budget(tokens_per_batch, batch_size)
    batched = _Batched(as_source(source), as_target(target), buckets, budget, training=True)
    corpus.check_packed_for(batched.source)

    def rows_of(records, own):
        return batched.rows(records, sample, fits, own)

    settings = np.asarray(buckets).tolist(), budget, sample, fits is not None
    identity = fingerprint(corpus, batched.source, batched.target, *settings, fits=fits)
    rows = endless_epochs(corpus, rows_of, seed=seed, buffer=shuffle_buffer, identity=identity)
    return batched.batches(rows)


def eval_batches(
    corpus: Corpus,
    source: Source | Tokens,
    target: Target | Tokens,
    *,
    buckets: list[Bucket],
    tokens_per_batch: int | None = None,
    batch_size: int | None = None,
    survey: Survey | None = None,
    fits: Fits | None = None,
) -> tf.data.Dataset:
    """Streams a corpus once for evaluation, in the same few shapes as for training.

    The last batch of each bucket is filled up with rows whose labels are all padding (and whose
    source, for text, is one `end`), so metrics that ignore padding stay exact. Keras' own
    `val_loss` weighs batches by their rows, filler included: watch `val_perplexity` instead.

    Args:
        corpus: the pairs.
        source: turns raw sources into inputs.
        target: turns target text into ids.
        buckets: the lengths to pad to, from `fit_buckets` of this corpus's own survey.
        tokens_per_batch: units of the longer side of a batch, padding included; 3,072 by default.
        batch_size: examples of a batch, in place of `tokens_per_batch`.
        survey: a survey of this corpus. Without it, the corpus is read once more to count its
            batches, unless its last survey was of the same source, target and `fits`.
        fits: which pairs a model can learn, as in `survey`; others are left out.

    Returns:
        A finite dataset of elements as in `train_batches`; its order is always the same, and its
        `cardinality()` the number of batches.

    Raises:
        ValueError: for an invalid budget or buckets, a source that can't unpack the corpus, or a
            survey of another corpus.
        tf.errors.InvalidArgumentError: while reading, if a pair that is not too long fits no
            bucket.

    Example:
        >>> from kseq2seq.data import pairs_from
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> corpus = Corpus.write(pairs_from([("ab", "A")]))
        >>> batches = eval_batches(corpus, source, target, buckets=[(3, 4)], tokens_per_batch=8)
        >>> ((inputs, labels),) = batches
        >>> inputs["source"].numpy().tolist(), labels.numpy().tolist()
        ([[101, 102, 2], [2, 0, 0]], [[69, 2, 0, 0], [0, 0, 0, 0]])
    """
    budget = Budget(tokens_per_batch, batch_size)
    batched = _Batched(as_source(source), as_target(target), buckets, budget, training=False)
    corpus.check_packed_for(batched.source)
    if survey is None:
        survey = counted(corpus, source, target, fits)
    elif survey.total != len(corpus):
        raise ValueError(
            f"`survey` must be of this corpus of {len(corpus):,} pairs; got one of "
            f"{survey.total:,}."
        )
    batches = batched.batches(batched.rows(corpus.records(), sample=False, fits=fits))
    which = first_bucket(survey.occurring.sizes, buckets)
    held = np.bincount(which, survey.occurring.counts, len(buckets) + 1).astype(int).tolist()
    if held.pop():  # a pair that fits no bucket, which reading reports
        return batches
    count = sum(-(-pairs // size) for pairs, size in zip(held, batched.sizes, strict=True))
    return batches.apply(tf.data.experimental.assert_cardinality(count))


class _Batched:
    """Turns pairs into rows, and rows into batches of a few shapes."""

    def __init__(
        self,
        source: Source,
        target: Target,
        buckets: list[Bucket],
        budget: Budget,
        training: bool,
    ):
        _check(buckets, source.least, 2 if target.closes else 1)
        self.source = source
        self.target = target
        self.buckets = buckets
        self.sizes = [budget.rows(bucket) for bucket in buckets]
        self.training = training

    def rows(
        self, records: tf.data.Dataset, sample: bool, fits: Fits | None, seed: Any = None
    ) -> tf.data.Dataset:
        """Turns records into (bucket, row of the source, ids of the target), of each kept pair."""
        room = self.buckets[-1]

        def look(records, drawn=None):
            # Of the K kept pairs of a group, lengths (K, 2) against B buckets (B, 2): the first
            # that holds both sides of a pair is its bucket (K,).
            sides = self.source, self.target
            measured = measure(records, *sides, room=room, sample=sample, fits=fits, seed=drawn)
            rows, ids, lengths, _ = measured.kept()
            holds = tf.reduce_all(lengths[:, None] <= tf.constant(self.buckets), axis=-1)
            tf.debugging.Assert(
                tf.reduce_all(tf.reduce_any(holds, axis=1)),
                [
                    f"a pair fits no bucket of {self.buckets}: fit_buckets() to a survey of this "
                    "very corpus"
                ],
            )
            return tf.argmax(tf.cast(holds, tf.int32), axis=1), rows, ids

        groups = records.batch(self.source.together)
        if seed is not None and self.source.draws:  # else iterators saved earlier stay valid
            groups = groups.enumerate().map(lambda n, records: (records, tf.stack([seed, n])))
        return groups.map(look, num_parallel_calls=tf.data.AUTOTUNE).unbatch()

    def batches(self, rows: tf.data.Dataset) -> tf.data.Dataset:
        """Gathers rows by bucket, pads them to its lengths, and fills up the last batch of each."""
        sizes, buckets = tf.constant(self.sizes, tf.int64), tf.constant(self.buckets)

        def batch(bucket, window):
            size, lengths = sizes[bucket], tf.unstack(buckets[bucket])

            def assemble(_, rows, ids):
                return self._assembled(rows, ids, tf.cast(size, tf.int32), *lengths)

            return window.batch(size).map(assemble)

        grouped = rows.group_by_window(
            key_func=lambda bucket, *_: bucket,
            reduce_func=batch,
            window_size_func=lambda bucket: sizes[bucket],
        )
        return grouped.prefetch(tf.data.AUTOTUNE)

    def _assembled(
        self, rows: Any, ids: tf.RaggedTensor, count: tf.Tensor, units: tf.Tensor, length: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        inputs = self.source.assemble(rows, count, units, self.training)
        padding = self.target.special.padding
        shape = tf.cast(tf.stack([-1, length]), tf.int64)
        labels = ids.to_tensor(padding, shape=shape)
        missing = count - tf.shape(labels)[0]
        labels = tf.pad(labels, [[0, missing], [0, 0]], constant_values=padding)
        if self.target.closes:
            inputs = {**inputs, "target": self.target.inputs(labels)}
        return inputs, labels


def _check(buckets: list[Bucket], *least: int) -> None:
    pairs = all(isinstance(sides, list | tuple) and len(sides) == 2 for sides in buckets)
    sides = list(zip(*buckets, strict=True)) if pairs else []
    if not sides or any(
        list(side) != sorted(side) or side[0] < lowest
        for side, lowest in zip(sides, least, strict=True)
    ):
        lengths = str(least[0]) if least[0] == least[1] else f"{least[0]} and {least[1]}"
        raise ValueError(
            f"`buckets` must be (source, target) lengths of at least {lengths} from short to long, "
            f"neither side ever shrinking; got {buckets}. Pass those of fit_buckets()."
        )


class Budget:
    """The size of a batch: a number of units, padding included, or a number of examples.

    Args:
        tokens_per_batch: units of the longer side of a batch; 3,072 if neither is given.
        batch_size: examples of a batch, whatever their lengths.

    Raises:
        ValueError: both are given, or one is no whole number of at least 1.

    Example:
        >>> Budget(tokens_per_batch=8).rows((3, 4)), Budget(batch_size=5).rows((3, 4))
        (2, 5)
    """

    def __init__(self, tokens_per_batch: int | None = None, batch_size: int | None = None):
        if tokens_per_batch is not None and batch_size is not None:
            raise ValueError(
                f"Give `tokens_per_batch` or `batch_size`, not both; got {tokens_per_batch!r} and "
                f"{batch_size!r}."
            )
        if tokens_per_batch is None and batch_size is None:
            tokens_per_batch = TOKENS
        for name, value in (("tokens_per_batch", tokens_per_batch), ("batch_size", batch_size)):
            if isinstance(value, int) and value < 1:
                raise ValueError(f"`{name}` must be at least 1; got {value}.")
            if value is not None:
                check_whole(name, value)
        self.tokens_per_batch = tokens_per_batch
        self.batch_size = batch_size

    def rows(self, lengths: Sequence[int]) -> int:
        """Returns the rows of a batch whose sides have these lengths, at least one."""
        if self.batch_size is not None:
            return self.batch_size
        assert self.tokens_per_batch is not None
        return max(1, self.tokens_per_batch // max(lengths))

    def __repr__(self) -> str:
        return f"{self.tokens_per_batch} {self.batch_size}"
