"""A corpus as a file of records, which tf.data streams without Python and at any size."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

import tensorflow as tf

from kseq2seq.data.fetch import replacing
from kseq2seq.data.pairs import Pair

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
        ValueError: if there is no pair.

    Example:
        >>> path = Path(tempfile.mkdtemp(), "pairs.tfrecord")
        >>> write_pairs([Pair("hello", "안녕", "hello")], path)
        1
    """
    count = 0
    with replacing(Path(path)) as partial:
        with tf.io.TFRecordWriter(str(partial)) as writer:
            for count, pair in enumerate(pairs, start=1):  # noqa: B007
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
            ValueError: if there is no pair.
        """
        home = Path(tempfile.mkdtemp(prefix="kseq2seq-") if folder is None else folder)
        home.mkdir(parents=True, exist_ok=True)
        corpus = cls(home / "pairs.tfrecord", 0)
        if folder is None:
            corpus._remove = weakref.finalize(corpus, shutil.rmtree, home, ignore_errors=True)
        try:
            corpus.count = write_pairs(pairs, corpus.path)
        except BaseException:
            corpus.close()
            raise
        return corpus

    def dataset(self) -> tf.data.Dataset:
        """Stream the corpus as a dataset of (source, target) scalar strings, in file order."""
        return self._kept_by(pair_dataset(self.path))

    def records(self) -> tf.data.Dataset:
        """Stream the corpus as a dataset of scalar strings for `parse_pairs`, in file order.

        A buffer to shuffle holds records in half the memory that pairs take, and it is quicker to
        parse many at once than to take many apart and put them together again. An iterator that is
        saved holds a place in the file and not its path, as one of `tf.data.TFRecordDataset` does:
        the same pairs in another folder are the same data.
        """
        variant = tf.raw_ops.TFRecordDataset(
            filenames=str(self.path), compression_type="", buffer_size=_READ_AHEAD
        )
        records = tf.data.experimental.from_variant(variant, tf.TensorSpec([], tf.string))
        return self._kept_by(records)

    def _kept_by(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        dataset.corpus = self  # Datasets keep their inputs, so the file outlives whatever reads it.
        return dataset

    def close(self) -> None:
        """Remove the temporary folder; a corpus in a folder of the caller's stays where it is."""
        if self._remove:
            self._remove()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Pair]:
        for record in tf.data.TFRecordDataset(str(self.path)).as_numpy_iterator():
            feature = tf.train.Example.FromString(record).features.feature
            yield Pair(*(feature[name].bytes_list.value[0].decode() for name in Pair._fields))

    def __enter__(self) -> Corpus:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _serialised(pair: Pair) -> bytes:
    example = tf.train.Example()
    for name, text in pair._asdict().items():
        example.features.feature[name].bytes_list.value.append(text.encode())
    return example.SerializeToString(deterministic=True)
