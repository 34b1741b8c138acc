"""Tokens and their positions as vectors: the entrance of a Transformer."""

from __future__ import annotations

import keras
from keras import ops

from kseq2seq.checks import one_of
from kseq2seq.deprecation import renamed
from kseq2seq.layers.adaptable import Adaptable
from kseq2seq.layers.prebuilt import Prebuilt

POSITION_SCHEMES = ("sinusoidal", "learned", "rotary", "shaw", "alibi", "t5")


def look_up(table, ids):
    """Returns the rows (..., D) of `table` (V, D) at `ids` (...), int; its gradient is dense.

    By itself, TensorFlow hands the optimizer a gradient for each occurrence of an id. Keras' Adam
    then adds up the squares of these parts instead of squaring their sum, so that the steps of an
    id that occurs n times are up to sqrt(n) times too long, and norms for clipping are wrong, too.
    The gradient of a reshape is always dense.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers.token_embedding import look_up
        >>> np.array(look_up(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 1, 0]))).tolist()
        [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
    """
    return ops.take(ops.reshape(table, table.shape), ids, axis=0)


def sinusoid(positions, dim: int):
    r"""Encodes positions as sines and cosines of geometric wavelengths, in float32.

    .. math:: [\sin(p\,w_0), \ldots, \cos(p\,w_0), \ldots], \quad w_i = 10000^{-2i/d}

    Args:
        positions: int (...).
        dim: width, even.

    Returns:
        (..., dim) float32.

    Example:
        >>> from kseq2seq.layers import sinusoid
        >>> import numpy as np
        >>> np.array(sinusoid(np.arange(2), 4)).round(2).tolist()
        [[0.0, 0.0, 1.0, 1.0], [0.8399999737739563, 0.009999999776482582, 0.5400000214576721, 1.0]]

    Source:
        Vaswani et al. 2017, section 3.5; sines and cosines lie in halves, not interleaved.
    """
    half = dim // 2
    inverse = 10_000.0 ** (-ops.arange(half, dtype="float32") / half)
    angles = ops.cast(positions, "float32")[..., None] * inverse
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)


def _normal(dim: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=dim**-0.5)


@keras.saving.register_keras_serializable(package="kseq2seq")
class Embedding(Adaptable, keras.layers.Embedding):
    """Keras' embedding with a dense gradient; see `look_up` and `Adaptable`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import Embedding
        >>> tuple(Embedding(100, 8)(np.array([[5, 6, 5]])).shape)
        (1, 3, 8)
    """

    def call(self, inputs):
        """Maps ids (...) to vectors (..., dim)."""
        return ops.cast(look_up(self.embeddings, ops.cast(inputs, "int32")), self.compute_dtype)


@keras.saving.register_keras_serializable(package="kseq2seq")
class ReversibleEmbedding(Adaptable, keras.layers.ReversibleEmbedding):
    """Keras' embedding that also maps vectors to logits, with a dense gradient.

    See `look_up` and `Adaptable`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import ReversibleEmbedding
        >>> table = ReversibleEmbedding(100, 8)
        >>> tuple(table(table(np.array([[5, 6, 5]])), reverse=True).shape)
        (1, 3, 100)
    """

    def call(self, inputs, reverse=False):
        """Maps ids (...) to vectors (..., dim), or those to logits (..., V)."""
        if reverse or self.tie_weights:  # where tied, the output's gradient makes the sum dense
            return super().call(inputs, reverse)
        return ops.cast(look_up(self.embeddings, ops.cast(inputs, "int32")), self.compute_dtype)


def token_table(
    vocabulary_size: int,
    dim: int,
    name: str = "embedding",
    start: keras.initializers.Initializer | None = None,
) -> Embedding:
    """Returns a built embedding drawn from N(0, 1/dim), or by another initializer.

    Example:
        >>> from kseq2seq.layers import token_table
        >>> token_table(100, 8).count_params()
        800
    """
    table = Embedding(vocabulary_size, dim, start or _normal(dim), name=name)
    table.build()
    return table


def output_table(
    vocabulary_size: int, dim: int, tied: bool, name: str = "embedding"
) -> ReversibleEmbedding:
    """Returns a built embedding that also maps vectors to logits; if `tied`, by the same matrix.

    The matrix is drawn from N(0, 1/dim): scaled by sqrt(dim) its vectors, and as an output layer
    its logits, start near unit variance.

    Example:
        >>> from kseq2seq.layers import output_table
        >>> [output_table(100, 8, tied=tied).count_params() for tied in (True, False)]
        [800, 1600]
    """
    table = ReversibleEmbedding(vocabulary_size, dim, tied, _normal(dim), name=name)
    table.build()
    return table


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
class TokenEmbedding(Prebuilt):
    r"""Embeds tokens, scaled by :math:`\sqrt{d}`, and adds their positions.

    Args:
        table: an embedding layer, which encoder and decoder may share.
        dim: its width.
        position_scheme: one of `POSITION_SCHEMES`: "sinusoidal" or "learned" positions are added
            here; all others act in attention (see `PositionScheme`).
        max_positions: how many positions a learned table has.
        dropout: rate on the sum, in [0, 1).
        deviation: standard deviation of the initial vectors, if the table is from N(0, 1/dim).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import TokenEmbedding, token_table
        >>> embed = TokenEmbedding(token_table(100, 8), 8, "learned", max_positions=64, dropout=0.1)
        >>> tuple(embed(np.array([[5, 6, 7]]), position=2).shape)
        (1, 3, 8)

    Source:
        Vaswani et al. 2017, sections 3.4 and 3.5.
    """

    def __init__(
        self, table, dim, position_scheme, max_positions, dropout, deviation=1.0, **kwargs
    ):
        super().__init__(**kwargs)
        one_of(POSITION_SCHEMES, position_scheme=position_scheme)
        self.table = table
        if not table.built:
            table.build()
        self.dim = dim
        self.position_scheme = position_scheme
        self.max_positions = max_positions
        self.deviation = deviation
        with self.parts():
            self.dropout = keras.layers.Dropout(dropout)
            if position_scheme == "learned":
                # as large as tokens where those start small, else as Keras draws them
                small = deviation < 1
                start = keras.initializers.RandomNormal(0, deviation) if small else "uniform"
                # attribute and name stay as they are in files of weights
                self.places = Embedding(max_positions, dim, start, name="places")
                self.places.build()

    @property
    def max_length(self) -> int | None:
        """The longest sequence that learned positions reach, or None if there is no limit."""
        return self.max_positions if self.position_scheme == "learned" else None

    def call(self, tokens, position=0, training=None):
        """Embeds tokens.

        Args:
            tokens: int32 (B, T).
            position: int, an offset from steps 0 to T - 1 to positions; or (B, 1) where rows
                differ, or (B, T) where they are packed.
            training: bool.

        Returns:
            (B, T, dim).
        """
        x = ops.cast(self.table(tokens), self.compute_dtype)
        x = x * ops.cast(self.deviation * self.dim**0.5, x.dtype)
        steps = ops.arange(ops.shape(tokens)[1], dtype="int32") + position
        if self.position_scheme == "sinusoidal":
            x = x + ops.cast(self.deviation * sinusoid(steps, self.dim), x.dtype)
        elif self.position_scheme == "learned":
            if tokens.shape[1] is not None and tokens.shape[1] > self.max_positions:
                raise ValueError(
                    f"A sequence of {tokens.shape[1]} tokens was given to a model with learned "
                    f"positions for {self.max_positions}. Build it with a larger `max_positions`."
                )
            x = x + self.places(steps)
        return self.dropout(x, training=training)
