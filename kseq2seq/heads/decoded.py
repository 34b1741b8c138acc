"""A request to a head, the answer of any model, and answers with a label for each position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops

from kseq2seq.heads.rows import collapsed

FORBIDDEN = -3e4  # a logit that float16 holds, of which the softmax is 0


class Worth(NamedTuple):
    """What labels are worth beside their log-probability, for example to a language model.

    Attributes:
        history: H, how many labels before a label decide what it is worth.
        gains: a function in graph from the last labels, int32 (R, H), the newest first and V before
            the first one, to what each next label is worth, float32 (R, V).
        end: the id whose gain a whole row gets at its end; None for nothing.
    """

    history: int
    gains: Callable[[Any], Any]
    end: int | None = None


class Asked(NamedTuple):
    """A request to a head.

    Attributes:
        width: the hypotheses that a beam keeps and the answers it gives, at most the head's
            `widest`; None for a greedy search, which gives one answer.
        longest: the most ids of an answer, which is cut there; None for no limit.
        worth: what labels are worth beside, for a head that `weighs` them.
    """

    width: int | None = None
    longest: int | None = None
    worth: Worth | None = None


class Decoded(NamedTuple):
    """The targets that answer B sources, N each, best first.

    Attributes:
        ids: int32 (B, N, L), the end token included where targets have one, then padding.
        lengths: int32 (B, N), in ids, the end included; 0 where fewer than N exist.
        scores: float32 (B, N), which rank the answers: log-probabilities in nats, divided by the
            length penalty in beam search with a decoder; -inf where fewer than N exist.
        alignments: float32 (B, N, L, S), where each target token looked, up to a target's end;
            None if not asked for, or if the model has no attention. Of a model with CTC, where its
            likeliest path has each token.
        finished: bool (B, N), False where the limit cut the target: a decoder ends it at its limit
            and another token was likelier there (in the model's own distribution, before filters
            and the limit); another head had more than its limit. True where fewer than N exist.
        confidences: float32 (B, N, L), how sure the model is of each token, from 0 to 1: its
            probability after those before it or, of CTC alone, the highest along the path. None
            where alignments are not asked for, or the head has none.

    A model without a decoder may answer with an empty target: length 0, and a score above -inf.
    """

    ids: Any
    lengths: Any
    scores: Any
    alignments: Any = None
    finished: Any = None
    confidences: Any = None


def likeliest_labels(logits: Any, real: Any) -> Decoded:
    """Returns the likeliest label, never padding, of each real position.

    Args:
        logits: (B, P, V).
        real: bool (B, P).

    Returns:
        A `Decoded` of one answer; its score is the sum of the labels' log-probabilities.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads import likeliest_labels
        >>> decoded = likeliest_labels(np.eye(3)[None, [2, 1]], np.array([[True, True]]))
        >>> decoded.ids.numpy().tolist()
        [[[2, 1]]]
    """
    logs = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    values, labels = ops.top_k(logs[..., 1:], 1)
    labels = ops.cast(labels[..., 0], "int32") + 1
    return of_positions(labels, real, ops.sum(ops.where(real, values[..., 0], 0.0), axis=1))


def of_positions(labels: Any, real: Any, scores: Any) -> Decoded:
    """Returns a `Decoded` of the labels (B, P) of real positions, one after the other."""
    lengths = ops.sum(ops.cast(real, "int32"), axis=1)
    ids = collapsed(labels, real, ops.shape(labels)[1])
    finished = ops.ones_like(lengths, dtype="bool")
    return Decoded(ids[:, None], lengths[:, None], scores[:, None], None, finished[:, None])
