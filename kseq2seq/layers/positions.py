"""How self-attention knows where its queries and keys stand."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kseq2seq.layers.look_up import look_up
from kseq2seq.layers.prebuilt import Prebuilt
from kseq2seq.layers.rotary import rotate


@keras.saving.register_keras_serializable(package="kseq2seq")
class Positions:
    """The three places where a scheme may act on attention; this one does nothing at any of them.

    Steps are int (1, T), or (B, T) where rows stand at different places.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import Positions
        >>> Positions().turn(np.ones((1, 1, 1, 2)), np.array([[3]])).tolist()
        [[[[1.0, 1.0]]]]
    """

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the constructor."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Positions:
        """Makes what `get_config` described."""
        return cls(**config)

    @property
    def tables(self) -> tuple:
        """The learned weights, if there are any."""
        return ()

    def reading(self, tables) -> Positions:
        """Returns the same scheme over tensors in place of its weights.

        A loop whose body is rematerialised is given its tensors; it cannot reach for a variable.
        """
        return _Reading(self, tables) if tables else self

    def turn(self, x, steps):
        """Changes queries or keys (B, H, T, D) by their own places."""
        return x

    def scores(self, query, query_steps, key_steps, tables=None):
        """Returns what is added to the scores, broadcasting to (B, H, T, S), or None."""
        return None

    def mixed(self, probabilities, query_steps, key_steps, tables=None):
        """Returns what is added to the mixed values (B, H, T, D), or None."""
        return None


NOWHERE = Positions()


@keras.saving.register_keras_serializable(package="kseq2seq")
class Rotary(Positions):
    """Rotary position embedding; see `rotate`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import Rotary
        >>> turned = Rotary().turn(np.ones((1, 1, 1, 2), "float32"), np.array([[0]]))
        >>> np.array(turned).ravel().tolist()
        [1.0, 1.0]
    """

    def turn(self, x, steps):
        """See `Positions`."""
        return rotate(x, steps)


@keras.saving.register_keras_serializable(package="kseq2seq")
class Alibi(Positions):
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
        """See `Positions`."""
        return {"num_heads": self.num_heads}

    def scores(self, query, query_steps, key_steps, tables=None):
        """See `Positions`; float32."""
        far = ops.cast(ops.absolute(_distance(query_steps, key_steps)), "float32")
        slopes = ops.reshape(ops.convert_to_tensor(self.slopes, "float32"), (-1, 1, 1))
        return (0.0 - far)[:, None] * slopes


@keras.saving.register_keras_serializable(package="kseq2seq")
class DistanceBuckets(Prebuilt, Positions):
    r"""A learned score for each head and bucket of distances.

    Half of the buckets hold one small distance each; the other half grow logarithmically up to
    `max_distance`, and all that lie farther share the last.

    Args:
        num_heads: H.
        bidirectional: keys may stand on both sides, each with half of the buckets; else all
            buckets are for keys to the left.
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
        """Returns the scores (1 or B, H, T, S) of queries (B, H, T, D) and keys at those steps.

        Steps are as for `Positions`; None counts from 0, and takes as many keys as queries.
        """
        return self.scores(query, *_steps(query, query_steps, key_steps))

    @property
    def tables(self):
        """See `Positions`."""
        return (self.table,)

    def bucket(self, distance):
        """Returns the bucket of each distance, key step minus query step; int32."""
        distance = ops.cast(distance, "int32")
        count, first = self.num_buckets, ops.zeros_like(distance)
        if self.bidirectional:
            count //= 2
            first = ops.where(distance > 0, count, 0)
            distance = ops.absolute(distance)
        else:
            distance = ops.maximum(-distance, 0)
        exact = count // 2
        growth = (count - exact) / math.log(self.max_distance / exact)
        far = ops.cast(ops.maximum(distance, exact), "float32")
        # a hair's breadth keeps exact powers from falling below their bucket by rounding
        far = exact + ops.cast(ops.log(far / exact) * growth + 1e-5, "int32")
        return first + ops.where(distance < exact, distance, ops.minimum(far, count - 1))

    def scores(self, query, query_steps, key_steps, tables=None):
        """See `Positions`; float32."""
        (table,) = tables or self.tables
        rows = self.bucket(_distance(query_steps, key_steps))
        return ops.transpose(look_up(ops.cast(table, "float32"), rows), (0, 3, 1, 2))


