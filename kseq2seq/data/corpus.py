"""A corpus as a file of records, which tf.data streams at any size without running Python."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from functools import cached_property
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import tensorflow as tf

from kseq2seq.contracts import Source
from kseq2seq.data.pairs import Example, Packed, Pair, kind_of
from kseq2seq.data.records import PARSED_TOGETHER, pair_dataset, parse_times, parsed, write_pairs

_COUNTED_TOGETHER = 4096
_READ_AHEAD = 2**18  # bytes


class Corpus:
    """A corpus written to disk once, to be streamed as often as needed.

    Iterating over it gives the pairs back: a `Pair` where the source is a text and there are no
    references, else an `Example`. Its source is the raw that `source.restore` makes of the bytes on
    disk; without `source` it is these bytes, which `Source.unpack` takes.

    Args:
        path: a file that `write_pairs` wrote.
        count: how many pairs it holds.
        source: the source that packed them, if they are not texts.

    Attributes:
        problems: a line for each example that was left out when it was written.
        weighted: whether an epoch of training holds some pairs more or less than once; see `mixed`.
            The file has the weights.
        epoch_length: the pairs of an epoch of training: exactly, or, where some are drawn, an upper
            bound that holds with near certainty.

    Example:
        >>> with Corpus.write([Pair("hello", "안녕", "hello")]) as corpus:
        ...     print(len(corpus), list(corpus))
        1 [Pair(source='hello', target='안녕', key='hello')]
    """

    def __init__(self, path: Path, count: int, source: Source | None = None):
        self.path = path
        self.count = count
        self.source = source
        self.problems: list[str] = []
        self.counted: Any = None  # (the arguments of the last survey, the survey)
        self.warned_of_cuts = False
        self._stamp: tuple[int, int] | None = None
        self._remove: weakref.finalize | None = None

    @classmethod
    def write(
        cls,
        pairs: Iterable[Pair | Example | Packed],
        folder: str | Path | None = None,
        source: Source | None = None,
        errors: str = "raise",
    ) -> Corpus:
        """Streams pairs into `pairs.tfrecord`.

        Args:
            pairs: the pairs, consumed one at a time.
            folder: where the file goes and stays. By default a temporary folder, removed when the
                corpus is closed or when neither it nor a dataset made from it is in use any more.
            source: reads and packs each source, once; without one they are texts.
            errors: "raise" stops at the first example that can't be read; "skip" leaves such
                examples out and at the end warns of their number and the first few. All are in
                `problems`.

        Returns:
            The corpus.

        Raises:
            TypeError: for anything but pairs.
            ValueError: if there is no pair, or one can't be read; the message has its number, from
                0, and names the file.
            FileNotFoundError: if the file of a source is missing.
        """
        home = Path(tempfile.mkdtemp(prefix="kseq2seq-") if folder is None else folder)
        home.mkdir(parents=True, exist_ok=True)
        corpus = cls(home / "pairs.tfrecord", 0, source)
        if folder is None:
            corpus._remove = weakref.finalize(corpus, shutil.rmtree, home, ignore_errors=True)
        try:
            corpus.count = write_pairs(pairs, corpus.path, source, errors, corpus.problems)
            corpus.check_unchanged()
        except BaseException:
            corpus.close()
            raise
        return corpus

    def dataset(self) -> tf.data.Dataset:
        """Streams the corpus as a dataset of (source, target) scalar strings, in file order."""
        self.check_unchanged()
        return self._kept_by(pair_dataset(self.path))

    def records(self) -> tf.data.Dataset:
        """Streams the corpus as a dataset of scalar strings for `parse_pairs`, in file order.

        A shuffle buffer holds records in half the memory of pairs, and parsing many at once is
        faster than unbatching pairs and batching them again. A saved iterator holds its position in
        the file but not the file's path, unlike one of `tf.data.TFRecordDataset`: the same pairs in
        another folder are the same data.

        Raises:
            ValueError: if the file is gone or was changed.
        """
        self.check_unchanged()
        variant = tf.raw_ops.TFRecordDataset(
            filenames=str(self.path), compression_type="", buffer_size=_READ_AHEAD
        )
        records = tf.data.experimental.from_variant(variant, tf.TensorSpec([], tf.string))
        return self._kept_by(records)

    def epoch(self, seed: tf.Tensor) -> tf.data.Dataset:
        """Streams the records of one epoch of training, in file order; in graph.

        Of a weighted corpus a record that counts t times comes floor(t) times, and once more with
        the probability t - floor(t).

        Args:
            seed: int64, of the epoch.
        """
        if not self.weighted:
            return self.records()

        def repeated(number: tf.Tensor, records: tf.Tensor) -> tf.Tensor:
            times = parse_times(records)
            whole = tf.floor(times)
            drawn = tf.random.stateless_uniform(tf.shape(times), tf.stack([number, seed]))
            once_more = tf.cast(drawn < times - whole, tf.int32)
            return tf.repeat(records, tf.cast(whole, tf.int32) + once_more)

        groups = self.records().batch(PARSED_TOGETHER).enumerate()
        return self._kept_by(groups.map(repeated).unbatch())

    @property
    def weighted(self) -> bool:
        """See the class."""
        return self._weights[0] > 0

    @property
    def epoch_length(self) -> int:
        """See the class."""
        if not self.weighted:
            return self.count
        return ceil(self.count + self._weights[1] + 3 * sqrt(self.count))  # six deviations at least

    @cached_property
    def _weights(self) -> tuple[int, float]:
        """How many pairs do not count once, and how many more than once all count together."""

        def added(before: Any, records: tf.Tensor) -> Any:
            more = tf.cast(parse_times(records), tf.float64) - 1
            return before[0] + tf.math.count_nonzero(more), before[1] + tf.reduce_sum(more)

        groups = self.records().batch(_COUNTED_TOGETHER)
        zero = tf.constant(0, tf.int64), tf.constant(0.0, tf.float64)
        number, extra = groups.reduce(zero, added)
        return int(number), float(extra)

    def _kept_by(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        dataset.corpus = self  # datasets keep their inputs, so the file outlives all that read it
        return dataset

    def check_unchanged(self) -> None:
        """Refuses a file that is gone, or that was changed since this corpus was made.

        Raises:
            ValueError: naming the file.
        """
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            raise ValueError(
                f"{self.path}: the file of this corpus is gone. Was the corpus closed? Write it "
                "again."
            ) from None
        stamp = status.st_size, status.st_mtime_ns
        if self._stamp not in (None, stamp):
            raise ValueError(
                f"{self.path}: the file of this corpus was changed since it was written. Use the "
                "corpus that `Corpus.write` returned last, or another folder for each."
            )
        self._stamp = stamp

    @property
    def kind(self) -> str:
        """The kind of the source that packed the sources, as the file has it; "" for texts."""
        first = next(self.packed(), None)
        return "" if first is None else first.kind

    def check_packed_for(self, source: Source) -> None:
        """Refuses a source that can't unpack what this corpus holds.

        Raises:
            ValueError: another kind of source packed it, or none did.
        """
        kind = self.kind
        if not (kind in _kinds(source) if kind else _packs_texts(source)):
            raise ValueError(
                f"{self.path} holds {f'sources packed by {kind!r}' if kind else 'texts'}, which a "
                f"{kind_of(source)!r} source can't unpack. Write the corpus with "
                "`Corpus.write(examples, source=source)`."
            )

    def close(self) -> None:
        """Removes the temporary folder; a corpus in a folder of your own stays where it is."""
        if self._remove:
            self._remove()

    def __len__(self) -> int:
        return self.count

    def packed(self) -> Iterator[Packed]:
        """Yields the examples as they lie on disk, in file order."""
        self.check_unchanged()
        for record in tf.data.TFRecordDataset(str(self.path)).as_numpy_iterator():
            yield parsed(record)

    def __iter__(self) -> Iterator[Pair | Example]:
        for content, target, key, references, kind, _ in self.packed():
            source: Any = content
            if not kind:
                source = content.decode()
            elif self.source is not None:
                source = self.source.restore(content)
            if references or kind:
                yield Example(source, target, key, references)
            else:
                yield Pair(source, target, key)

    def __enter__(self) -> Corpus:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _kinds(source: Source) -> set[str]:
    """The names in files of a source's class and its base classes."""
    return {vars(cls).get("kind", cls.__name__) for cls in type(source).__mro__}


def _packs_texts(source: Source) -> bool:
    """Whether the raws of a source are texts, which corpora hold as they are."""
    raw = getattr(source, "raw", None)
    if not isinstance(raw, tf.TensorSpec) or raw.dtype != tf.string:
        return False
    try:
        return source.pack("a") == b"a"
    except TypeError:  # strings of another kind, for example encoded pictures
        return False
