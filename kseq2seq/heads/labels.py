"""A label for each position, or for each word."""

from __future__ import annotations

from typing import Any

from keras import ops

from kseq2seq.heads.crf import CrfLoss, best_paths, stacked, unstacked
from kseq2seq.heads.decoded import FORBIDDEN, likeliest_labels, of_positions
from kseq2seq.heads.head import ASKED, Head, register_head
from kseq2seq.layers import linear


@register_head("labels")
class Labels(Head):
    """Gives each unit of a source one of K labels: ids 1 to K, 0 being padding.

    A unit is a word if the source names words, by "items" int32 (B, W), the first position of each,
    filled up with -1; else it is a real position. Labels are chosen one by one, or, with a
    linear-chain conditional random field, as the likeliest row of labels.

    Args:
        crf: whether labels depend on their neighbors. The model's output is then what `CrfLoss`
            takes, and `TokenAccuracy` is of the likeliest rows.
        items: whether the model has the input "items"; `build_model` sets it as its source has it.

    Source:
        Lafferty et al. 2001, "Conditional Random Fields"; Lample et al. 2016, section 2.2, whose
        matrix of transitions, start and end included, belongs to the head.
    """

    def __init__(self, crf: bool = False, items: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        for name, flag in (("crf", crf), ("items", items)):
            if not isinstance(flag, bool):
                raise ValueError(f"`{name}` must be True or False; got {flag!r}.")
        self.crf = crf
        self.items = items

    def make(self, size, encoded):
        """See `Head`."""
        self.logits = linear(encoded["outputs"].shape[-1], size, name="logits")
        if self.crf:
            # in float32 whatever the layers compute in, as sums over a row are
            self.transitions = self.add_weight(
                (size + 2, size), "zeros", name="transitions", autocast=False, dtype="float32"
            )

    @property
    def inputs(self):
        """See `Head`."""
        return {"items": ((None,), "int32")} if self.items else {}

    def suited(self, source, target):
        """See `Head`; takes the words of a source that names them."""
        named = "items" in getattr(source, "spec", {})
        return self.like(items=True) if named else self

    def call(self, encoded, training=None):
        """Returns logits (B, P, V); with a CRF, what `CrfLoss` takes."""
        outputs = encoded["outputs"]
        if self.items:
            first = ops.maximum(encoded["items"], 0)[:, :, None]
            outputs = ops.take_along_axis(outputs, first, axis=1)
        logits = self.logits(outputs)
        if not self.crf:
            return logits
        logits = ops.cast(logits, "float32")
        padding = ops.equal(ops.arange(self.size), 0)
        return stacked(ops.where(padding, FORBIDDEN, logits), self.transitions)

    def real(self, encoded):
        """See `Head`."""
        return encoded["items"] >= 0 if self.items else super().real(encoded)

    def loss(self, label_smoothing=0.0):
        """See `Head`."""
        if not self.crf:
            return None
        if label_smoothing:
            raise ValueError(
                "A conditional random field has no `label_smoothing`, since its labels are not "
                f"independent; got {label_smoothing!r}. Leave it at 0."
            )
        return CrfLoss()

    def aligned(self, labels, outputs):
        """See `Head`."""
        return super().aligned(labels, unstacked(outputs)[0] if self.crf else outputs)

    def seen(self, outputs, labels):
        """See `Head`; with a CRF, 1 at the labels of the likeliest rows of the same lengths."""
        if not self.crf:
            return outputs
        paths, _ = best_paths(outputs, ops.not_equal(labels, 0))
        return ops.one_hot(paths, self.size)

    def decode(self, logits, encoded, asked=ASKED):
        """See `Head`; the score is the log-probability of all labels together."""
        real = self.real(encoded)
        if not self.crf:
            return likeliest_labels(logits, real)
        paths, scores = best_paths(logits, real)
        return of_positions(paths, real, scores)

    def counts(self, inputs, positions):
        """See `Head`; the words of a source that names them."""
        if not self.items:
            return positions
        return ops.sum(ops.cast(ops.convert_to_tensor(inputs["items"]) >= 0, "int32"), axis=1)

    def misfit(self, positions, labels):
        """See `Head`."""
        if not self.items:
            return super().misfit(positions, labels)
        return f"has {positions} words and {labels} labels. Give one label for each word."
