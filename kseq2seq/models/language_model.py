"""A language model: a decoder without a source."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.models.seq2seq import Seq2Seq


@keras.saving.register_keras_serializable(package="kseq2seq")
class NoSource(keras.layers.Layer):
    """The mask of a source that has nothing, a row for each target."""

    supports_masking = True  # it is given no mask and hands none on

    def call(self, target):
        """Maps (B, T) to zeros (B, 1), int32."""
        return ops.zeros((ops.shape(target)[0], 1), "int32")


@keras.saving.register_keras_serializable(package="kseq2seq")
class LanguageModel(Seq2Seq):
    """A functional model {"target" (B, T)} -> logits (B, T, V), without a source.

    Made by `build_model("decoder_only", None, target)`. It is trained and decoded as a `Seq2Seq`
    is: `decode(model, None, Sample(), max_length=20, rows=5)` writes five texts.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2}
        >>> model = build_model("decoder_only", None, 50, **sizes)
        >>> tuple(model({"target": np.array([[1, 7, 8]])}).shape)
        (1, 3, 50)

    Source:
        Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training", section
        3.1.
    """

    has_source = False

    @staticmethod
    def source_of(encoder: keras.Model, inputs: dict[str, Any]) -> dict[str, Any]:
        """See `Seq2Seq`."""
        return {"source_mask": NoSource(name="no_source")(inputs["target"])}

    @staticmethod
    def source_inputs(encoder: keras.Model) -> dict[str, Any]:
        """See `Seq2Seq`; none."""
        return {}

    @property
    def source_spec(self) -> Any:
        """None: there is no source."""
        return None
