"""A target turns raw output of any kind into the ids that a model learns, and back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.contracts.saved import TARGETS, Saved
from kseq2seq.contracts.source import MOST_UNITS
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens


class Target(Saved):
    """Turns raw output into the ids that a model must predict, and its predictions into raw output.

    A raw is a string: a text, or labels with spaces between them.

    Args:
        max_length: the most ids of a target, `end` included where there is one.

    Attributes:
        kind: its name in files; set by `register_target`.
        size: how many ids there are.
        special: the ids that are not content. `special.padding` fills up rows; it is 0, and the
            blank of CTC, except for tokenizers of other projects.
        closes: whether each target is closed by `end`, which a decoder that writes token by token
            needs; labels are not.
        unit: the unit of lengths, in the plural.

    Raises:
        ValueError: `max_length` is less than 1.
    """

    side = "target"
    registry = TARGETS
    size: int
    special: SpecialTokens = SPECIAL_TOKENS
    closes: bool = True
    unit: str = "tokens"

    def __init__(self, max_length: int) -> None:
        super().__init__()
        self.max_length = check_whole("max_length", max_length, most=MOST_UNITS)

    @abstractmethod
    def ids(self, raws: Any, training: bool = False) -> tf.RaggedTensor:
        """Returns int32 ids (N, None) of strings (N,), closed by `end` if `closes`; in graph.

        With `training`, a segmentation may be drawn.
        """

    def prepare(self, raws: tf.Tensor, room: Any, sample: bool = False) -> tf.RaggedTensor:
        """Returns `ids` for a data set: drawn if `sample` and where they fit in the room.

        Args:
            raws: strings (N,).
            room: the most ids that a batch has room for.
            sample: draw a segmentation where there are several.
        """
        if not sample:
            return self.ids(raws)
        longest = tf.minimum(self.max_length, room)
        return drawn(lambda raws, sample: self.ids(raws, training=sample), raws, longest)

    def inputs(self, ids: Any) -> Any:
        """Returns the inputs of a decoder that learns ids; see `shift_right`. In graph."""
        return shift_right(ids, self.special)

    @abstractmethod
    def read(self, ids: Any) -> tf.Tensor:
        """Returns strings (N,), the raw output of ids (N, T), up to the first `end`; in graph."""

    @abstractmethod
    def labels(self, ids: Any) -> list[list[str]]:
        """Returns a readable name for each of ids (N, T), for plots; not in graph."""

    def empty(self, lengths: tf.Tensor) -> tf.Tensor:
        """Returns bool (N,), which targets of so many ids hold nothing; in graph."""
        return lengths < (2 if self.closes else 1)

    def phrases(self, raws: Sequence[str]) -> list[list[int]]:
        """Returns the ids of raws without an end, as filters take them; not in graph.

        Raises:
            ValueError: a raw has no ids.
        """
        rows = self.ids(list(raws)).to_list()
        rows = [row[:-1] if self.closes else row for row in rows]
        for raw, row in zip(raws, rows, strict=True):
            if not row:
                raise ValueError(f"{raw!r} has no {self.unit}.")
        return rows

    def lacking(self, ids: tf.RaggedTensor, raws: tf.Tensor) -> tuple[tf.Tensor, ...] | None:
        """Counts the unknown ids; see `Source.lacking`. In graph."""
        return None

    def lengths(self, raws: Any) -> tf.Tensor:
        """Returns int32 (N,), how many ids raws have, `end` included; in graph."""
        return tf.cast(self.ids(raws).row_lengths(), tf.int32)

    def unknown(self, raw: str) -> list[str]:
        """Returns the labels of a raw that have no id, for which `ids` raises an error.

        By default there are none, since a text is ids in any case. Not in graph.
        """
        return []

    def parts(self, raw: str) -> list[str]:
        """Returns the labels that scores compare one by one: the words of a raw."""
        return raw.split()

    def join(self, raws: Sequence[str]) -> str:
        """Returns the output of a source that was split, from those of its parts, if not empty."""
        return " ".join(filter(None, raws))


def shift_right(ids: Any, special: SpecialTokens) -> Any:
    """Returns the inputs of a decoder that is to predict a target: `start`, then all but the end.

    Args:
        ids: int (B, T), each row closed by `end` and filled up with `padding`; or ragged (B, None).
        special: the special ids of the target.

    Returns:
        ids of the same shape and kind: position t holds the token before t. No row holds its last
        token, so a decoder is never given the end.

    Example:
        >>> from kseq2seq import SpecialTokens
        >>> from kseq2seq.contracts import shift_right
        >>> shift_right(tf.constant([[7, 8, 2], [9, 2, 0]]), SpecialTokens()).numpy().tolist()
        [[1, 7, 8], [1, 9, 0]]
    """
    if isinstance(ids, tf.RaggedTensor):
        start = tf.cast(tf.fill([ids.nrows(), 1], special.start), ids.dtype)
        return tf.concat([start, ids[:, :-1]], axis=1)
    padding = tf.cast(special.padding, ids.dtype)
    before = tf.where(ids[:, 1:] == padding, padding, ids[:, :-1])
    start = tf.fill([tf.shape(ids)[0], 1], tf.cast(special.start, ids.dtype))
    return tf.concat([start, before], axis=1)


def drawn(cut: Callable[[Any, bool], Any], raws: Any, longest: Any) -> Any:
    """Returns a segmentation that is drawn, or the usual one where the drawn one is too long.

    In graph; subword regularization, see `SentencePieceTokenizer`.

    Args:
        cut: (a batch of raws, whether to draw) -> its rows: ragged ids (B, None), or a tuple of
            ragged tensors of which the ids are the first.
        raws: a batch of B raws.
        longest: the most ids of a drawn row.

    Returns:
        Rows, as `cut` returns them.
    """
    if isinstance(raws, list | tuple | np.ndarray):
        raws = tf.convert_to_tensor(raws)
    # 1. Draw all B rows, and see which are too long: bool (B,).
    sampled = cut(raws, True)
    lengths = tf.nest.flatten(sampled)[0].row_lengths()
    long = lengths > tf.cast(longest, tf.int64)

    # 2. Cut those K again as usual.
    which = tf.where(long)[:, 0]
    usual = cut(tf.nest.map_structure(lambda part: tf.gather(part, which), raws), False)

    # 3. Of the B + K rows, one behind the other, take the B that hold: the n-th that was too long
    #    is row B + n.
    count = tf.size(lengths, tf.int64)
    again = count + tf.cumsum(tf.cast(long, tf.int64)) - 1
    order = tf.where(long, again, tf.range(count))
    return tf.nest.map_structure(
        lambda *both: tf.gather(tf.concat(both, axis=0), order), sampled, usual
    )
