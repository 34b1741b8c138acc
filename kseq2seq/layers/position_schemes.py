"""How self-attention knows the positions of its queries and keys: one class for each scheme."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kseq2seq.checks import one_of
from kseq2seq.layers.prebuilt import Prebuilt
from kseq2seq.layers.token_embedding import POSITION_SCHEMES, look_up


@keras.saving.register_keras_serializable(package="kseq2seq", name="Positions")
class PositionScheme:
    """The three points at which a scheme may act on attention; this one does nothing at any.

    Steps are the positions of queries or keys, int (1, T), or (B, T) where rows differ. A learned
    scheme reads `tables`, tensors, in place of its weights if they are passed; see `reading`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import PositionScheme
        >>> PositionScheme().turn(np.ones((1, 1, 1, 2)), np.array([[3]])).tolist()
        [[[[1.0, 1.0]]]]
    """

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the constructor."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PositionScheme:
        """Makes the scheme that `get_config` described."""
        return cls(**config)

    @property
    def tables(self) -> tuple:
        """The learned weights; () if there are none."""
        return ()

    def reading(self, tables) -> PositionScheme:
        """Returns the same scheme over tensors in place of its weights.

        Keras rematerializes functions of tensors, which must not capture variables.
        """
        return _OverTensors(self, tables) if tables else self

    def turn(self, x, steps):
        """Changes queries or keys (B, H, T, D) by their own positions."""
        return x

    def scores(self, query, query_steps, key_steps, tables=None):
        """Returns terms to add to the scores, broadcasting to (B, H, T, S), or None."""
        return None

    def mixed(self, probabilities, query_steps, key_steps, tables=None):
        """Returns terms to add to the mixed values (B, H, T, D), or None."""
        return None


NOWHERE = PositionScheme()  # of positions that act nowhere in attention, which skips the calls


class _OverTensors(PositionScheme):
    """A learned scheme that reads tensors instead of its weights."""

    def __init__(self, scheme, tensors):
        self.scheme = scheme
        self.tensors = tensors

    def scores(self, query, query_steps, key_steps, tables=None):
        return self.scheme.scores(query, query_steps, key_steps, self.tensors)

    def mixed(self, probabilities, query_steps, key_steps, tables=None):
        return self.scheme.mixed(probabilities, query_steps, key_steps, self.tensors)


def rotate(x, positions, base: float = 10_000.0):
    r"""Turns each pair of features by an angle proportional to its position.

    Features `i` and `i + D/2` form a pair, turned by :math:`p\,\mathrm{base}^{-2i/D}`; so a dot
    product of two turned vectors depends on their distance only. Angles are computed in float32.

    Args:
        x: (B, H, T, D), D even.
        positions: int (T,), or (B, T) where rows differ.
        base: wavelengths run from 2 pi to 2 pi * base.

    Returns:
        (B, H, T, D) in the dtype of `x`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import rotate
        >>> x = np.random.default_rng(0).normal(size=(1, 1, 2, 4)).astype("float32")
        >>> near, far = np.array(rotate(x, np.arange(2))), np.array(rotate(x, np.arange(2) + 90))
        >>> bool(np.isclose(near[0, 0, 0] @ near[0, 0, 1], far[0, 0, 0] @ far[0, 0, 1], atol=1e-4))
        True

    Source:
        Su et al. 2021, "RoFormer", equation 34; pairs are halves apart, not neighbors.
    """
    # 1. The angle of each pair at each position: (T, D / 2), or (B, 1, T, D / 2) for all heads.
    half = x.shape[-1] // 2
    inverse = base ** (-ops.arange(half, dtype="float32") / half)
    angles = ops.cast(positions, "float32")[..., None] * inverse
    angles = angles if len(angles.shape) == 2 else angles[:, None]
    cosine, sine = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
    # 2. The rotation of every pair (first, second), each half (B, H, T, D / 2).
    first, second = x[..., :half], x[..., half:]
    return ops.concatenate([first * cosine - second * sine, second * cosine + first * sine], -1)


@keras.saving.register_keras_serializable(package="kseq2seq")
class Rotary(PositionScheme):
    """Rotary position embedding; see `rotate`."""

    def turn(self, x, steps):
        """See `PositionScheme`."""
        return rotate(x, steps)


@keras.saving.register_keras_serializable(package="kseq2seq")
class Alibi(PositionScheme):
    r"""Scores that fall linearly with distance: :math:`-m_h |i - j|`.

    The slopes are :math:`m_h = 2^{-8 h / H}` for heads h = 1 ... H.

    Args:
        num_heads: H.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import Alibi
        >>> steps = np.arange(3)[None]
        >>> np.array(Alibi(num_heads=8).scores(None, steps, steps))[0, 0].tolist()
        [[0.0, -0.5, -1.0], [-0.5, 0.0, -0.5], [-1.0, -0.5, 0.0]]

    Source:
        Press et al. 2022, "Train Short, Test Long", section 3; symmetric where both directions are
        seen. For numbers of heads that are no power of two the same formula is used.
    """

    def __init__(self, num_heads: int):
        self.num_heads = num_heads
        self.slopes = [2.0 ** (-8.0 * (head + 1) / num_heads) for head in range(num_heads)]

    def get_config(self):
        """See `PositionScheme`."""
        return {"num_heads": self.num_heads}

    def scores(self, query, query_steps, key_steps, tables=None):
        """See `PositionScheme`; float32 (1 or B, H, T, S)."""
        far = ops.cast(ops.absolute(_distance(query_steps, key_steps)), "float32")
        slopes = ops.reshape(ops.convert_to_tensor(self.slopes, "float32"), (-1, 1, 1))
        return (0.0 - far)[:, None] * slopes  # a negated 0 would be -0


@keras.saving.register_keras_serializable(package="kseq2seq")
class DistanceBuckets(Prebuilt, PositionScheme):
    r"""A learned score for each head and bucket of distances.

    Half of the buckets hold one small distance each; the other half grow logarithmically up to
    `max_distance`, and all longer distances share the last.

    Args:
        num_heads: H.
        bidirectional: keys may be on both sides, each with half of the buckets; else all buckets
            are for keys to the left.
        num_buckets: how many.
        max_distance: in steps.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import DistanceBuckets
        >>> buckets = DistanceBuckets(num_heads=2, bidirectional=False)
        >>> np.array(buckets.bucket(np.array([0, -1, -15, -16, -20, -127, -999]))).tolist()
        [0, 1, 15, 16, 17, 31, 31]

    Source:
        Raffel et al. 2020, "Exploring the Limits of Transfer Learning", section 2.1: one table is
        shared by all blocks of a stack. There queries are not scaled by their width; here they are.
    """

    def __init__(
        self, num_heads: int, bidirectional: bool, num_buckets: int = 32, max_distance=128, **kwargs
    ):
        super().__init__(**kwargs)
        self.bidirectional = bidirectional
        self.num_buckets = num_buckets
        self.max_distance = max_distance
        with self.parts():
            self.table = self.add_weight((num_buckets, num_heads), "zeros", name="buckets")

    def call(self, query, query_steps=None, key_steps=None):
        """Returns what `scores` does; without steps, for a sequence that attends to itself."""
        return self.scores(query, *_steps(query, query_steps, key_steps))

    @property
    def tables(self):
        """See `PositionScheme`."""
        return (self.table,)

    def bucket(self, distance):
        """Returns the bucket of each distance, key step minus query step; int32."""
        distance = ops.cast(distance, "int32")
        # 1. Both directions are halves of the table; from here on distances are not negative.
        count, first = self.num_buckets, ops.zeros_like(distance)
        if self.bidirectional:
            count //= 2
            first = ops.where(distance > 0, count, 0)
            distance = ops.absolute(distance)
        else:
            distance = ops.maximum(-distance, 0)
        # 2. Below `exact`, a bucket for each distance; from there on, `growth` for each factor e.
        exact = count // 2
        growth = (count - exact) / math.log(self.max_distance / exact)
        far = ops.cast(ops.maximum(distance, exact), "float32")
        # a hair's breadth keeps exact powers from falling below their bucket by rounding
        far = exact + ops.cast(ops.log(far / exact) * growth + 1e-5, "int32")
        return first + ops.where(distance < exact, distance, ops.minimum(far, count - 1))

    def scores(self, query, query_steps, key_steps, tables=None):
        """See `PositionScheme`; float32 (1 or B, H, T, S)."""
        (table,) = tables or self.tables
        rows = self.bucket(_distance(query_steps, key_steps))  # (1 or B, T, S)
        return ops.transpose(look_up(ops.cast(table, "float32"), rows), (0, 3, 1, 2))


@keras.saving.register_keras_serializable(package="kseq2seq")
class RelativeVectors(Prebuilt, PositionScheme):
    r"""A learned key and value for each distance up to `max_distance`.

    .. math::
        e_{ij} = q_i^\top (k_j + a^K_{j-i}) / \sqrt{d}, \quad
        z_i = \sum_j \alpha_{ij} (v_j + a^V_{j-i})

    Args:
        head_dim: width of a head; the vectors are shared by all heads of a layer.
        max_distance: in steps; longer distances share the last vector.

    Example:
        >>> from kseq2seq.layers import RelativeVectors
        >>> RelativeVectors(head_dim=4, max_distance=3).count_params()
        56

    Source:
        Shaw et al. 2018, "Self-Attention with Relative Position Representations", equations 3
        and 4.
    """

    def __init__(self, head_dim: int, max_distance: int = 16, **kwargs):
        super().__init__(**kwargs)
        self.max_distance = max_distance
        shape = (2 * max_distance + 1, head_dim)
        with self.parts():
            self.keys = self.add_weight(shape, "glorot_uniform", name="relative_keys")
            self.values = self.add_weight(shape, "glorot_uniform", name="relative_values")

    def call(self, query, query_steps=None, key_steps=None):
        """Returns what `scores` does; without steps, for a sequence that attends to itself."""
        return self.scores(query, *_steps(query, query_steps, key_steps))

    @property
    def tables(self):
        """See `PositionScheme`."""
        return (self.keys, self.values)

    def scores(self, query, query_steps, key_steps, tables=None):
        """See `PositionScheme`; (B, H, T, S), of `query` (B, H, T, D), already scaled."""
        keys, _ = tables or self.tables
        vectors = self._vectors(keys, query_steps, key_steps, query)  # (1 or B, T, S, D)
        return _by_position(query, ops.swapaxes(vectors, -1, -2))

    def mixed(self, probabilities, query_steps, key_steps, tables=None):
        """See `PositionScheme`."""
        _, values = tables or self.tables
        vectors = self._vectors(values, query_steps, key_steps, probabilities)
        return _by_position(probabilities, vectors)

    def _vectors(self, table, query_steps, key_steps, like):
        distance = _distance(query_steps, key_steps)
        rows = ops.clip(distance, -self.max_distance, self.max_distance) + self.max_distance
        return look_up(ops.cast(table, like.dtype), rows)


def _by_position(x, matrices):
    """(B, H, T, K) times the matrix of each position (1 or B, T, K, N) -> (B, H, T, N).

    Nothing is left for `matmul` to broadcast: with a broadcast batch axis, TensorFlow 2.21 with
    oneDNN crashed after some hundred calls.
    """
    if matrices.shape[0] != 1:  # rows differ: a product for each row and position
        product = ops.matmul(ops.transpose(x, (0, 2, 1, 3)), matrices)  # (B, T, H, N)
        return ops.transpose(product, (0, 2, 1, 3))
    shape = ops.shape(x)  # all rows and heads of a position in one product: (T, B * H, K)
    x = ops.reshape(ops.transpose(x, (2, 0, 1, 3)), (shape[2], -1, shape[3]))
    product = ops.reshape(ops.matmul(x, matrices[0]), (shape[2], shape[0], shape[1], -1))
    return ops.transpose(product, (1, 2, 0, 3))


def counted(x, steps=None):
    """Returns `steps`; if None, those of x (B, H, T, D) counted from 0, int32 (1, T)."""
    return ops.arange(ops.shape(x)[2], dtype="int32")[None] if steps is None else steps


def _steps(query, query_steps, key_steps):
    """Returns both, counted from 0 if None; there are then as many keys as queries."""
    query_steps = counted(query, query_steps)
    return query_steps, query_steps if key_steps is None else key_steps


def _distance(query_steps, key_steps):
    """(1 or B, T) and (1 or B, S) -> key step minus query step, (1 or B, T, S)."""
    return key_steps[:, None, :] - query_steps[:, :, None]


def stack_positions(
    scheme: str, num_layers: int, num_heads: int, head_dim: int, bidirectional: bool
) -> list[PositionScheme]:
    """Returns the scheme of each self-attention of a stack, for a name of `POSITION_SCHEMES`.

    Args:
        scheme: "shaw", "alibi", "t5" and "rotary" act in attention; for "sinusoidal" and
            "learned", which act on the embeddings, nothing is left to do.
        num_layers: blocks of the stack.
        num_heads: heads of each.
        head_dim: width of a head.
        bidirectional: whether later positions are seen.

    Example:
        >>> from kseq2seq.layers import stack_positions
        >>> first, second = stack_positions("t5", 2, num_heads=2, head_dim=4, bidirectional=True)
        >>> first is second
        True
    """
    one_of(POSITION_SCHEMES, position_scheme=scheme)
    if scheme == "shaw":
        return [RelativeVectors(head_dim, name=f"positions_{i}") for i in range(num_layers)]
    if scheme == "t5":
        shared: PositionScheme = DistanceBuckets(num_heads, bidirectional, name="positions")
    else:
        shared = {"alibi": Alibi(num_heads), "rotary": Rotary()}.get(scheme, NOWHERE)
    return [shared] * num_layers
