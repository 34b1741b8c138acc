"""What a source is: raw input of any sense as the tensors that an encoder takes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.contracts.saved import SOURCES, Saved
from kseq2seq.special_tokens import SpecialTokens

TOO_LONG = ("error", "split", "cut")
MOST_UNITS = 2**30  # of a source or a target
Spec = dict[str, tuple[tuple[int | None, ...], str]]


class Source(Saved):
    """Turns raw input into a model's inputs; the core knows nothing else of what a source is.

    A *raw* is one input as a caller has it: a text, an array. `pack` turns it into bytes, as a
    corpus keeps it on disk, and `unpack` turns many such bytes, in graph, into a *batch of raws*:
    one tensor or a nest of some, with rows on axis 0 and the names and shapes that `raw` gives.
    That batch is what a SavedModel takes, and what the methods below take.

    Args:
        max_length: the most units of a source.
        too_long: what happens to a longer one where the caller does not say: "error" refuses it;
            "split" makes several of it, where it can be split; "cut" leaves out what is beyond,
            with a warning that says of how many.

    Attributes:
        kind: its name in files; set by `register_source`.
        unit: what lengths count, in the plural, such as "tokens" or "frames".
        noun: what messages call one.
        spec: names of the model's inputs -> (shape without the rows, dtype). A mask is int32, 0 at
            padding. "source" and "source_mask" are along units; others may be too.
        raw: the `tf.TensorSpec`, or nest of some, of a batch of raws; each with a name.
        vocabulary_size: how many ids there are, for a source that is ids; else None.
        padding: what fills up "source" beyond the real units.
        special: the ids that are no content, for a source that is ids; else None.
        least: the fewest units of a source that holds anything.
        together: how many raws a data set unpacks at once, to bound its memory.

    Raises:
        ValueError: `max_length` or `too_long` makes no sense.
    """

    side = "source"
    registry = SOURCES
    unit: ClassVar[str]
    noun: ClassVar[str] = "Source"
    spec: Spec
    raw: Any
    vocabulary_size: int | None = None
    padding: int = 0
    special: SpecialTokens | None = None
    least: int = 1
    together: int = 32

    def __init__(self, max_length: int, too_long: str = "error") -> None:
        super().__init__()
        if too_long not in TOO_LONG:
            raise ValueError(f"`too_long` must be one of {TOO_LONG}; got {too_long!r}.")
        self.max_length = check_whole("max_length", max_length, most=MOST_UNITS)
        self.too_long = too_long

    def read(self, example: Any) -> Any:
        """Returns the raw of an example as a data set has it, such as a path; not in graph.

        Raises:
            ValueError: it can't be read; the message names the file.
            TypeError: it is of another type.
        """
        return example

    def several(self, given: Any) -> list[Any]:
        """Returns one raw, or a list or tuple of some, as a list of raws; not in graph.

        Raises:
            TypeError: one is no raw of this source.
            ValueError: one can't be read.
        """
        return [self.read(one) for one in (given if isinstance(given, list | tuple) else [given])]

    def counted(self, length: int) -> str:
        """Returns a length as messages tell it, such as "12 frames"."""
        return f"{length} {self.unit}"

    @abstractmethod
    def pack(self, raw: Any) -> bytes:
        """Returns a raw as bytes; not in graph."""

    @abstractmethod
    def unpack(self, packed: tf.Tensor) -> Any:
        """Returns the batch of raws that strings (B,), each made by `pack`, hold; in graph."""

    def restore(self, packed: bytes) -> Any:
        """Returns the raw that `pack` made these bytes of; not in graph.

        By default it is the one row of `unpack`, as arrays and `bytes`.
        """
        return tf.nest.map_structure(lambda part: part[0].numpy(), self.unpack([packed]))

    def batch(self, raws: Sequence[Any]) -> Any:
        """Returns the batch of some raws; not in graph."""
        return self.unpack(tf.constant([self.pack(raw) for raw in raws], tf.string, [len(raws)]))

    @abstractmethod
    def lengths(self, raws: Any) -> tf.Tensor:
        """Returns int32 (B,), how many units each has, uncut, without computing features."""

    def empty(self, raws: Any, lengths: tf.Tensor) -> tf.Tensor:
        """Returns bool (B,), which raws hold nothing, so that the answer is nothing, too."""
        return lengths < self.least

    @abstractmethod
    def __call__(self, raws: Any, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the inputs of a model as `spec` has them, padded to the longest; in graph.

        Where `too_long` is "cut", no row is longer than `max_length`. With `training`, what varies
        from epoch to epoch may: a segmentation, noise.
        """

    def trial(self, count: int) -> list[Any] | None:
        """Returns raws that exports are tried on where the user gives none; None for texts."""
        return None

    @property
    def splits(self) -> bool:
        """Whether `split` is there."""
        return type(self).split is not Source.split

    def prepare(self, packed: tf.Tensor, room: Any, sample: bool = False) -> tuple[Any, ...]:
        """Returns what the rows of a data set carry until they meet in a batch; in graph.

        By default that is their packed bytes, so that features exist for one batch at a time. A
        source whose lengths can't be told without making its inputs carries these instead.

        Args:
            packed: strings (B,), each made by `pack`.
            room: the most units that a batch has room for.
            sample: draw a segmentation where there are several, and it fits in the room.

        Returns:
            (a tensor, a ragged one or a nest of such, with rows on axis 0; `lengths` (B,); `empty`
            (B,)).
        """
        raws = self.unpack(packed)
        lengths = self.lengths(raws)
        return packed, lengths, self.empty(raws, lengths)

    def assemble(self, rows: Any, count: Any, units: Any, training: bool = False) -> dict[str, Any]:
        """Returns a model's inputs of some rows, as a batch of one shape has them; in graph.

        By default inputs along units, those whose first axis is None in `spec`, are filled up with
        zeros. Missing rows are the first one again: what they are does not count.

        Args:
            rows: as `prepare` made them, at least one.
            count: how many rows the batch has, at least those.
            units: how many places along units it has, at least the longest row's.
            training: as `__call__` takes it.
        """
        return self.filled(self(self.unpack(rows), training), count, units)

    def filled(self, inputs: dict[str, tf.Tensor], count: Any, units: Any) -> dict[str, Any]:
        """Returns a model's inputs with `count` rows and `units` places, as `assemble` does."""
        if self.spec.get("source_mask", ((1,), ""))[0][0] is None:
            beyond = tf.cast(inputs["source_mask"][:, units:], tf.int32)
            tf.debugging.Assert(
                tf.reduce_all(beyond == 0),
                [f"a row of {type(self).__name__} is longer than its `lengths` said:", units],
            )
        return {
            name: _filled(inputs[name], count, units if shape and shape[0] is None else None)
            for name, (shape, _) in self.spec.items()
        }

    def lacking(self, rows: Any, packed: tf.Tensor) -> tuple[tf.Tensor, ...] | None:
        """Returns what the vocabulary of a source lacks; None where there is nothing to lack.

        Args:
            rows: as `prepare` made them.
            packed: strings (B,), what they were made of.

        Returns:
            (how many units are unknown, (); how many rows hold nothing else, (); the first of
            these, as a string (0 or 1,); the first with an unknown unit, as such). In graph.
        """
        return None

    def split(self, raw: Any) -> list[Any]:
        """Returns the parts of a raw that is too long, in their order; not in graph.

        Raises:
            ValueError: such a source can't be split.
        """
        raise ValueError(
            f"too_long='split' is not possible for a {self.kind!r} source; pass 'error' or 'cut', "
            "or split it yourself."
        )

    def labels(self, inputs: dict[str, np.ndarray]) -> list[list[str]]:
        """Returns a name for each unit of each row of a model's inputs, as plots show them.

        By default they are numbered from 0.
        """
        return [[str(unit) for unit in range(count)] for count in real(inputs)]

    def words(self, raw: Any) -> list[str] | None:
        """Returns a text for each unit of a raw, which may stand in the place of unknown tokens.

        None where there are none, as by default; not in graph.
        """
        return None

    @abstractmethod
    def fixed(self, places: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """Returns what a file of fixed sizes takes for one source of at most so many units.

        Returns:
            (names -> `tf.TensorSpec` of static shapes, the row included, as a host without
            TensorFlow can make them; the function from tensors of these names to the inputs of the
            model, in graph. One of them is "source_length", int32 (1,), how much is real).
        """

    def feed(self, raw: Any, places: int) -> dict[str, np.ndarray]:
        """Returns what a file of fixed sizes takes for a raw, as `fixed` has it; not in graph."""
        raise NotImplementedError(f"{type(self).__name__} must have a `feed`.")


def _filled(value: tf.Tensor, count: Any, units: Any) -> tf.Tensor:
    """A model's input with so many rows, and places along its units if these are given."""
    if units is not None:
        value = value[:, :units]
        missing = units - tf.shape(value)[1]
        value = tf.pad(value, [[0, 0], [0, missing], *([0, 0] for _ in value.shape[2:])])
    again = tf.repeat(value[:1], count - tf.shape(value)[0], axis=0)
    return tf.concat([value, again], axis=0)


def real(inputs: dict[str, Any]) -> np.ndarray:
    """Returns int (B,), how many units of each row of a model's inputs are real.

    Example:
        >>> from kseq2seq.contracts.source import real
        >>> real({"source_mask": np.array([[1, 1, 0], [1, 0, 0]])}).tolist()
        [2, 1]
    """
    return np.asarray(inputs["source_mask"]).astype(int).sum(axis=1)
