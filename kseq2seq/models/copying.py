"""Copying from the source: settings that architectures share, and what encoders add for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras
from keras import ops

from kseq2seq import checks
from kseq2seq.decoders import Decoder
from kseq2seq.encoders import SourceSpec


@dataclass(frozen=True, kw_only=True)
class Copying:
    """Mixed into architectures whose decoders can copy; see also `kseq2seq.layers.Pointer`.

    Args:
        copy: mix words of the source into the distribution of the next word; needs one vocabulary
            for source and target.
        coverage: weight of a loss on looking again at what was looked at, 1 (or True) in the paper;
            0 for none. Additive attention of a recurrent decoder then sees where it has looked.

    Raises:
        ValueError: `copy` is not a flag, or `coverage` not a finite number of at least 0.

    Source:
        See et al. 2017, "Get To The Point: Summarization with Pointer-Generator Networks".
    """

    copy: bool = False
    coverage: float = 0.0

    def __post_init__(self):
        checks.flag(copy=self.copy)
        weight = self.coverage
        if not (isinstance(weight, int | float) and math.isfinite(weight) and weight >= 0):
            raise ValueError(
                f"`coverage` must be a finite number of at least 0, for example 1; got {weight!r}."
            )


def with_copy_ids(
    encoder: keras.Model, decoder: Decoder, source: SourceSpec, target: int, stride: int = 1
) -> keras.Model:
    """Returns an encoder that also gives the ids of its source, if the decoder copies them.

    Args:
        encoder: functional model {"source" (B, S), "source_mask" (B, S)} -> encoded.
        decoder: itself if it does not copy.
        source: of the encoder.
        target: the number of target ids.
        stride: how many units of the source a position of the encoder's outputs stands for.

    Returns:
        A functional model whose outputs include "copy_ids" int32 (B, S), 0 at padding.

    Raises:
        ValueError: if the source is not ids, or has other ids than the target, or the encoder does
            not have a position for each of its units.

    Example:
        >>> from kseq2seq import build_model
        >>> sizes = {"hidden_dim": 8, "copy": True}
        >>> build_model("luong", source=9, target=9, **sizes).encoder.output["copy_ids"].shape
        (None, None)
        >>> build_model("luong", source=9, target=10, **sizes)
        Traceback (most recent call last):
            ...
        ValueError: `copy`=True copies source ids, so source and target must share ...
    """
    if not decoder.copies:
        return encoder
    ids = source.vocabulary_size if source.is_ids else None
    if ids != target:
        has = f"{ids} ids" if ids else str(source)
        raise ValueError(
            "`copy`=True copies source ids, so source and target must share one vocabulary; the "
            f"source has {has} and the target {target} ids. Train one joint tokenizer, or pass "
            "copy=False."
        )
    if stride != 1:
        raise ValueError(
            "`copy`=True copies what a position of the encoder stands for, which must be one "
            f"source id; this encoder makes one position of each {stride}. Pass copy=False, or "
            "another encoder."
        )
    units, mask = encoder.input["source"], encoder.input["source_mask"]
    copy_ids = units * ops.cast(ops.not_equal(mask, 0), "int32")
    return keras.Model(encoder.input, {**encoder.output, "copy_ids": copy_ids}, name=encoder.name)
