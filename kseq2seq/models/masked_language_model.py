"""An encoder that learns from text alone, by guessing what was masked."""

from __future__ import annotations

from typing import Any

import keras

from kseq2seq.heads import Head
from kseq2seq.layers import linear, normalization
from kseq2seq.models.built import Last
from kseq2seq.models.head_model import HeadModel


@keras.saving.register_keras_serializable(package="kseq2seq")
class _Guess(Last, Head):
    """The head: a transformation, then the similarity to every token's vector."""

    def __init__(self, table: keras.layers.ReversibleEmbedding, **kwargs):
        super().__init__(**kwargs)
        dim = table.output_dim
        self.table = table
        self.size = table.input_dim
        with self.parts():
            self.transform = linear(dim, dim, activation="gelu", name="transform")
            self.normalize = normalization(dim, name="norm")
            self.bias = self.add_weight((table.input_dim,), "zeros", name="bias")

    def call(self, encoded, training=None):
        """Returns logits (B, S, V)."""
        x = self.normalize(self.transform(encoded["outputs"]))
        logits = self.table(x, reverse=True)
        return logits + keras.ops.cast(self.bias, logits.dtype)


@keras.saving.register_keras_serializable(package="kseq2seq")
class MaskedLanguageModel(HeadModel):
    """A functional model {"source" (B, S), "source_mask" (B, S)} -> logits (B, S, V).

    Made by `build_model("masked_lm", source)`, whose arguments are its configuration. Train it on
    `kseq2seq.data.masked_batches`, then hand its encoder to an encoder-decoder with `warm_start`.

    Attributes:
        encoder: functional model {"source", "source_mask"} -> encoded.
        head: the output layer, which guesses a token for each position.

    Example:
        >>> from kseq2seq import build_model
        >>> model = build_model("masked_lm", source=50, hidden_dim=8, num_heads=2)
        >>> model.output.shape
        (None, None, 50)

    Source:
        Devlin et al. 2019, "BERT", section 3.1, task 1, and its output layer.
    """

    def join(  # type: ignore[override]
        self,
        encoder: keras.Model,
        table: keras.layers.Layer,
        arguments: dict[str, Any],
        inputs: dict[str, Any] | None = None,
    ) -> None:
        """See `BuiltModel`."""
        inputs = encoder.input if inputs is None else inputs
        self.become(inputs, _Guess(table, name="guess")(encoder(inputs)), arguments)

    def parts(self) -> tuple[Any, ...]:
        """See `BuiltModel`."""
        return self.encoder, self.head.table

    @property
    def head(self) -> Any:
        """The output layer."""
        return self.get_layer("guess")
