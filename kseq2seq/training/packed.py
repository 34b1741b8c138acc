"""Several pairs in each row: a training view of Transformers with hardly any padding."""

from __future__ import annotations

from typing import Any

import keras

from kseq2seq.decoders import PrefixDecoder, TransformerDecoder
from kseq2seq.encoders import read_prefix, read_source, token_input
from kseq2seq.layers import EncoderBlock, TokenEmbedding, attend
from kseq2seq.layers.segments import first_positions, together
from kseq2seq.models import Seq2Seq
from kseq2seq.training.views import View, check


def packed(model: Seq2Seq) -> keras.Model:
    """Returns a view that takes rows of several pairs, for example from `packed_batches`.

    Each pair is computed as if it had a row of its own: it attends to nothing of its neighbors, and
    its positions count from its own beginning.

    Args:
        model: from `build_model`: a "transformer" or "decoder_only", or a "hybrid" of two
            Transformers, whose encoder attends in "full".

    Returns:
        A model of the same weights, {"source" (B, S), "source_segments" (B, S), "target" (B, T),
        "target_segments" (B, T)} -> logits (B, T, V). All inputs are int32; a segment is the number
        of a pair in its row, from 1, at each of the pair's positions, which are adjacent; 0 is
        padding. Learned positions must reach to the end of a row, S and T (S + T for
        "decoder_only").

    Raises:
        TypeError: if `model` is not a `Seq2Seq`.
        ValueError: if its architecture can't keep the pairs of a row apart.

    Example:
        >>> import keras
        >>> from kseq2seq import TokenCrossEntropy, build_model
        >>> from kseq2seq.training import packed
        >>> sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2}
        >>> view = packed(build_model("transformer", source=9, target=9, **sizes))
        >>> view.compile(keras.optimizers.Adam(1e-3), TokenCrossEntropy())
        >>> sorted(view.input)
        ['source', 'source_segments', 'target', 'target_segments']

    Source:
        Raffel et al. 2020, section 3.1.1, packs rows so; Krell et al. 2021, "Efficient Sequence
        Packing without Cross-contamination", section 3.2, masks and counts positions as here.
    """
    check(model)
    decoder = model.decoder
    if model.source_spec is None or not model.source_spec.is_ids:
        raise ValueError(
            "Packed rows hold ids of a source and of a target, but the model reads "
            f"{model.source_spec or 'no source'}. Train it on one example per row."
        )
    if isinstance(decoder, PrefixDecoder):
        layers: Any = (decoder.embedding, decoder.blocks, decoder.normalize)
        read = read_prefix
    else:
        layers, read = _encoder_layers(model), read_source
    names = ("source", "source_segments", "target", "target_segments")
    inputs = {name: token_input(name) for name in names}
    forcing = _PackedForcing(read, layers, decoder, name="packed", dtype=decoder.dtype_policy)
    outputs = forcing(**inputs)
    return View(inputs, outputs, f"{model.name}_packed", model=model, made_by="packed")


class _PackedForcing(keras.layers.Layer):
    """Teacher forcing of both halves of a model over rows of several pairs."""

    def __init__(self, read: Any, layers: Any, decoder: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.read = read
        self.embedding, self.blocks, self.norm = layers  # in the order of the model's weights
        self.decoder = decoder
        self.built = True

    def call(
        self,
        source: Any,
        source_segments: Any,
        target: Any,
        target_segments: Any,
        training: bool | None = None,
    ) -> Any:
        """Maps ids and segments of sources (B, S) and targets (B, T) to logits (B, T, V)."""
        # 1. The source: each position attends to its own segment (B, S, S), and counts from the
        #    first of its segment: the offset is -first (B, S).
        encoded = self.read(
            self.embedding,
            self.blocks,
            self.norm,
            source,
            together(source_segments, source_segments),
            position=-first_positions(source_segments, source_segments),
        )
        # 2. The target: cross-attention to the source of the same segment (B, T, S); the decoder
        #    itself keeps the segments of its self-attention apart.
        seen = together(target_segments, source_segments)
        encoded = {**encoded, "mask": seen, "copy_ids": source}
        context, state = self.decoder.initial(encoded)
        step = self.decoder(target, context, state, segments=target_segments, training=training)
        if training and self.decoder.coverage:
            self.add_loss(self.decoder.coverage_loss(target, step.alignment))
        return step.logits


def _encoder_layers(model: Seq2Seq) -> tuple[TokenEmbedding, list[EncoderBlock], Any]:
    """Returns embedding, blocks and last normalization of a Transformer's encoder, or refuses."""
    layers = [
        layer for layer in model.encoder.layers if not isinstance(layer, keras.layers.InputLayer)
    ]
    embedding = next((layer for layer in layers if isinstance(layer, TokenEmbedding)), None)
    blocks = [layer for layer in layers if isinstance(layer, EncoderBlock)]
    if embedding is None or not blocks or not isinstance(model.decoder, TransformerDecoder):
        raise ValueError(
            f"Only Transformers can keep several pairs of a row apart, and {model.name!r} is not "
            f"one from end to end. Train it on `train_batches`, one pair per row, or build a "
            f"'transformer' or 'decoder_only'."
        )
    if any(block.attention.attend is not attend for block in blocks):
        raise ValueError(
            "Packed rows need an encoder that attends in full. Build the model with "
            "attention='full' (its weights are the same), or train it on `train_batches`."
        )
    norm = [layer for layer in layers if layer is not embedding and layer not in blocks]
    return embedding, blocks, norm[0] if norm else None
