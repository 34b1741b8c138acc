"""Decoding models whose head is no decoder: the head answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.decoding.beam import Beam
from kseq2seq.decoding.filters import Filter
from kseq2seq.decoding.greedy import Greedy
from kseq2seq.decoding.loop import MOST_TOKENS
from kseq2seq.decoding.requests import check_backend, check_filters
from kseq2seq.decoding.search import Search
from kseq2seq.decoding.tensors import NEVER
from kseq2seq.heads import Asked, Decoded, Worth
from kseq2seq.memory import check_memory
from kseq2seq.special_tokens import SpecialTokens


class Answers:
    """Runs a model without a decoder, and shapes the answers of its head as a `Decoded`.

    Args:
        model: a `HeadModel`.
        search: `Greedy()`; or, where the head has several answers, `Beam(beam_width)` without
            penalties.
        max_length: L, the most ids of an answer; longer answers are cut.
        special: the target's ids that are not text.
        filters: those that say what labels are worth to a beam of the head, for example `NGrams`.
        alignments: whether to say where each label was seen, if the head knows.

    Raises:
        ValueError: if the head can't answer such a search.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Greedy, SpecialTokens, build_model
        >>> from kseq2seq.decoding.answers import Answers
        >>> model = build_model("gru", source=20, target=5, head="labels", hidden_dim=8)
        >>> answers = Answers(model, Greedy(), 6, SpecialTokens())
        >>> ids = np.array([[7, 8, 2]])
        >>> answers({"source": ids, "source_mask": ids != 0}).ids.shape
        TensorShape([1, 1, 6])
    """

    def __init__(
        self,
        model: Any,
        search: Search,
        max_length: int,
        special: SpecialTokens,
        filters: Sequence[Any] = (),
        alignments: bool = False,
    ):
        check_backend()
        if not hasattr(model, "head"):
            raise ValueError(
                "`model` must be a Seq2Seq from `build_model`, or another of its models; got "
                f"{type(model).__name__}."
            )
        self.model = model
        self.max_length = check_whole("max_length", max_length, most=MOST_TOKENS)
        self.width, self.count = _width(model.head, search)
        self.special, self.alignments = special, alignments
        self.filters = _weighing(model.head, self.width, check_filters(filters))
        for rule in self.filters:
            rule.check(model.head.size, self.max_length, special)

    @property
    def key(self) -> tuple:
        """What its graph depends on, apart from the model."""
        rules = tuple(rule.key for rule in self.filters)
        return self.width, self.count, self.max_length, self.special, self.alignments, rules

    def check_need(self, rows: int | None) -> None:
        """Refuses a beam that memory would not hold; `rows` of None counts as 1.

        Raises:
            ValueError: if it needs more than `kseq2seq.memory.available_memory()`.
        """
        if self.width is None:
            return
        rows = rows or 1
        check_memory(
            rows * self.model.head.footprint(self.width, self.max_length + 1),
            f"A beam over {rows:,} sources x {self.width:,} hypotheses of up to "
            f"{self.max_length:,} labels",
            "Decode fewer sources at a time, keep fewer hypotheses, or lower `max_length`.",
        )

    def given(self) -> list[dict[str, Any]]:
        """Returns the numbers of the filters, which are inputs of the graph."""
        return [
            {name: tf.constant(number) for name, number in rule.given().items()}
            for rule in self.filters
        ]

    def __call__(self, source: dict, limits: Any = None, given: Any = None) -> Decoded:
        """Returns the answers for sources; in graph.

        Args:
            source: inputs of the model.
            limits: int (B,), the most ids of each answer; None takes L for all.
            given: from `given`; None takes the filters' own numbers.
        """
        encoded = self.model.encode(source, training=False)
        head, longest = self.model.head, self.max_length + 1  # one more, which shows a cut
        outputs = head(encoded, training=False)
        given = self.given() if given is None else given
        worths = [
            rule.worth(numbers, self.special)
            for rule, numbers in zip(self.filters, given, strict=True)
        ]
        found = head.decode(outputs, encoded, Asked(self.width, longest, _sum(worths)))
        found = self._shaped(found, limits)
        if not self.alignments:
            return found
        alignments, confidences = head.align(outputs, encoded, found.ids)
        return found._replace(alignments=alignments, confidences=confidences)

    def _shaped(self, found: Decoded, limits: Any) -> Decoded:
        """Cuts or pads what was found to (B, N) answers of L ids."""
        rows = tf.shape(found.lengths)[0]
        ids = _filled(found.ids[:, : self.count, : self.max_length], 2, self.max_length, 0)
        ids = _filled(ids, 1, self.count, 0)
        lengths = _filled(found.lengths[:, : self.count], 1, self.count, 0)
        scores = _filled(found.scores[:, : self.count], 1, self.count, NEVER)
        whole = True if found.finished is None else found.finished[:, : self.count]
        whole = tf.broadcast_to(whole, tf.shape(found.lengths[:, : self.count]))
        whole = _filled(whole, 1, self.count, True)
        longest = tf.fill([rows], self.max_length) if limits is None else limits
        longest = tf.clip_by_value(tf.cast(longest, tf.int32), 1, self.max_length)[:, None]
        cut = tf.minimum(lengths, longest)
        real = tf.range(self.max_length)[None, None] < cut[:, :, None]
        return Decoded(
            ids=tf.where(real, ids, self.special.padding),
            lengths=cut,
            scores=scores,
            alignments=None,
            finished=tf.logical_and(whole, lengths <= longest),
        )


def _filled(x: Any, axis: int, size: int, value: Any) -> Any:
    """Returns x padded to `size` on an axis, where it has no more."""
    around = [[0, 0] for _ in x.shape]
    around[axis][1] = size - (x.shape[axis] or tf.shape(x)[axis])
    if x.dtype == tf.bool:
        padded = tf.cast(tf.pad(tf.cast(x, tf.int32), around, constant_values=int(value)), tf.bool)
    else:
        padded = tf.pad(x, around, constant_values=value)
    shape = [*x.shape]
    shape[axis] = size
    return tf.ensure_shape(padded, shape)


def _width(head: Any, search: Any) -> tuple[int | None, int]:
    """Returns how many hypotheses a head keeps (None if greedy), and how many it returns."""
    if type(search) is Greedy:
        return None, 1
    several = head.widest is None or head.widest > 1
    known = "Greedy()" + (" or Beam(beam_width)" if several else "")
    if type(search) is not Beam or not several:
        raise ValueError(f"The head {_name(head)} answers by {known}; got {search!r}.")
    if head.widest is not None and search.beam_width > head.widest:
        raise ValueError(
            f"The head {_name(head)} has at most {head.widest} answers; got {search!r}."
        )
    if search.uses("coverage_penalty") or search.patience is not None:
        raise ValueError(
            f"The head {_name(head)} has no decoder, which `coverage_penalty` and `patience` are "
            f"for; got {search!r}. Pass Beam({search.beam_width})."
        )
    return search.beam_width, search.n_best or search.beam_width


def _weighing(head: Any, width: int | None, filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
    """Returns the filters, refusing those that mean nothing to a head."""
    for rule in filters:
        if type(rule).worth is Filter.worth:
            raise ValueError(
                f"{type(rule).__name__} is a rule about the next token of a decoder, and the head "
                f"{_name(head)} has none. Leave `filters` out."
            )
        if not head.weighs or width is None:
            raise ValueError(
                f"{type(rule).__name__} weighs the hypotheses of a beam, which the head "
                f"{_name(head)} "
                + ("has not. Leave `filters` out." if not head.weighs else "needs Beam(n) for.")
            )
    return filters


def _sum(worths: list[Any]) -> Worth | None:
    """Returns what labels are worth to several filters together."""
    if len(worths) < 2:
        return worths[0] if worths else None
    longest = max(each.history for each in worths)

    def gains(history: Any) -> Any:
        return sum(each.gains(history[:, : each.history]) for each in worths)

    return Worth(longest, gains, worths[0].end)


def _name(head: Any) -> str:
    return repr(getattr(head, "kind", type(head).__name__))
