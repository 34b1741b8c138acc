"""The file of a corpus: one record for each pair."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf

from kseq2seq.contracts import Source
from kseq2seq.data.pairs import Example, Packed, Pair, packed_examples
from kseq2seq.disk import whole_file

_TEXT = tf.io.FixedLenFeature([], tf.string)
_TIMES = tf.io.FixedLenFeature([], tf.float32, default_value=1.0)
PARSED_TOGETHER = 256


def write_pairs(
    pairs: Iterable[Pair | Example | Packed],
    path: str | Path,
    source: Source | None = None,
    errors: str = "raise",
    problems: list[str] | None = None,
) -> int:
    """Streams pairs into a TFRecord file, one `tf.train.Example` of three byte strings each.

    The text stays raw, so that a tokenizer may cut it differently in each epoch. The file appears
    under its name only when it is complete.

    Args:
        pairs: the pairs, consumed one at a time.
        path: the file to write, or to replace.
        source: reads and packs sources other than texts.
        errors: "raise" or "skip"; see `Corpus.write`.
        problems: gains a line for each example that is left out.

    Returns:
        The number of pairs written.

    Raises:
        TypeError: for anything but pairs, with the number of the first.
        ValueError: if there is no pair.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "pairs.tfrecord")
        >>> write_pairs([Pair("hello", "안녕", "hello")], path)
        1
    """
    count = 0
    with whole_file(Path(path), wait=False) as partial:
        with tf.io.TFRecordWriter(str(partial)) as writer:
            kept = packed_examples(pairs, source, errors, problems)
            for count, packed in enumerate(kept, start=1):  # noqa: B007
                writer.write(serialized(packed))
        if not count:
            raise ValueError(
                "`pairs` must hold at least one pair: the iterable is empty (or was consumed "
                "already)"
            )
    return count


def pair_dataset(path: str | Path) -> tf.data.Dataset:
    """Streams the pairs of a TFRecord file as a dataset, in file order.

    Args:
        path: a file that `write_pairs` wrote.

    Returns:
        A dataset of (source, target), each a scalar string: a text, or a source's packed bytes.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "pairs.tfrecord")
        >>> _ = write_pairs([Pair("hello", "안녕", "hello")], path)
        >>> [(s.decode(), t.decode()) for s, t in pair_dataset(path).as_numpy_iterator()]
        [('hello', '안녕')]
    """
    records = tf.data.TFRecordDataset(str(path))
    return records.batch(PARSED_TOGETHER).map(parse_pairs).unbatch()


def parse_pairs(records: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Turns records (N,) that `write_pairs` wrote into sources and targets, strings (N,)."""
    parsed = tf.io.parse_example(records, {"source": _TEXT, "target": _TEXT})
    return parsed["source"], parsed["target"]


def parse_times(records: tf.Tensor) -> tf.Tensor:
    """Returns how often an epoch holds each of records (N,), on average; in graph."""
    return tf.io.parse_example(records, {"times": _TIMES})["times"]


def serialized(packed: Packed) -> bytes:
    """Returns an example as a record."""
    example = tf.train.Example()
    feature = example.features.feature
    feature["source"].bytes_list.value.append(packed.source)
    feature["target"].bytes_list.value.append(packed.target.encode())
    feature["key"].bytes_list.value.append(packed.key.encode())
    if packed.references:
        feature["references"].bytes_list.value.extend(text.encode() for text in packed.references)
    if packed.kind:
        feature["kind"].bytes_list.value.append(packed.kind.encode())
    if packed.times != 1:
        feature["times"].float_list.value.append(packed.times)
    return example.SerializeToString(deterministic=True)


def parsed(record: bytes) -> Packed:
    """Returns the example of a record."""
    feature = tf.train.Example.FromString(record).features.feature

    def texts(name: str) -> list[str]:
        return [content.decode() for content in feature[name].bytes_list.value]

    kind = "".join(texts("kind")) if "kind" in feature else ""
    references = tuple(texts("references")) if "references" in feature else ()
    source = feature["source"].bytes_list.value[0]
    times = feature["times"].float_list.value[0] if "times" in feature else 1.0
    return Packed(source, texts("target")[0], texts("key")[0], references, kind, times)
