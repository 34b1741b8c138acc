"""Words as vectors, each of an entry of its own and of its spelling."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.layers.adaptable import Conv1D
from kseq2seq.layers.prebuilt import Prebuilt, linear
from kseq2seq.layers.token_embedding import Embedding, token_table

_LARGEST = 2.5  # about the root mean square of the largest of some rectified normal numbers


@keras.saving.register_keras_serializable(package="kseq2seq")
class SpelledEmbedding(Prebuilt):
    r"""Embeds words by a table and, so that unknown ones differ, by their characters.

    .. math:: v(w) = E_w + W \max_i \mathrm{relu}(K * c)_i

    c are the vectors of the characters and K is a convolution along them. What is learned of a
    spelling, for example an ending, holds for words that were never seen.

    Args:
        words: how many ids words have.
        characters: how many ids characters have; 0 is padding.
        dim: width of the vectors.
        deviation: standard deviation of the initial vectors of words.
        character_dim: width of the vectors of characters.
        filters: how many features of a spelling there are.
        width: characters that a feature is made of.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import SpelledEmbedding
        >>> embed = SpelledEmbedding(words=100, characters=30, dim=8)
        >>> tuple(embed(np.ones((2, 5, 1 + 12), "int32")).shape)
        (2, 5, 8)

    Source:
        Santos and Zadrozny 2014, "Learning Character-level Representations for Part-of-Speech
        Tagging", section 2.1. The two vectors are added here, not joined, so that `dim` is the
        width of both, and features are rectified.
    """

    def __init__(
        self,
        words: int,
        characters: int,
        dim: int,
        deviation: float | None = None,
        character_dim: int = 32,
        filters: int = 128,
        width: int = 5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        deviation = deviation or dim**-0.5
        self.character_dim = character_dim
        with self.parts():
            normal = keras.initializers.RandomNormal(stddev=deviation)
            self.words = token_table(words, dim, name="words", start=normal)
            unit = keras.initializers.RandomNormal(stddev=1.0)
            self.characters = Embedding(characters, character_dim, unit, name="characters")
            self.characters.build()
            self.convolution = Conv1D(
                filters,
                width,
                padding="same",
                activation="relu",
                kernel_initializer=keras.initializers.HeNormal(),
                name="convolution",
            )
            self.convolution.build((None, None, character_dim))
            start = keras.initializers.RandomNormal(stddev=deviation / _LARGEST / filters**0.5)
            self.spelling = linear(filters, dim, name="spelling", start=start)

    def call(self, ids):
        """Embeds words.

        Args:
            ids: int32 (B, S, 1 + C): of each word its own, then those of its characters.

        Returns:
            (B, S, dim).
        """
        shape = ops.shape(ids)
        # 1. The characters of all words, (B S, C, character_dim), 0 beyond a word's end.
        spelled = ops.reshape(ids[:, :, 1:], (-1, ids.shape[2] - 1))
        real = ops.cast(ops.not_equal(spelled, 0), self.compute_dtype)[..., None]
        x = self.characters(spelled) * real
        # 2. Each feature where it is largest, (B S, filters): at least 0, as where it is masked.
        features = ops.max(self.convolution(x) * real, axis=1)
        spelling = ops.reshape(self.spelling(features), (shape[0], shape[1], -1))
        return self.words(ids[:, :, 0]) + spelling
