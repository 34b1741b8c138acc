"""Labels without an alignment: CTC alone, and together with a decoder."""

from __future__ import annotations

from typing import Any

from keras import ops

from kseq2seq.heads.ctc_alignment import best_alignment, spans
from kseq2seq.heads.ctc_loss import BLANK, CtcLoss, labels_of, repeats
from kseq2seq.heads.ctc_search import best_labels, best_path
from kseq2seq.heads.decoded import FORBIDDEN
from kseq2seq.heads.head import ASKED, Head, register_head
from kseq2seq.layers import linear


@register_head("ctc")
class Ctc(Head):
    """Gives each position the label that begins or continues there, or the blank, id 0.

    Padded positions are certain blanks, so no row depends on its padding, and neither the loss nor
    a search needs lengths.

    `Greedy()` takes the likeliest path and gives its labels; the score is that path's
    log-probability. `Beam(n)` keeps n prefixes to find the likeliest labels over all paths that
    spell them; the score is their log-probability. Neither has a length penalty: labels of all
    lengths are compared over the same positions. `kseq2seq.decoding.NGrams` adds a language model
    to a beam.

    Args:
        end: the id that closes targets and is no label; `build_model` sets it if its target has
            one. None keeps all ids.

    Source:
        Graves et al. 2006; prefix beam search: Hannun et al. 2014, algorithm 1, without a language
        model.
    """

    widest = None
    by_position = False
    weighs = True

    def __init__(self, end: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if end is not None and (isinstance(end, bool) or not isinstance(end, int) or end < 1):
            raise ValueError(f"`end` must be an id of at least 1, or None; got {end!r}.")
        self.end = end

    def suited(self, source, target):
        """See `Head`; takes the target's end, which is no label."""
        end = closing(target)
        return self.like(end=end) if self.end is None and end is not None else self

    def make(self, size, encoded):
        """See `Head`."""
        self.logits = linear(encoded["outputs"].shape[-1], size, name="logits")

    def call(self, encoded, training=None):
        """Returns logits (B, S, V)."""
        return certain_blanks(self.logits(encoded["outputs"]), self.real(encoded), self.end)

    def loss(self, label_smoothing=0.0):
        """See `Head`."""
        if label_smoothing:
            raise ValueError(
                "CTC has no `label_smoothing`, since no label is right at a position; got "
                f"{label_smoothing!r}. Leave it at 0."
            )
        return CtcLoss(self.end)

    def aligned(self, labels, outputs):
        """See `Head`; labels have no positions."""
        return labels

    def decode(self, logits, encoded, asked=ASKED):
        """See `Head`."""
        if asked.width is None:
            return best_path(logits)
        return best_labels(logits, *asked)

    def align(self, outputs, encoded, ids):
        """See `Head`; each label along the likeliest path, an end at the last real position."""
        shape, real = ops.shape(ids), self.real(encoded)
        rows = ops.reshape(ids, (-1, shape[2]))
        log_probs = ops.log_softmax(ops.cast(outputs, "float32"), axis=-1)
        log_probs = ops.repeat(log_probs, shape[1], axis=0)
        labels, count = labels_of(rows, self.end)
        alignment, confidences = spans(best_alignment(log_probs, labels, count), log_probs, labels)
        if self.end is not None:
            closes = ops.cast(ops.equal(rows, self.end), "float32")
            positions = ops.arange(ops.shape(real)[1], dtype="int32")
            last = ops.equal(positions, ops.sum(ops.cast(real, "int32"), axis=1)[:, None] - 1)
            last = ops.repeat(ops.cast(last, "float32"), shape[1], axis=0)
            alignment = alignment + closes[:, :, None] * last[:, None]
        alignment = ops.reshape(alignment, (*shape, -1))
        return alignment, ops.reshape(confidences, shape)

    def footprint(self, width, longest):
        """See `Head`; prefixes are compared with each other id by id."""
        return width * width * (longest + 8 * min(2 * width, self.size)) + 8 * width * longest

    def fits(self, counts, ids):
        """See `Head`: a position for each label, and one more between equal neighbors."""
        labels, count = labels_of(ids, self.end)
        return ops.cast(counts, "int32") >= count + repeats(labels)

    def misfit(self, positions, labels):
        """See `Head`."""
        return (
            f"has {positions} positions and {labels} labels. CTC needs one for each label and one "
            "more between equal neighbors: leave the example out, or shorten the encoder's stride."
        )


@register_head("joint")
class Joint(Ctc):
    r"""Trains an encoder by CTC and by a decoder together, which then decodes.

    .. math:: \lambda L_{\mathrm{CTC}} + (1 - \lambda) L_{\mathrm{decoder}}

    The model has two outputs, {"decoder": (B, T, V), "ctc": (B, S, V)}, of the same targets: closed
    by their end for the decoder, without it for CTC.

    Args:
        weight: lambda, between 0 and 1.
        end: the id that closes targets.

    Source:
        Watanabe et al. 2017, "Hybrid CTC/Attention Architecture", equation 26. Both losses are
        means over the tokens of a batch.
    """

    least_ids = 5
    with_decoder = True

    def __init__(self, weight: float = 0.3, end: int = 2, **kwargs: Any):
        super().__init__(end=end, **kwargs)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < 1:
            raise ValueError(
                f"`weight` must be a number between 0 and 1, for example 0.3; got {weight!r}. For "
                "CTC or a decoder alone, pass head='ctc' or leave `head` out."
            )
        self.weight = float(weight)

    def suited(self, source, target):
        """See `Head`."""
        end = closing(target)
        return self.like(end=end) if end else self


def certain_blanks(logits: Any, real: Any, end: int | None = None) -> Any:
    """Returns logits (B, S, V) that are certain of the blank at padding, and never give `end`."""
    ids = ops.arange(ops.shape(logits)[-1], dtype="int32")
    certain = ops.where(ops.equal(ids, BLANK), 0.0, FORBIDDEN)
    forbidden = ops.cast(FORBIDDEN, logits.dtype)
    if end is not None:
        logits = ops.where(ops.equal(ids, end), forbidden, logits)
    return ops.where(real[:, :, None], logits, ops.cast(certain, logits.dtype))


def closing(target: Any) -> int | None:
    """Returns the id that closes a target, which may be a number of ids, a tokenizer or a target.

    Raises:
        ValueError: its padding is not 0, which is the blank.
    """
    special = getattr(target, "special", None)
    if special is None:
        return None
    if special.padding != BLANK:
        raise ValueError(
            f"A CTC head needs a target whose padding is 0, the blank; got {special.padding}. "
            "Train a tokenizer of this package for the target."
        )
    return special.end if getattr(target, "closes", True) else None
