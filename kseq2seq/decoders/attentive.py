"""What recurrent decoders with attention share: where they look, what they copy and repeat."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops, tree

from kseq2seq.decoders.decoder import Step
from kseq2seq.decoders.recurrent import RecurrentDecoder
from kseq2seq.layers import Attention, Pointer


class AttentiveDecoder(RecurrentDecoder):
    """The base of recurrent decoders that attend to the source; see also `RecurrentDecoder`.

    With `coverage`, its state has the sum of its alignments so far, float32 (rows, S), under
    "coverage", which the attention reads. A sum in 16 bits would lose the small ones, so it is the
    one part of a state that is not in the compute dtype.

    Args:
        vocabulary_size: number of target ids.
        copy: mix words of the source into the distribution of the next word.
        coverage: weight of the coverage loss; 0 for no coverage.
        **kwargs: those of `RecurrentDecoder`.

    Source:
        See et al. 2017, "Get To The Point", sections 2.2 and 2.3.
    """

    def __init__(self, vocabulary_size, *, copy=False, coverage=0.0, **kwargs):
        super().__init__(vocabulary_size, autocast=not coverage, **kwargs)
        self.copies = copy
        self.coverage = float(coverage)
        self.pointer: Pointer | None = None

    def make_attention(self, score: str) -> None:
        """Makes the attention, by the name of its score, one of `kseq2seq.layers.SCORES`."""
        dims = self.hidden_dim, self.source_dim, self.hidden_dim
        self.attention = Attention(score, *dims, coverage=bool(self.coverage), name="attention")

    def make_pointer(self, width: int) -> None:
        """Makes the pointer, if the decoder copies, for features of a width."""
        if self.copies:
            self.pointer = Pointer(width, name="pointer")

    def of_source(self, encoded: dict) -> dict:
        """Returns the context: the source's outputs, keys, mask and, to copy, its ids."""
        context = self.attention.context(encoded["outputs"], encoded["mask"])
        return {**context, "copy_ids": encoded["copy_ids"]} if self.copies else context

    def cast(self, context: dict, state: dict) -> tuple[dict, dict]:
        """Returns context and state in the compute dtype, as Keras casts them, but the coverage."""
        if not self.coverage:
            return context, state

        def own(leaf: Any) -> Any:
            real = keras.backend.is_float_dtype(keras.backend.standardize_dtype(leaf.dtype))
            return ops.cast(leaf, self.compute_dtype) if real else leaf

        coverage = {"coverage": ops.cast(state["coverage"], "float32")}
        context, state = tree.map_structure(own, (context, state))
        return context, {**state, **coverage}

    def first_coverage(self, encoded: dict) -> dict:
        """Returns {"coverage": zeros (B, S)} of the first state; {} without coverage."""
        if not self.coverage:
            return {}
        return {"coverage": ops.zeros_like(encoded["outputs"][..., 0], dtype="float32")}

    def next_coverage(self, state: dict, alignment: Any) -> dict:
        """Returns {"coverage"} of the state after a step that looked by `alignment` (rows, S)."""
        if not self.coverage:
            return {}
        return {"coverage": state["coverage"] + ops.cast(alignment, "float32")}

    def with_copies(self, step: Step, features: list, context: dict) -> Step:
        """Returns a step with copies mixed in, if the decoder copies.

        Args:
            step: of the generator alone.
            features: tensors (rows, T, ...), by which the pointer chooses to copy.
            context: of the source.
        """
        if self.pointer is None:
            return step
        together = ops.concatenate(features, axis=-1) if len(features) > 1 else features[0]
        mixed = self.pointer(step.logits, together, step.alignment, context["copy_ids"])
        return step._replace(logits=mixed)
