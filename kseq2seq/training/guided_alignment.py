"""Guided alignment: attention learns from alignments of words."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.models import Seq2Seq
from kseq2seq.training.losses import weigh
from kseq2seq.training.views import check, view


def with_alignments(model: Seq2Seq) -> keras.Model:
    """Returns a view with two outputs, {"logits" (B, T, V), "alignments" (B, T, S) float32}.

    The alignments are the decoder's `Step.alignment`, for example the mean over the heads of the
    last block; each row sums to 1. Labels are a dict of the same two names, for example from
    `kseq2seq.data.Aligner.add_to`.

    Args:
        model: from `build_model`, with a decoder that attends.

    Returns:
        A model of the same inputs and weights.

    Raises:
        TypeError: if `model` is not a `Seq2Seq`.
        ValueError: if the decoder has no attention.

    Example:
        >>> import keras
        >>> from kseq2seq import TokenCrossEntropy, build_model
        >>> from kseq2seq.training import GuidedAlignment, with_alignments
        >>> view = with_alignments(build_model("luong", source=9, target=9, hidden_dim=4))
        >>> view.compile(
        ...     keras.optimizers.Adam(1e-3),
        ...     loss={"logits": TokenCrossEntropy(), "alignments": GuidedAlignment()},
        ...     loss_weights={"logits": 1.0, "alignments": 0.1},
        ... )
    """
    check(model)
    layer = Aligned(model.decoder, dtype=model.decoder.dtype_policy)
    return view(model, layer, name="with_alignments")


class Aligned(keras.layers.Layer):
    """Teacher forcing that returns alignments, too."""

    def __init__(self, decoder, **kwargs):
        super().__init__(**kwargs)
        self.decoder = decoder
        self.built = True

    def call(self, target, encoded, training=None):
        """Maps target inputs (B, T) and an encoded source to both outputs."""
        context, state = self.decoder.initial(encoded)
        step = self.decoder(target, context, state, training=training)
        if step.alignment is None:
            raise ValueError(
                f"{type(self.decoder).__name__} has no attention to guide. Use a model that "
                f"attends to its source: 'luong', 'bahdanau' or 'transformer'."
            )
        if training and self.decoder.coverage:
            self.add_loss(self.decoder.coverage_loss(target, step.alignment))
        return {"logits": step.logits, "alignments": ops.cast(step.alignment, "float32")}


@keras.saving.register_keras_serializable(package="kseq2seq")
class GuidedAlignment(keras.losses.Loss):
    r"""Cross-entropy between given and computed alignments, in nats: the mean over aligned tokens.

    .. math:: -\sum_s \frac{A_{ts}}{\sum_{s'} A_{ts'}} \log \alpha_{ts}

    A row of A without a link, for example at padding, does not count.

    Args:
        name: the loss's name.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.training import GuidedAlignment
        >>> links = np.array([[[0, 1, 1, 0], [0, 0, 0, 0]]])  # the second token has no link
        >>> round(float(GuidedAlignment()(links, np.full((1, 2, 4), 0.25))), 4)  # log 4
        1.3863

    Source:
        Chen et al. 2016, "Guided Alignment Training for Topic-Aware Neural Machine Translation",
        section 3. The mean there is over all target tokens.
    """

    def __init__(self, name: str = "guided_alignment"):
        super().__init__(name=name, reduction="mean_with_sample_weight")

    def call(self, y_true, y_pred):
        """Returns the losses (B, T) of links (B, T, S), at least 0, under alignments (B, T, S)."""
        links = ops.cast(y_true, "float32")
        target = links / ops.maximum(ops.sum(links, axis=-1, keepdims=True), 1e-9)
        return -ops.sum(target * ops.log(ops.cast(y_pred, "float32") + 1e-12), axis=-1)

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Returns the mean loss over tokens with a link."""
        links = ops.convert_to_tensor(y_true)
        return super().__call__(links, y_pred, self.weights(links, sample_weight))

    def weights(self, y_true, sample_weight=None):
        """Returns the weight of each row of links in the mean, float32 (B, T), 0 without a link."""
        return weigh(ops.any(ops.not_equal(y_true, 0), axis=-1), sample_weight)

    def get_config(self):
        """See `keras.losses.Loss`."""
        return {"name": self.name}
