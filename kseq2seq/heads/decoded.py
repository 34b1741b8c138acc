"""What a head is asked for, what every model answers with, and answers of a label a position."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from kseq2seq.heads.rows import collapsed

FORBIDDEN = -3e4  # a logit that float16 holds, of which the softmax is 0


class Asked(NamedTuple):
    """How a head is asked to answer.

    Attributes:
        width: how many hypotheses a beam keeps, which is how many answers there are, at most the
            head's `widest`; None for a greedy search, which has one answer.
        longest: no answer needs more ids, since it is cut there; None for no limit.
    """

    width: int | None = None
    longest: int | None = None


class Decoded(NamedTuple):
    """The targets found for B sources, N each, best first.

    Attributes:
        ids: int32 (B, N, L), the end token included where targets have one, then padding.
        lengths: int32 (B, N), in ids, the end included; 0 where fewer than N exist.
        scores: float32 (B, N), what the answers are ranked by: log-probabilities in nats, for beam
            search with a decoder over the length penalty; -inf where fewer than N exist.
        alignments: float32 (B, N, L, S), where each target token looked, up to a target's end;
            None if not asked for, or if the model has no attention.
        finished: bool (B, N), whether the target is as long as the model wanted it. False only
            where it was cut: from a decoder, its end stands at its limit, and another token was
            likelier there (in the model's own distribution, before filters and before the limit);
            from another head, it was longer than its limit. True where fewer than N exist, since
            none was cut.

    A model without a decoder may answer with an empty target: its length is 0 and its score is not
    -inf.
    """

    ids: Any
    lengths: Any
    scores: Any
    alignments: Any = None
    finished: Any = None


def likeliest_labels(logits: Any, real: Any) -> Decoded:
    """Returns the likeliest label of each real position, padding never being one.

    Args:
        logits: (B, P, V).
        real: bool (B, P).

    Returns:
        A `Decoded` of one answer; its score is the sum of the labels' log-probabilities.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.heads import likeliest_labels
        >>> found = likeliest_labels(np.eye(3)[None, [2, 1]], np.array([[True, True]]))
        >>> found.ids.numpy().tolist()
        [[[2, 1]]]
    """
    logs = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    values, places = ops.top_k(logs[..., 1:], 1)
    labels = ops.cast(places[..., 0], "int32") + 1
    return of_positions(labels, real, ops.sum(ops.where(real, values[..., 0], 0.0), axis=1))


def of_positions(labels: Any, real: Any, scores: Any) -> Decoded:
    """Returns a `Decoded` of the labels (B, P) of real positions, one after the other."""
    lengths = ops.sum(ops.cast(real, "int32"), axis=1)
    ids = collapsed(labels, real, ops.shape(labels)[1])
    finished = ops.ones_like(lengths, dtype="bool")
    return Decoded(ids[:, None], lengths[:, None], scores[:, None], None, finished[:, None])
