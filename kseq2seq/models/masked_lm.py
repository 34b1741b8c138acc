"""A Transformer encoder that learns from text alone, by guessing masked tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from kseq2seq.encoders import SourceSpec, token_spec
from kseq2seq.heads import Head
from kseq2seq.layers import linear, normalization, output_table, single_stack_norm
from kseq2seq.models.architecture import register_architecture
from kseq2seq.models.built import Last
from kseq2seq.models.head_model import HeadModel
from kseq2seq.models.transformer import EncoderSizes


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

    Made by `build_model("masked_lm", source)`. Train it on `kseq2seq.data.masked_batches`, then
    start the encoder of an encoder-decoder from its encoder by `warm_start`.

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
    ) -> None:
        """See `BuiltModel`."""
        self.end(encoder, _Guess(table, name="guess"), arguments)


@register_architecture("masked_lm")
@dataclass(frozen=True, kw_only=True)
class MaskedLm(EncoderSizes):
    """A Transformer encoder that guesses masked tokens (BERT); see also `EncoderSizes`.

    A `Transformer` with the same settings has the same encoder, unless norm="deep", so `warm_start`
    can copy its weights there.

    Example:
        >>> from kseq2seq.models import MaskedLm
        >>> MaskedLm(num_layers=6).norm
        'pre'

    Source:
        Devlin et al. 2019, "BERT", section 3.1, task 1; no sentence pairs.
    """

    facts = EncoderSizes.facts
    encoder_settings = EncoderSizes.encoder_settings
    needs_target = False
    recipe_sizes = None

    def build(
        self, source: SourceSpec, target: int | None, arguments: dict[str, Any]
    ) -> keras.Model:
        """See `Architecture`."""
        size = token_spec(source, "A masked language model").size
        if target is not None:
            raise ValueError(
                f"A masked language model predicts tokens of its source, so it takes no `target`; "
                f"got {size} source and {target} target ids. Leave `target` out."
            )
        encoder, table = self._encoder(source)
        return MaskedLanguageModel(encoder, table, arguments)

    def build_encoder(self, source: SourceSpec) -> keras.Model:
        """See `Architecture`; for a head that is trained after `warm_start`."""
        return self._encoder(source)[0]

    def _encoder(self, source: SourceSpec) -> tuple[keras.Model, keras.layers.Layer]:
        with keras.name_scope("encoder"):
            table = output_table(
                token_spec(source, "A masked language model").size, self.hidden_dim, tied=True
            )
        return self.stack(source, table, single_stack_norm(self.norm, self.num_layers)), table
