"""Labels as the output of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import each_text, raw_texts
from kseq2seq.contracts import Target, register_target
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text.words import stripped, words_of

NO_ID = -1  # of a special token that labels do not have


@register_target("labels")
class LabelTarget(Target):
    """Turns raw labels into ids 1 to K and back; 0 is padding.

    A raw is a string: labels with white space between them, one for each unit of the source; or,
    with `whole`, one label for the whole source, which may hold spaces.

    Args:
        labels: the known labels, each once; the first has the id 1.
        max_length: the most labels of a target; by default 1 with `whole` and 1,024 otherwise.
        whole: whether a raw is one label.

    Raises:
        ValueError: there are no labels, one is given twice, or one holds white space where labels
            are separated by it.

    Example:
        >>> from kseq2seq.text import LabelTarget
        >>> target = LabelTarget(["noun", "verb"])
        >>> target.size, target.ids(["noun verb", "noun"]).to_list()
        (3, [[1, 2], [1]])
        >>> target.read([[1, 2], [1, 0]]).numpy().tolist()
        [b'noun verb', b'noun']
        >>> target.ids(["noun adverb"])
        Traceback (most recent call last):
            ...
        ValueError: The label 'adverb' of target 0 is not known; known are noun, verb. ...
    """

    special = SpecialTokens(padding=0, start=NO_ID, end=NO_ID, unknown=NO_ID)
    closes = False
    unit = "labels"

    def __init__(
        self, labels: Sequence[str], max_length: int | None = None, whole: bool = False
    ) -> None:
        super().__init__((1 if whole else 1024) if max_length is None else max_length)
        if not isinstance(whole, bool):
            raise ValueError(f"`whole` must be True or False; got {whole!r}.")
        self.whole = whole
        self.names = tuple(raw_texts(labels, "labels"))
        if not self.names:
            raise ValueError("`labels` must hold at least one label; got none.")
        for name, count in Counter(self.names).items():
            if count > 1:
                raise ValueError(f"`labels` must hold each label once; {name!r} is there {count}x.")
            if (name.strip() if whole else "".join(name.split())) != name or not name:
                where = "around a label" if whole else "in a label: labels stand between spaces"
                raise ValueError(f"There must be no white space {where}; got {name!r}.")
        self.size = len(self.names) + 1
        known = tf.lookup.KeyValueTensorInitializer(
            tf.constant(self.names), tf.range(1, self.size, dtype=tf.int32)
        )
        self._known = frozenset(self.names)
        self._ids = tf.lookup.StaticHashTable(known, default_value=0)
        self._names = np.array(["", *self.names], dtype=object)

    @classmethod
    def of(
        cls, raws: Iterable[str], max_length: int | None = None, whole: bool = False
    ) -> LabelTarget:
        """Returns the target of the labels that raws hold, the most frequent first.

        Args:
            raws: the targets of a corpus, read once.
            max_length: the most labels of a target; by default those of the longest raw.
            whole: whether each raw is one label.

        Returns:
            The same target for the same raws, in whatever order they come.

        Example:
            >>> LabelTarget.of(["b a b", "b"]).names
            ('b', 'a')
        """
        counts: Counter[str] = Counter()
        longest = 1
        for raw in each_text(raws, "raws"):
            labels = [raw.strip()] if whole else raw.split()
            counts.update(label for label in labels if label)
            longest = max(longest, len(labels))
        ranked = sorted(counts, key=lambda label: (-counts[label], label))
        return cls(ranked, longest if max_length is None else max_length, whole)

    def ids(self, raws: Any, training: bool = False) -> tf.RaggedTensor:
        """See `Target`; an empty raw has none.

        Raises:
            ValueError: a label is not known; in a graph, `tf.errors.InvalidArgumentError`.
        """
        names = self._split(tf.convert_to_tensor(raws, tf.string))
        ids = self._ids.lookup(names.flat_values)
        strange = tf.equal(ids, 0)
        if tf.executing_eagerly():
            for index in np.flatnonzero(strange)[:1]:
                row = int(names.value_rowids()[index])
                raise ValueError(self._unknown(names.flat_values[index].numpy().decode(), row))
            return names.with_flat_values(ids)
        known = tf.debugging.Assert(
            tf.logical_not(tf.reduce_any(strange)),
            ["These labels are not known:", tf.boolean_mask(names.flat_values, strange)],
        )
        with tf.control_dependencies([known]):
            return names.with_flat_values(tf.identity(ids))

    def _split(self, raws: tf.Tensor) -> tf.RaggedTensor:
        if not self.whole:
            return words_of(raws)
        names = stripped(raws)
        return tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(names, names != ""), tf.cast(names != "", tf.int64)
        )

    def _unknown(self, label: str, row: int) -> str:
        some = ", ".join(self.names[:20]) + (", ..." if len(self.names) > 20 else "")
        return (
            f"The label {label!r} of target {row} is not known; known are {some}. Correct it, or "
            "make the target of all labels, by LabelTarget.of."
        )

    def unknown(self, raw: str) -> list[str]:
        """See `Target`; each once, in their order."""
        labels = [raw.strip()] if self.whole else raw.split()
        return [one for one in dict.fromkeys(labels) if one and one not in self._known]

    def lengths(self, raws: Any) -> tf.Tensor:
        """Returns int32 (N,), how many labels raws have; in graph."""
        return tf.cast(self._split(tf.convert_to_tensor(raws, tf.string)).row_lengths(), tf.int32)

    def check(self, raws: Any) -> None:
        """Refuses raws with labels that are not known, or more than `max_length`; not in graph.

        Raises:
            ValueError: for the first such raw.
        """
        for row, length in enumerate(self.ids(raws).row_lengths().numpy()):
            if length > self.max_length:
                raise ValueError(
                    f"target {row} has {length} labels, and the limit is {self.max_length}; "
                    "shorten it, or raise `max_length`."
                )

    def inputs(self, ids: Any) -> Any:
        """Raises an error: labels are not written one after the other.

        Raises:
            TypeError: always.
        """
        raise TypeError("A decoder can't be given labels. Build the model with another head.")

    def read(self, ids: Any) -> tf.Tensor:
        """See `Target`; labels with spaces between them."""
        rows = ids if isinstance(ids, tf.RaggedTensor) else tf.RaggedTensor.from_tensor(ids)
        rows = tf.ragged.boolean_mask(rows, rows > 0)
        names = tf.constant(["", *self.names])
        labels = rows.with_flat_values(tf.gather(names, rows.flat_values))
        return tf.strings.reduce_join(labels, axis=1, separator=" ")

    def labels(self, ids: Any) -> list[list[str]]:
        """See `Target`; the labels themselves."""
        rows = ids.to_list() if isinstance(ids, tf.RaggedTensor) else np.asarray(ids)
        return [[str(self._names[id]) for id in row if id > 0] for row in rows]

    def parts(self, raw: str) -> list[str]:
        """See `Target`; a whole label is one."""
        return [" ".join(raw.split())] if self.whole else super().parts(raw)

    def join(self, raws: Sequence[str]) -> str:
        """See `Target`.

        Raises:
            ValueError: the parts of a source would have a label each, and it has one.
        """
        if self.whole:
            raise ValueError(
                "A source with one label as a whole can't be split. Pass too_long='cut', or "
                "shorten it."
            )
        return super().join(raws)

    def config(self) -> dict[str, Any]:
        """See `Saved`."""
        return {"labels": list(self.names), "max_length": self.max_length, "whole": self.whole}
