"""An encoder with a head that is not a decoder."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.encoders import UNKNOWN, Facts, SourceSpec, check_facts
from kseq2seq.heads import Head, Label
from kseq2seq.models.built import BuiltModel, Last


@keras.saving.register_keras_serializable(package="kseq2seq")
class Headed(Last, keras.layers.Layer):
    """Runs a head, as the last layer of a model."""

    def __init__(self, head: Head, **kwargs):
        super().__init__(**kwargs)
        self.head = head
        self.supports_masking = True

    def compute_mask(self, *args: Any, **kwargs: Any) -> None:
        """See `Head`."""
        return None

    def call(self, encoded, training=None):
        """Maps an encoded source to the outputs of the head."""
        return self.head(encoded, training=training)

    def inputs_beside(self) -> SourceSpec:
        """See `Last`."""
        return SourceSpec(self.head.inputs)

    def after(self, encoded: dict[str, Any], inputs: dict[str, Any]) -> Any:
        """See `Last`."""
        return self(_beside(encoded, self.head, inputs))

    def answering(self) -> dict[str, Any]:
        """See `Last`."""
        return {"head": self.head}


@keras.saving.register_keras_serializable(package="kseq2seq")
class HeadModel(BuiltModel):
    """A functional model of a source's inputs -> the outputs of its head.

    Made by `build_model(..., head=...)`. Train it on labels int32 (B, T) with
    `kseq2seq.training.loss_for(model)`; `generate` returns the answers.

    Attributes:
        encoder: functional model of a source's inputs -> encoded.
        head: the `Head`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> model = build_model("gru", source=50, target=6, head="labels", hidden_dim=8)
        >>> source = np.array([[7, 8, 2], [9, 2, 0]])
        >>> tuple(model({"source": source}).shape)
        (2, 3, 6)
    """

    head: Any

    def join(
        self,
        encoder: keras.Model,
        head: Head,
        arguments: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        facts: Facts | None = None,
    ) -> None:
        """See `BuiltModel.end`; refuses facts that say other positions than the encoder makes."""
        if not isinstance(head, Label):  # which answers once, whatever the positions
            check_facts(encoder, getattr(arguments, "facts", UNKNOWN) if facts is None else facts)
        self.end(encoder, Headed(head, name="head"), arguments, inputs, facts)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """See `keras.Model`; without the "target" that batches have for a decoder."""
        if isinstance(inputs, dict) and "target" in inputs and "target" not in self.input:
            inputs = {name: x for name, x in inputs.items() if name != "target"}
        return super().__call__(inputs, *args, **kwargs)

    def encode(self, source: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Returns what the head reads: the encoded source, and inputs of the head's own."""
        encoded = self.encoder(self.source_of(self.encoder, source), training=training)
        return _beside(encoded, self.head, source)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """See `keras.Model`; `y` int (B, T) may have more or fewer positions than the output."""
        y, sample_weight = self._aligned(y, y_pred), self._aligned(sample_weight, y_pred)
        return super().compute_loss(x, y, y_pred, sample_weight, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """See `keras.Model`; metrics see logits."""
        y, sample_weight = self._aligned(y, y_pred), self._aligned(sample_weight, y_pred)
        logits = y_pred if y is None else self.head.seen(y_pred, y)
        return super().compute_metrics(x, y, logits, sample_weight)

    def _aligned(self, labels: Any, outputs: Any) -> Any:
        if labels is None or keras.tree.is_nested(labels) or keras.tree.is_nested(outputs):
            return labels
        return self.head.aligned(ops.convert_to_tensor(labels), outputs)


def _beside(encoded: dict[str, Any], head: Head, inputs: dict[str, Any]) -> dict[str, Any]:
    """Returns an encoded source, and the inputs of the model that its head reads."""
    return {**{name: inputs[name] for name in head.inputs}, **encoded}