@keras.saving.register_keras_serializable(package="kseq2seq")
class RelativeVectors(Prebuilt, Positions):
    r"""A learned key and value for each distance, cut at `max_distance`.

    .. math::
        e_{ij} = q_i^\top (k_j + a^K_{j-i}) / \sqrt{d}, \quad
        z_i = \sum_j \alpha_{ij} (v_j + a^V_{j-i})

    Args:
        head_dim: width of a head; the vectors are shared by all heads of a layer.
        max_distance: in steps; what lies farther shares the last vector.

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
        """Returns the scores (B, H, T, S) of queries (B, H, T, D), scaled, and keys at those steps.

        Steps are as for `Positions`; None counts from 0, and takes as many keys as queries.
        """
        return self.scores(query, *_steps(query, query_steps, key_steps))

    @property
    def tables(self):
        """See `Positions`."""
        return (self.keys, self.values)

    def _vectors(self, table, query_steps, key_steps, like):
        distance = _distance(query_steps, key_steps)
        rows = ops.clip(distance, -self.max_distance, self.max_distance) + self.max_distance
        return look_up(ops.cast(table, like.dtype), rows)

    def scores(self, query, query_steps, key_steps, tables=None):
        """See `Positions`; `query` (B, H, T, D), already scaled."""
        keys, _ = tables or self.tables
        vectors = self._vectors(keys, query_steps, key_steps, query)
        return _by_place(query, ops.swapaxes(vectors, -1, -2))

    def mixed(self, probabilities, query_steps, key_steps, tables=None):
        """See `Positions`."""
        _, values = tables or self.tables
        vectors = self._vectors(values, query_steps, key_steps, probabilities)
        return _by_place(probabilities, vectors)


def _by_place(x, vectors):
    """(B, H, T, K) times a matrix for each place (1 or B, T, K, N) -> (B, H, T, N).

    Nothing is left for `matmul` to broadcast: with a broadcast batch axis, TensorFlow 2.21 with
    oneDNN crashed after some hundred calls.
    """
    if vectors.shape[0] != 1:
        product = ops.matmul(ops.transpose(x, (0, 2, 1, 3)), vectors)
        return ops.transpose(product, (0, 2, 1, 3))
    shape = ops.shape(x)
    x = ops.reshape(ops.transpose(x, (2, 0, 1, 3)), (shape[2], -1, shape[3]))
    product = ops.reshape(ops.matmul(x, vectors[0]), (shape[2], shape[0], shape[1], -1))
    return ops.transpose(product, (1, 2, 0, 3))


class _Reading(Positions):
    """A learned scheme over tensors that stand for its weights."""

    def __init__(self, positions, tables):
        self.positions = positions
        self.given = tables

    def scores(self, query, query_steps, key_steps, tables=None):
        return self.positions.scores(query, query_steps, key_steps, self.given)

    def mixed(self, probabilities, query_steps, key_steps, tables=None):
        return self.positions.mixed(probabilities, query_steps, key_steps, self.given)


def _steps(query, query_steps, key_steps):
    own = (
        ops.arange(ops.shape(query)[2], dtype="int32")[None] if query_steps is None else query_steps
    )
    return own, own if key_steps is None else key_steps


def _distance(query_steps, key_steps):
    """(1 or B, T) and (1 or B, S) -> key step minus query step, (1 or B, T, S)."""
    return key_steps[:, None, :] - query_steps[:, :, None]


def stack_positions(
    scheme: str, num_layers: int, num_heads: int, head_dim: int, bidirectional: bool
) -> list[Positions]:
    """Returns what each self-attention of a stack is given for a scheme of `POSITIONS`.

    Args:
        scheme: "shaw", "alibi", "t5" and "rotary" act in attention; for "sinusoidal" and
            "learned", which act on the embeddings, nothing is left to do.
        num_layers: blocks of the stack.
        num_heads: heads of each.
        head_dim: width of a head.
        bidirectional: whether later places are seen.

    Example:
        >>> from kseq2seq.layers import stack_positions
        >>> first, second = stack_positions("t5", 2, num_heads=2, head_dim=4, bidirectional=True)
        >>> first is second
        True
    """
    if scheme == "shaw":
        return [RelativeVectors(head_dim, name=f"positions_{i}") for i in range(num_layers)]
    if scheme == "t5":
        shared: Positions = DistanceBuckets(num_heads, bidirectional, name="positions")
    elif scheme == "alibi":
        shared = Alibi(num_heads)
    elif scheme == "rotary":
        shared = Rotary()
    else:
        shared = Positions()
    return [shared] * num_layers
