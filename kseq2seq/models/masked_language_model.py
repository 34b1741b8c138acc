"""An encoder that learns from text alone, by guessing what was masked."""

from __future__ import annotations

from typing import Any

import keras

from kseq2seq.layers import Prebuilt, linear, normalization
from kseq2seq.models.built import BuiltModel, Last


@keras.saving.register_keras_serializable(package="kseq2seq")
class _Guess(Last, Prebuilt):
    """The output layer: a transformation, then the similarity to every token's vector."""

    def __init__(self, table: keras.layers.ReversibleEmbedding, **kwargs):
        super().__init__(**kwargs)
        dim = table.output_dim
        self.table = table
        with self.parts():
            self.transform = linear(dim, dim, activation="gelu", name="transform")
            self.normalize = normalization(dim, name="norm")
            self.bias = self.add_weight((table.input_dim,), "zeros", name="bias")

    def call(self, x):
        """Maps (B, S, D) to logits (B, S, V)."""
        logits = self.table(self.normalize(self.transform(x)), reverse=True)
        return logits + keras.ops.cast(self.bias, logits.dtype)


@keras.saving.register_keras_serializable(package="kseq2seq")
class MaskedLanguageModel(BuiltModel):
    """A functional model {"source" (B, S), "source_mask" (B, S)} -> logits (B, S, V).

    Made by `build_model("masked_lm", source)`, whose arguments are its configuration. Train it on
    `kseq2seq.data.masked_batches`, then hand its encoder to an encoder-decoder with `warm_start`.

    Attributes:
        encoder: functional model {"source", "source_mask"} -> encoded.

    Example:
        >>> from kseq2seq import build_model
        >>> model = build_model("masked_lm", source=50, hidden_dim=8, num_heads=2)
        >>> model.output.shape
        (None, None, 50)

    Source:
        Devlin et al. 2019, "BERT", section 3.1, task 1, and its output layer.
    """

    def join(
        self,
        encoder: keras.Model,
        table: keras.layers.Layer,
        arguments: dict[str, Any],
        inputs: dict[str, Any] | None = None,
    ) -> None:
        """See `BuiltModel`."""
        inputs = encoder.input if inputs is None else inputs
        logits = _Guess(table, name="guess")(encoder(inputs)["outputs"])
        self.become(inputs, logits, arguments)

    def parts(self) -> tuple[Any, ...]:
        """See `BuiltModel`."""
        return self.encoder, self.get_layer("guess").table

    @property
    def encoder(self) -> keras.Model:
        """The encoder."""
        return self.get_layer("encoder")
