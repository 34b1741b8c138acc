"""What a target is: raw output of any kind as the ids that a model learns, and back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kseq2seq.contracts.drawn import drawn
from kseq2seq.contracts.lengths import check_length
from kseq2seq.contracts.saved import TARGETS, Saved
from kseq2seq.contracts.shift import shift_right
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens


class Target(Saved):
    """Turns raw output into the ids that a model must predict, and its predictions into raw output.

    A raw is a string: a text, or labels with spaces between them.

    Args:
        max_length: the most ids of a target, `end` included where there is one.

    Attributes:
        kind: its name in files; set by `register_target`.
        size: how many ids there are.
        special: the ids that are no content. `special.padding` fills up rows; it is 0, and the
            blank of CTC, but for tokenizers of other projects.
        closes: whether each target is closed by `end`, as a decoder that writes token by token
            needs; labels are not.
        unit: what lengths count, in the plural.

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
        check_length(max_length)
        self.max_length = max_length

    @abstractmethod
    def ids(self, raws: Any, training: bool = False) -> tf.RaggedTensor:
        """Returns int32 ids (N, None) of strings (N,), closed by `end` if `closes`; in graph.

        With `training`, a segmentation may be drawn.
        """

    def prepare(self, raws: tf.Tensor, room: Any, sample: bool = False) -> tf.RaggedTensor:
        """Returns `ids` as a data set has them: drawn if asked, where they fit in the room.

        Args:
            raws: strings (N,).
            room: the most ids that a batch has room for.
            sample: draw a segmentation where there are several.
        """
        if not sample:
            return self.ids(raws)

        def ids(raws: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
            return self.ids(raws, training=sample)

        return drawn(ids, raws, tf.minimum(self.max_length, room))

    def inputs(self, ids: Any) -> Any:
        """Returns what a decoder is given while it learns ids; see `shift_right`. In graph."""
        return shift_right(ids, self.special)

    @abstractmethod
    def read(self, ids: Any) -> tf.Tensor:
        """Returns strings (N,), the raw output of ids (N, T), up to the first `end`; in graph."""

    @abstractmethod
    def labels(self, ids: Any) -> list[list[str]]:
        """Returns a readable name for each of ids (N, T), as plots show them; not in graph."""

    def empty(self, lengths: tf.Tensor) -> tf.Tensor:
        """Returns bool (N,), which targets of so many ids hold nothing; in graph."""
        return lengths < (2 if self.closes else 1)

    def phrases(self, raws: Sequence[str]) -> list[list[int]]:
        """Returns the ids of raws as filters take them, without an end; not in graph.

        Raises:
            ValueError: one has none.
        """
        rows = self.ids(list(raws)).to_list()
        rows = [row[:-1] if self.closes else row for row in rows]
        for raw, row in zip(raws, rows, strict=True):
            if not row:
                raise ValueError(f"{raw!r} has no {self.unit}.")
        return rows

    def lacking(self, ids: tf.RaggedTensor, raws: tf.Tensor) -> tuple[tf.Tensor, ...] | None:
        """Returns what the vocabulary lacks, as `Source.lacking` has it; in graph."""
        return None

    def parts(self, raw: str) -> list[str]:
        """Returns what scores of labels compare one by one: what stands between white space."""
        return raw.split()

    def join(self, raws: Sequence[str]) -> str:
        """Returns the output of a source that was split, from those of its parts."""
        return " ".join(raws)
