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
        too_long: the treatment of a longer one where the caller names none: "error" refuses it;
            "split" makes several of it, where it can be split; "cut" leaves out the rest, with a
            warning that counts such sources.

    Attributes:
        kind: its name in files; set by `register_source`.
        unit: the unit of lengths, in the plural, for example "tokens" or "frames".
        noun: the name of a source in messages.
        spec: names of the model's inputs -> (shape without the rows, dtype). A mask is int32, 0 at
            padding. "source" and "source_mask" are along units; others may be too.
        raw: the `tf.TensorSpec`, or a nest of them, of a batch of raws; each with a name.
        vocabulary_size: how many ids there are, for a source of ids; else None.
        padding: the value that fills up "source" beyond the real units.
        special: the ids that are not content, for a source of ids; else None.
        least: the fewest units of a source that holds anything.
        unit_seconds: how long a unit lasts, for a source in time; else None.
        together: how many raws a data set unpacks at once, to bound its memory.

    Raises:
        ValueError: `max_length` is not a whole number from 1 on, or `too_long` none of the three.
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
    unit_seconds: float | None = None
    together: int = 32

    def __init__(self, max_length: int, too_long: str = "error") -> None:
        super().__init__()
        if too_long not in TOO_LONG:
            raise ValueError(f"`too_long` must be one of {TOO_LONG}; got {too_long!r}.")
        self.max_length = check_whole("max_length", max_length, most=MOST_UNITS)
        self.too_long = too_long

    def read(self, example: Any) -> Any:
        """Returns the raw of an example of a data set, for example of a path; not in graph.

        Raises:
            ValueError: it can't be read; the message names the file.
            TypeError: it is of another type.
        """
        return example

    def several(self, raws: Any) -> list[Any]:
        """Returns one raw, or a list or tuple of raws, as a list of raws; not in graph.

        Raises:
            TypeError: one is not a raw of this source.
            ValueError: one can't be read.
        """
        return [self.read(raw) for raw in (raws if isinstance(raws, list | tuple) else [raws])]

    def counted(self, length: int) -> str:
        """Returns a length as messages write it, for example "12 frames"."""
        return f"{length} {self.unit}"

    @abstractmethod
    def pack(self, raw: Any) -> bytes:
        """Returns a raw as bytes; not in graph."""

    @abstractmethod
    def unpack(self, packed: tf.Tensor) -> Any:
        """Returns the batch of raws that strings (B,), each made by `pack`, hold; in graph."""

    def restore(self, packed: bytes) -> Any:
        """Returns the raw of bytes that `pack` returned; not in graph.

        By default it is the one row of `unpack`, as arrays and `bytes`.
        """
        return tf.nest.map_structure(lambda part: part[0].numpy(), self.unpack([packed]))

    def batch(self, raws: Sequence[Any]) -> Any:
        """Returns the batch of raws; not in graph."""
        return self.unpack(tf.constant([self.pack(raw) for raw in raws], tf.string, [len(raws)]))

    @abstractmethod
    def lengths(self, raws: Any) -> tf.Tensor:
        """Returns int32 (B,), how many units each has, uncut, without computing features."""

    def empty(self, raws: Any, lengths: tf.Tensor) -> tf.Tensor:
        """Returns bool (B,), which raws hold nothing, so that the answer is nothing as well."""
        return lengths < self.least

    @abstractmethod
    def __call__(self, raws: Any, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the inputs of a model as `spec` has them, padded to the longest; in graph.

        There is at least one unit, since encoders can't read none: padding, if all raws are empty.
        Where `too_long` is "cut", no row is longer than `max_length`. With `training`, inputs may
        vary from call to call: by a drawn segmentation, or noise.
        """

    def trial(self, count: int) -> list[Any] | None:
        """Returns raws on which exports are tried if the user gives none; None for texts."""
        return None

    def clipped(self, raw: Any) -> Any:
        """Returns a raw without what `too_long` "cut" leaves out, to save memory; not in graph.

        By default a raw is as it is, and cut when it is made into inputs.
        """
        return raw

    @property
    def fills(self) -> bool:
        """Whether `fill` changes texts; if not, raws need not be at hand when they are read."""
        return type(self).fill is not Source.fill

    @property
    def splits(self) -> bool:
        """Whether `split` is there."""
        return type(self).split is not Source.split

    def prepare(self, packed: tf.Tensor, room: Any, sample: bool = False) -> tuple[Any, ...]:
        """Returns the rows of a data set, as they are until they meet in a batch; in graph.

        By default rows are packed bytes, so that features exist for one batch at a time. A source
        that must make its inputs to know their lengths has these as rows.

        Args:
            packed: strings (B,), each made by `pack`.
            room: the most units that a batch has room for.
            sample: draw a segmentation where there are several, and it fits in the room.

        Returns:
            (rows, a tensor, a ragged tensor or a nest of them with rows on axis 0; `lengths` (B,);
            `empty` (B,)).
        """
        raws = self.unpack(packed)
        lengths = self.lengths(raws)
        return packed, lengths, self.empty(raws, lengths)

    @property
    def draws(self) -> bool:
        """Whether `draw` is there."""
        return type(self).draw is not Source.draw

    def draw(self, packed: tf.Tensor, room: Any, sample: bool, seed: tf.Tensor) -> tuple[Any, ...]:
        """Returns rows of training as `prepare` does, varied by a seed, so that a run can resume.

        By default nothing is varied. What `assemble` must know of the draw is part of the rows.

        Args:
            packed: as for `prepare`.
            room: as for `prepare`; what is drawn is not longer, nor longer than `max_length`.
            sample: as for `prepare`.
            seed: int64 (2,), of these rows.
        """
        return self.prepare(packed, room, sample)

    def assemble(self, rows: Any, count: Any, units: Any, training: bool = False) -> dict[str, Any]:
        """Returns a model's inputs for rows, as a batch of one shape; in graph.

        By default inputs along units, those whose first axis is None in `spec`, are filled up with
        zeros. Missing rows repeat the first one: their content does not count.

        Args:
            rows: from `prepare` or `draw`, at least one.
            count: how many rows the batch has, at least those.
            units: the length of the batch in units, at least that of the longest row.
            training: as `__call__` takes it.
        """
        return self.filled(self(self.unpack(rows), training), count, units)

    def filled(self, inputs: dict[str, tf.Tensor], count: Any, units: Any) -> dict[str, Any]:
        """Returns a model's inputs filled up to `count` rows and `units`, as `assemble` does."""
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
        """Counts the unknown units of a source with a vocabulary, in graph; None for another.

        Args:
            rows: from `prepare`.
            packed: strings (B,), the packed raws of these rows.

        Returns:
            (how many units are unknown, (); how many rows hold no other, (); the first of these
            rows, as a string (0 or 1,); the first row with an unknown unit, likewise).
        """
        return None

    def split(self, raw: Any) -> list[Any]:
        """Returns the parts of a raw that is too long, in their order; not in graph.

        Raises:
            ValueError: sources of this kind can't be split.
        """
        raise ValueError(
            f"A {self.kind!r} source can't be split. Pass `too_long` 'error' or 'cut', or split it "
            "yourself."
        )

    def filters(self, target: Any) -> tuple[Any, ...]:
        """Returns the filters that every target of this source obeys, by default none.

        Args:
            target: the `Target` of the same model.
        """
        return ()

    def fill(self, texts: tf.Tensor, raws: Any) -> tf.Tensor:
        """Returns generated texts with what the source kept back of their raws; in graph.

        By default texts are as they are.

        Args:
            texts: strings (B * N,), N for each raw, side by side.
            raws: the batch of B raws.
        """
        return texts

    def as_written(self, text: str, raw: Any) -> str:
        """Returns a target of a raw as the model writes it, which `fill` fills; not in graph."""
        return text

    def labels(self, inputs: dict[str, np.ndarray]) -> list[list[str]]:
        """Returns a name for each unit of each row of a model's inputs, for plots.

        By default units are numbered from 0.
        """
        return [[str(unit) for unit in range(count)] for count in real(inputs)]

    def words(self, raw: Any) -> list[str] | None:
        """Returns a text for each unit of a raw, which may replace unknown tokens; not in graph.

        None, the default, where units have no text.
        """
        return None

    @abstractmethod
    def fixed(self, units: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """Returns the inputs of a file of fixed sizes for one source of at most `units`.

        Returns:
            (names -> `tf.TensorSpec` of static shapes, the row included, of tensors that a host
            without TensorFlow can make; a function from these tensors by name to the inputs of the
            model, in graph). One of them is "source_length", int32 (1,), how much is real.
        """

    def fixed_empty(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor | None:
        """Returns bool (1,), whether the inputs that `fixed` describes hold nothing, in graph.

        A file then answers with an empty target. None, the default, leaves that to hosts.
        """
        return None

    def feed(self, raw: Any, units: int) -> dict[str, np.ndarray]:
        """Returns the inputs that `fixed` describes, of a raw; not in graph."""
        raise NotImplementedError(f"{type(self).__name__} must have a `feed`.")


def _filled(value: tf.Tensor, count: Any, units: Any) -> tf.Tensor:
    """A model's input with `count` rows, and with `units` along axis 1 if these are given."""
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
