"""An encoder with a head that is no decoder."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.encoders import UNKNOWN, Facts, with_facts
from kseq2seq.heads import Head
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
        """Maps an encoded source to what the head makes of it."""
        return self.head(encoded, training=training)


@keras.saving.register_keras_serializable(package="kseq2seq")
class HeadModel(BuiltModel):
    """A functional model of a source's inputs -> what its head makes of the encoded source.

    Made by `build_model(..., head=...)`, whose arguments are its configuration. Train it on labels
    int32 (B, T) with `kseq2seq.training.loss_for(model)`; `kseq2seq.decode` answers.

    Attributes:
        encoder: functional model of a source's inputs -> encoded.
        head: the `Head`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> model = build_model("gru", source=50, target=6, head="labels", hidden_dim=8)
        >>> source = np.array([[7, 8, 2], [9, 2, 0]])
        >>> tuple(model({"source": source, "source_mask": source != 0}).shape)
        (2, 3, 6)
    """

    def join(
        self,
        encoder: keras.Model,
        head: Head,
        arguments: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        facts: Facts | None = None,
    ) -> None:
        """See `BuiltModel`; `facts` are of an encoder that `build_model` did not make."""
        facts = getattr(arguments, "facts", UNKNOWN) if facts is None else facts
        encoder = with_facts(encoder, facts)
        if inputs is None:
            more = {name: symbolic(name, *spec) for name, spec in head.inputs.items()}
            inputs = {**encoder.input, **more}
        made = Headed(head, name="head")(encoded_by(encoder, inputs))
        self.become(inputs, made, arguments, facts)

    def parts(self) -> tuple[Any, ...]:
        """See `BuiltModel`."""
        return self.encoder, self.head

    @property
    def head(self) -> Head:
        """The head."""
        return self.get_layer("head").head

    def encode(self, source: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Returns what the head is given: the encoded source, and inputs that are the head's."""
        return encoded_by(self.encoder, source, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """See `keras.Model`; `y` int (B, T) may have more or fewer places than the output."""
        y, sample_weight = self._aligned(y, y_pred), self._aligned(sample_weight, y_pred)
        return super().compute_loss(x, y, y_pred, sample_weight, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """See `keras.Model`; metrics see logits."""
        y, sample_weight = self._aligned(y, y_pred), self._aligned(sample_weight, y_pred)
        made = y_pred if y is None else self.head.seen(y_pred, y)
        return super().compute_metrics(x, y, made, sample_weight)

    def _aligned(self, labels: Any, made: Any) -> Any:
        if labels is None or keras.tree.is_nested(labels) or keras.tree.is_nested(made):
            return labels
        return self.head.aligned(ops.convert_to_tensor(labels), made)


def encoded_by(encoder: keras.Model, inputs: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Returns what an encoder makes of its own inputs, and the others as they are."""
    own = {name: inputs[name] for name in encoder.input}
    others = {name: x for name, x in inputs.items() if name not in own}
    return {**others, **encoder(own, **options)}


def symbolic(name: str, shape: tuple[int | None, ...], dtype: str) -> keras.KerasTensor:
    """Returns an input of a source's `spec`."""
    return keras.Input(shape, dtype=dtype, name=name)
