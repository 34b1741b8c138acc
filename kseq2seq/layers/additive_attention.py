"""Additive attention (Bahdanau) and its kin (Luong): how recurrent decoders look at a source."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.checks import one_of
from kseq2seq.layers.attention import fold, unfold
from kseq2seq.layers.prebuilt import Prebuilt, linear

SCORES = ("additive", "dot", "general", "concat")


@keras.saving.register_keras_serializable(package="kseq2seq")
class Attention(Prebuilt):
    r"""Soft alignment of decoder states to a source, and the source's mean under it.

    With query s and encoder outputs h_j:

    - additive: :math:`v^\top \tanh(W s + U h_j)`
    - concat: the same without a bias; Luong's :math:`v^\top \tanh(W_a[s; h_j])` is that sum
    - dot: :math:`s^\top h_j`
    - general: :math:`s^\top W h_j`

    With coverage the sum has a third term, :math:`w\,c_j`, where c_j is how much earlier steps have
    looked at position j.

    All that depends on the source alone is computed once, in `context`. The softmax runs in
    float32, over real positions only.

    Args:
        score: one of the four.
        query_dim: width of s.
        source_dim: width of h_j; "dot" needs the two equal.
        units: width of the hidden layer of "additive" and "concat".
        coverage: whether a query comes with a coverage; for "additive" and "concat".

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import Attention
        >>> attention = Attention("additive", query_dim=4, source_dim=6, units=5)
        >>> mask = np.array([[True, True, False]])
        >>> context = attention.context(np.ones((1, 3, 6), "float32"), mask)
        >>> mixed, alignment = attention(np.ones((1, 1, 4), "float32"), context)
        >>> tuple(mixed.shape), np.array(alignment).ravel().tolist()
        ((1, 1, 6), [0.5, 0.5, 0.0])

    Source:
        Bahdanau et al. 2015, section A.1.2; Luong et al. 2015, section 3.1; See et al. 2017,
        equation 11, for coverage.
    """

    def __init__(self, score, query_dim, source_dim, units, coverage=False, **kwargs):
        super().__init__(**kwargs)
        one_of(SCORES, score=score)
        self.score = score
        with self.parts():
            if score in ("additive", "concat"):
                bias = score == "additive"
                self.query = linear(query_dim, units, use_bias=bias, name="query")
                self.key = linear(source_dim, units, use_bias=False, name="key")
                self.energy = self.add_weight((units,), "glorot_uniform", name="energy")
                if coverage:
                    self.coverage_weight = self.add_weight(
                        (units,), "glorot_uniform", name="coverage"
                    )
            elif score == "general":
                self.key = linear(source_dim, query_dim, use_bias=False, name="key")

    def context(self, outputs, mask) -> dict:
        """Projects encoder outputs (B, S, E) once for all steps; the mask is bool (B, S)."""
        key = outputs if self.score == "dot" else self.key(outputs)
        return {"key": key, "value": outputs, "mask": mask}

    def call(self, query, context, coverage=None):
        """Attends.

        Args:
            query: (B * N, T, query_dim), N hypotheses for each of B sources; or, for one step,
                (B * N, query_dim).
            context: what `context` returned.
            coverage: (B * N, S) for one step, or (B * N, T, S): the sum of earlier alignments.

        Returns:
            (mean source (B * N, T, E), alignment (B * N, T, S) float32 whose rows sum to 1), both
            without the axis T where the query has none.
        """
        key, value, mask = context["key"], context["value"], context["mask"]
        sources = ops.shape(mask)[0]
        # 1. Scores of the N * T queries of a source and its S positions: (B, N * T, S).
        if self.score in ("additive", "concat"):
            flat = ops.reshape(query, (-1, query.shape[-1]))
            projected = fold(self.query(flat), sources)  # (B, N * T, units)
            hidden = projected[:, :, None, :] + key[:, None, :, :]  # (B, N * T, S, units)
            if coverage is not None:
                earlier = ops.reshape(coverage, (sources, -1, ops.shape(mask)[1], 1))
                hidden = hidden + ops.cast(earlier, hidden.dtype) * self.coverage_weight
            hidden = ops.tanh(hidden)
            scores = ops.sum(hidden * ops.cast(self.energy, hidden.dtype), axis=-1)
        else:
            scores = ops.matmul(fold(query, sources), ops.swapaxes(key, 1, 2))
        # 2. The alignment, float32, and the mean of the source under it: (B, N * T, E).
        scores = ops.where(mask[:, None, :], ops.cast(scores, "float32"), -1e9)
        alignment = ops.softmax(scores)
        mixed = ops.matmul(ops.cast(alignment, value.dtype), value)
        # 3. Back to a row for each hypothesis.
        return unfold(mixed, query), unfold(alignment, query)
