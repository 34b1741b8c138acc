"""The first layer of encoders that read sequences: ids or features become vectors."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.encoders.spec import SourceSpec
from kseq2seq.layers import Prebuilt, SpelledEmbedding, linear, token_table


@keras.saving.register_keras_serializable(package="kseq2seq")
class FeatureProjection(Prebuilt):
    """Maps the features of each unit to a vector, as an embedding does for ids.

    Args:
        num_features: how many a unit has; several axes are flattened.
        dim: width of the vectors.
        deviation: standard deviation of the initial vectors, if that of the features is 1.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.encoders.source_table import FeatureProjection
        >>> tuple(FeatureProjection(6, 8)(np.ones((2, 5, 3, 2), "float32")).shape)
        (2, 5, 8)
    """

    def __init__(self, num_features: int, dim: int, deviation: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_features = num_features
        with self.parts():
            start = keras.initializers.RandomNormal(stddev=deviation * num_features**-0.5)
            self.dense = linear(num_features, dim, name="dense", start=start)

    def call(self, features):
        """Maps (B, S, ...), or (B, S) for one feature, to (B, S, dim)."""
        shape = ops.shape(features)
        flat = ops.reshape(features, (shape[0], shape[1], self.num_features))
        return self.dense(ops.cast(flat, self.compute_dtype))


def source_table(spec: SourceSpec, dim: int, deviation: float | None = None) -> keras.layers.Layer:
    """Returns the layer that maps a sequence to vectors.

    That is an embedding of ids, one of spelled words, or a projection of features.

    Args:
        spec: of a sequence.
        dim: width of the vectors.
        deviation: standard deviation of the initial vectors; None takes dim ** -0.5.

    Example:
        >>> from kseq2seq.encoders import SourceSpec
        >>> from kseq2seq.encoders.source_table import source_table
        >>> type(source_table(SourceSpec.of(50), 8)).__name__
        'Embedding'
    """
    if spec.vocabulary_size is not None:
        start = None if deviation is None else keras.initializers.RandomNormal(stddev=deviation)
        return token_table(spec.vocabulary_size, dim, start=start)
    if spec.spelling is not None:
        return SpelledEmbedding(*spec.spelling, dim, deviation, name="embedding")
    return FeatureProjection(spec.size, dim, deviation or dim**-0.5, name="embedding")
