"""The decoder-only Transformer; without a source it is a language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from kseq2seq import checks
from kseq2seq.decoders import Decoder, PrefixDecoder
from kseq2seq.encoders import Facts, SourceSpec, empty_encoder, prefix_encoder, token_spec
from kseq2seq.layers import (
    PrefixBlock,
    TokenEmbedding,
    normalization,
    output_table,
    single_stack_norm,
    stack_positions,
)
from kseq2seq.models.architecture import register_architecture
from kseq2seq.models.build import Arguments
from kseq2seq.models.seq2seq import Seq2Seq
from kseq2seq.models.transformer import TransformerSizes


@keras.saving.register_keras_serializable(package="kseq2seq")
class NoSource(keras.layers.Layer):
    """The mask of an empty source, with a row for each target."""

    supports_masking = True  # it gets no mask and passes none on

    def call(self, target):
        """Maps (B, T) to zeros (B, 1), int32."""
        return ops.zeros((ops.shape(target)[0], 1), "int32")


@keras.saving.register_keras_serializable(package="kseq2seq")
class LanguageModel(Seq2Seq):
    """A functional model {"target" (B, T)} -> logits (B, T, V), without a source.

    Made by `build_model("decoder_only", None, target)`. It trains and decodes like a `Seq2Seq`:
    `model.generate(None, Sample(), max_length=20, rows=5)` writes five texts.

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
        """See `BuiltModel`."""
        return {"source_mask": NoSource(name="no_source")(inputs["target"])}

    @staticmethod
    def source_inputs(encoder: keras.Model) -> dict[str, Any]:
        """See `BuiltModel`; there are none."""
        return {}


@register_architecture("decoder_only")
@dataclass(frozen=True, kw_only=True)
class DecoderOnly(TransformerSizes):
    """A language model over source and target (GPT); see also `TransformerSizes`.

    Encoder and decoder are the same blocks, so there is no cross-attention: it has half the weights
    of a `Transformer` of as many layers, and one vocabulary for source and target.

    Without a source (`source=None`) it is a `LanguageModel`.

    Args:
        prefix: "bidirectional" (the source sees all of itself: a prefix language model, Raffel et
            al. 2020) or "causal" (Radford et al. 2018).

    Example:
        >>> from kseq2seq.models import DecoderOnly
        >>> DecoderOnly(num_layers=6).prefix
        'bidirectional'
    """

    prefix: str = "bidirectional"

    encoder_settings = ("num_heads", "activation", "norm", "position_scheme", "prefix")
    needs_source = False
    packs = True
    recipe_sizes: ClassVar = {"num_heads": 4}

    def __post_init__(self):
        super().__post_init__()
        checks.one_of(("bidirectional", "causal"), prefix=self.prefix)

    @property
    def facts(self) -> Facts:
        """See `Architecture`."""
        return Facts(lookahead=0 if self.prefix == "causal" else None)

    def build(
        self, source: SourceSpec | None, target: int | None, arguments: dict[str, Any]
    ) -> keras.Model:
        """See `Architecture`; without a `target`, the source's vocabulary is that of both."""
        if source is None and target is not None:
            return LanguageModel(*self.parts(source, target), arguments)
        if target is None and source is not None:
            target = token_spec(source, "A decoder-only model").size
            arguments = Arguments(arguments, target=target, facts=self.declared_facts())
        spec: Any = source
        return super().build(spec, target, arguments)

    def build_encoder_alone(self, source: SourceSpec) -> keras.Model:
        """See `Architecture`."""
        raise ValueError(
            "'decoder_only' has no encoder that another head could stand on. Pass 'transformer' or "
            "'masked_lm', or leave `head` out."
        )

    def parts(self, source: SourceSpec | None, target: int) -> tuple[keras.Model, Decoder]:
        """See `Architecture`; without a source, the parts of a language model."""
        size = target if source is None else token_spec(source, "A decoder-only model").size
        if size != target:
            raise ValueError(
                f"A decoder-only model reads source and target as one sequence, but they have "
                f"{size} and {target} ids. Train one joint vocabulary."
            )
        sizes = self.block_sizes(single_stack_norm(self.norm, self.num_layers))
        both = self.prefix == "bidirectional" and source is not None
        with keras.name_scope("decoder"):
            schemes = stack_positions(
                self.position_scheme, self.num_layers, self.num_heads, sizes.head_dim, both
            )
            blocks = [
                PrefixBlock(sizes, scheme, causal=not both, name=f"block_{index}")
                for index, scheme in enumerate(schemes)
            ]
            table = output_table(target, self.hidden_dim, tied=True)
            embedding = TokenEmbedding(
                table,
                self.hidden_dim,
                self.position_scheme,
                self.max_positions,
                self.dropout,
                name="embedding",
            )
            norm = normalization(self.hidden_dim, name="norm") if sizes.norm.before else None
        if source is None:
            encoder = empty_encoder(self.num_layers, self.num_heads, sizes.head_dim)
        else:
            encoder = prefix_encoder(embedding, blocks, norm)
        return encoder, PrefixDecoder(embedding, blocks, norm, follows_source=source is not None)
