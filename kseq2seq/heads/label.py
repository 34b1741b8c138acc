"""One label for a whole source."""

from __future__ import annotations

from typing import Any

from keras import ops

from kseq2seq.heads.decoded import Decoded
from kseq2seq.heads.head import ASKED, Head, register_head
from kseq2seq.layers import linear

POOLINGS = ("mean", "attention")


@register_head("label")
class Label(Head):
    """Gives a source one of K labels: ids 1 to K, 0 being padding.

    Args:
        pooling: how positions become one vector: their "mean", or the "attention" of a learned
            query. Only real positions count; a source without any is a vector of zeros.

    Source:
        Attention: Yang et al. 2016, "Hierarchical Attention Networks", equations 5 to 7.
    """

    widest = None

    def __init__(self, pooling: str = "mean", **kwargs: Any):
        super().__init__(**kwargs)
        if pooling not in POOLINGS:
            raise ValueError(f"`pooling` must be one of {POOLINGS}; got {pooling!r}.")
        self.pooling = pooling

    def make(self, size, encoded):
        """See `Head`."""
        width = encoded["outputs"].shape[-1]
        if self.pooling == "attention":
            self.key = linear(width, width, activation="tanh", name="key")
            self.query = linear(width, 1, use_bias=False, name="query")
        self.logits = linear(width, size, name="logits")

    def call(self, encoded, training=None):
        """Returns logits (B, 1, V)."""
        outputs = encoded["outputs"]
        real = ops.cast(super().real(encoded), "float32")
        if self.pooling == "attention":
            # 1. How much each position counts, in float32; a row without any has all zeros.
            scores = ops.cast(self.query(self.key(outputs))[..., 0], "float32")
            scores = ops.where(real > 0, scores, -1e9)
            weights = ops.exp(scores - ops.max(scores, axis=1, keepdims=True)) * real
        else:
            weights = real
        total = ops.sum(weights, axis=1, keepdims=True)
        weights = ops.cast(weights / ops.where(total > 0, total, 1.0), outputs.dtype)
        # 2. The weighted mean; padding is zeroed first, since NaN times 0 is NaN.
        outputs = ops.where(real[:, :, None] > 0, outputs, ops.zeros_like(outputs))
        return self.logits(ops.matmul(weights[:, None], outputs))

    def real(self, encoded):
        """See `Head`; one position, of every row."""
        return ops.ones_like(ops.cast(encoded["mask"], "bool")[:, :1])

    def decode(self, logits, encoded, asked=ASKED):
        """See `Head`; a beam of n gives the n likeliest labels."""
        logs = ops.log_softmax(ops.cast(logits, "float32")[:, 0], axis=-1)[:, 1:]
        count = min(asked.width or 1, self.size - 1)
        scores, ids = ops.top_k(logs, count)
        ids = ops.cast(ids, "int32") + 1
        ones = ops.ones_like(ids)
        return Decoded(ids[:, :, None], ones, scores, None, ops.cast(ones, "bool"))

    def counts(self, inputs, positions):
        """See `Head`."""
        return ops.ones_like(positions)

    def misfit(self, positions, labels):
        """See `Head`."""
        return f"has {labels} labels. Give one label for the whole source."
