"""A corpus as a file of records, which tf.data streams without Python and at any size."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

import tensorflow as tf

from kseq2seq.data.fetch import replacing
from kseq2seq.data.pairs import SURROGATE, Pair

_TEXT = tf.io.FixedLenFeature([], tf.string)
_PARSED_TOGETHER = 256
_READ_AHEAD = 2**18  # bytes


def write_pairs(pairs: Iterable[Pair], path: str | Path) -> int:
    """Stream pairs into a TFRecord file, one `tf.train.Example` of three byte strings each.

    The text stays raw, so that a tokenizer may cut it differently in each epoch. The file appears
    under its name only when it is complete.

    Args:
        pairs: the pairs, consumed one at a time.
        path: the file to write, or to replace.

    Returns:
        The number of pairs written.

    Raises:
        TypeError: for anything but pairs, with the number of the first.
        ValueError: if there is no pair.

    Example:
        >>> path = Path(tempfile.mkdtemp(), "pairs.tfrecord")
        >>> write_pairs([Pair("hello", "안녕", "hello")], path)
        1
    """
    count = 0
    with replacing(Path(path)) as partial:
        with tf.io.TFRecordWriter(str(partial)) as writer:
            for count, pair in enumerate(_checked(pairs), start=1):  # noqa: B007
                writer.write(_serialised(pair))
        if not count:
            raise ValueError("no pairs to write: the iterable is empty (or was consumed already)")
    return count


def pair_dataset(path: str | Path) -> tf.data.Dataset:
    """Stream the pairs of a TFRecord file as a dataset, in file order.

    Args:
        path: a file that `write_pairs` wrote.

    Returns:
        A dataset of (source, target), each a scalar string.

    Example:
        >>> path = Path(tempfile.mkdtemp(), "pairs.tfrecord")
        >>> _ = write_pairs([Pair("hello", "안녕", "hello")], path)
        >>> [(s.decode(), t.decode()) for s, t in pair_dataset(path).as_numpy_iterator()]
        [('hello', '안녕')]
    """
    records = tf.data.TFRecordDataset(str(path))
    return records.batch(_PARSED_TOGETHER).map(parse_pairs).unbatch()


def parse_pairs(records: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Turns records (N,) that `write_pairs` wrote into sources and targets, strings (N,)."""
    parsed = tf.io.parse_example(records, {"source": _TEXT, "target": _TEXT})
    return parsed["source"], parsed["target"]


class Corpus:
    """A corpus written to disk once, to be streamed as often as needed.

    Args:
        path: a file that `write_pairs` wrote.
        count: how many pairs it holds.

    Example:
        >>> with Corpus.write([Pair("hello", "안녕", "hello")]) as corpus:
        ...     print(len(corpus), list(corpus))
        1 [Pair(source='hello', target='안녕', key='hello')]
    """

    def __init__(self, path: Path, count: int):
        self.path = path
        self.count = count
        self._stamp: tuple[int, int] | None = None
        self._remove: weakref.finalize | None = None

    @classmethod
    def write(cls, pairs: Iterable[Pair], folder: str | Path | None = None) -> Corpus:
        """Stream pairs into `pairs.tfrecord`.

        Args:
            pairs: the pairs, consumed one at a time.
            folder: where the file goes and stays. By default a temporary folder, removed when the
                corpus is closed or when neither it nor a dataset made from it is in use any more.

        Returns:
            The corpus.

        Raises:
            TypeError: for anything but pairs.
            ValueError: if there is no pair.
        """
        home = Path(tempfile.mkdtemp(prefix="kseq2seq-") if folder is None else folder)
        home.mkdir(parents=True, exist_ok=True)
        corpus = cls(home / "pairs.tfrecord", 0)
        if folder is None:
            corpus._remove = weakref.finalize(corpus, shutil.rmtree, home, ignore_errors=True)
        try:
            corpus.count = write_pairs(pairs, corpus.path)
            corpus.check_unchanged()
        except BaseException:
            corpus.close()
            raise
        return corpus

    def dataset(self) -> tf.data.Dataset:
        """Stream the corpus as a dataset of (source, target) scalar strings, in file order."""
        self.check_unchanged()
        return self._kept_by(pair_dataset(self.path))

    def records(self) -> tf.data.Dataset:
        """Stream the corpus as a dataset of scalar strings for `parse_pairs`, in file order.

        A buffer to shuffle holds records in half the memory that pairs take, and it is quicker to
        parse many at once than to take many apart and put them together again. An iterator that is
        saved holds a place in the file and not its path, as one of `tf.data.TFRecordDataset` does:
        the same pairs in another folder are the same data.

        Raises:
            ValueError: if the file is gone, or another than it was.
        """
        self.check_unchanged()
        variant = tf.raw_ops.TFRecordDataset(
            filenames=str(self.path), compression_type="", buffer_size=_READ_AHEAD
        )
        records = tf.data.experimental.from_variant(variant, tf.TensorSpec([], tf.string))
        return self._kept_by(records)

    def _kept_by(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        dataset.corpus = self  # Datasets keep their inputs, so the file outlives whatever reads it.
        return dataset

    def check_unchanged(self) -> None:
        """Refuses a file that is gone, or that was written to since it was first looked at.

        Raises:
            ValueError: naming the file.
        """
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            raise ValueError(
                f"{self.path}: the file of this corpus is gone; was the corpus closed? Write it "
                "again."
            ) from None
        stamp = found.st_size, found.st_mtime_ns
        if self._stamp not in (None, stamp):
            raise ValueError(
                f"{self.path}: the file of this corpus changed since it was written: it is another "
                "corpus now. Use the one that `Corpus.write` returned last, or another folder for "
                "each."
            )
        self._stamp = stamp

    def close(self) -> None:
        """Remove the temporary folder; a corpus in a folder of the caller's stays where it is."""
        if self._remove:
            self._remove()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Pair]:
        self.check_unchanged()
        for record in tf.data.TFRecordDataset(str(self.path)).as_numpy_iterator():
            feature = tf.train.Example.FromString(record).features.feature
            yield Pair(*(feature[name].bytes_list.value[0].decode() for name in Pair._fields))

    def __enter__(self) -> Corpus:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _checked(pairs: Iterable[Pair]) -> Iterator[Pair]:
    hint = "`pairs_from` makes pairs of tuples, `read_pairs` of a file."
    if isinstance(pairs, str | bytes) or not isinstance(pairs, Iterable):
        kind = type(pairs).__name__
        raise TypeError(f"`pairs` must be pairs; got {kind} {pairs!r:.80}. {hint}")
    for number, pair in enumerate(pairs):
        if not isinstance(pair, Pair):
            raise TypeError(
                f"`pairs` must hold pairs only; number {number} is {type(pair).__name__} "
                f"{pair!r:.80}. {hint}"
            )
        if not all(isinstance(text, str) for text in pair):
            raise TypeError(f"The fields of a pair must be strings; pair {number} is {pair!r:.200}")
        if SURROGATE.search("".join(pair)):
            raise ValueError(
                f"pair {number}: half of a surrogate pair, which no text can hold, in {pair!r:.200}"
            )
        yield pair


def _serialised(pair: Pair) -> bytes:
    example = tf.train.Example()
    for name, text in pair._asdict().items():
        example.features.feature[name].bytes_list.value.append(text.encode())
    return example.SerializeToString(deterministic=True)
