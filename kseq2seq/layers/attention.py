"""Multi-head attention: of a sequence to itself, and of a target to a source.

Both kinds take the same steps, with B sources, N hypotheses of each, T queries, S keys and H heads
of width D:

1. Linear maps give queries, keys and values, which are split into heads: (B, H, T, D).
2. Self-attention adds fresh keys and values to those in its cache. Cross-attention folds the N
   hypotheses of a source into its query axis, (B, H, N * T, D), so nothing of a source is repeated.
3. Scaled dot products, one softmax for each query, and the mean of the values under it.
4. The heads are joined, (B, T, H * D), and mapped once more.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from kseq2seq.checks import divides
from kseq2seq.deprecation import renamed
from kseq2seq.layers.position_schemes import NOWHERE, PositionScheme, counted
from kseq2seq.layers.prebuilt import Prebuilt, linear


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
def attend(
    query,
    key,
    value,
    mask=None,
    position_scheme=NOWHERE,
    query_steps=None,
    key_steps=None,
    drop=None,
):
    r"""Mixes values by the similarity of their keys to each query.

    .. math:: \mathrm{softmax}(Q K^\top / \sqrt{d_k}) V

    The softmax runs in float32 whatever the inputs are.

    Args:
        query: (B, H, T, D).
        key: (B, H, S, D).
        value: (B, H, S, D).
        mask: bool, broadcasts to (B, H, T, S); True where a query may look. None looks everywhere.
        position_scheme: how positions act on scores and values; see `PositionScheme`.
        query_steps: int (1 or B, T), the positions of the queries; None counts from 0.
        key_steps: int (1 or B, S), the positions of the keys; None counts from 0.
        drop: a function that applies dropout to the probabilities; None for no dropout.

    Returns:
        (mixed values (B, H, T, D), probabilities (B, H, T, S) float32 before dropout).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import attend
        >>> same = np.ones((1, 1, 2, 4), "float32")
        >>> _, probabilities = attend(same, same, same)
        >>> np.array(probabilities)[0, 0].tolist()
        [[0.5, 0.5], [0.5, 0.5]]

    Source:
        Vaswani et al. 2017, "Attention Is All You Need", equation 1.
    """
    if position_scheme is not NOWHERE:
        query_steps, key_steps = counted(query, query_steps), counted(key, key_steps)
    where = (position_scheme, query_steps, key_steps)
    return scaled_dot_product(query, transposed(key), value, mask, *where, drop)


def scaled_dot_product(
    query, keys, value, mask, position_scheme=NOWHERE, query_steps=None, key_steps=None, drop=None
):
    """Returns what `attend` does, of keys that are transposed already, (B, H, D, S)."""
    where = (position_scheme, query_steps, key_steps)
    probabilities = ops.softmax(similarity(query, keys, mask, *where))  # (B, H, T, S) float32
    weights = probabilities if drop is None else drop(probabilities)
    return mix(weights, value, *where), probabilities


def transposed(key):
    """Returns keys (B, H, S, D) as (B, H, D, S).

    Source keys are stored transposed, so decoding steps need not transpose them again.
    """
    return ops.swapaxes(key, -1, -2)


def similarity(query, keys, mask, position_scheme=NOWHERE, query_steps=None, key_steps=None):
    """Returns the scores (B, H, T, S) float32 of queries (B, H, T, D) and keys (B, H, D, S)."""
    query = query * query.shape[-1] ** -0.5
    scores = ops.cast(ops.matmul(query, keys), "float32")
    if position_scheme is not NOWHERE:
        bias = position_scheme.scores(query, query_steps, key_steps)
        scores = scores if bias is None else scores + ops.cast(bias, "float32")
    return scores if mask is None else ops.where(mask, scores, -1e9)


def mix(probabilities, value, position_scheme=NOWHERE, query_steps=None, key_steps=None):
    """Returns the mean (B, H, T, D) of values under probabilities, in the dtype of `value`."""
    probabilities = ops.cast(probabilities, value.dtype)
    mixed = ops.matmul(probabilities, value)
    if position_scheme is not NOWHERE:
        bias = position_scheme.mixed(probabilities, query_steps, key_steps)
        mixed = mixed if bias is None else mixed + bias
    return mixed


def for_heads(mask):
    """Returns a mask (B, S), or (B, T, S), as one that broadcasts to (B, H, T, S)."""
    return mask[:, None, None, :] if len(mask.shape) == 2 else mask[:, None]


def fold(x, sources):
    """(B * N, T, D) or, for one step, (B * N, D) -> (B, N * T, D); `sources` is B.

    With N = 1, as in training, this changes nothing, and neither does `unfold`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import fold
        >>> tuple(fold(np.zeros((6, 1, 4)), sources=2).shape)
        (2, 3, 4)
    """
    return ops.reshape(x, (sources, -1, x.shape[-1]))


def unfold(x, like):
    """(B, N * T, D) -> (B * N, T, D) or (B * N, D), in the rows and steps of `like`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import unfold
        >>> tuple(unfold(np.zeros((2, 3, 4)), like=np.zeros((6, 1, 9))).shape)
        (6, 1, 4)
    """
    return ops.reshape(x, (*ops.shape(like)[:-1], ops.shape(x)[-1]))


def write_cache(cache, update, position):
    """Returns `cache` (B, H, L, D) with `update` (B, H, T, D) written at `position` of axis 2.

    `position` is a scalar: all rows of a batch are at the same step. Has no gradient on
    TensorFlow, hence training never goes through a cache.
    """
    return ops.slice_update(cache, (0, 0, position, 0), update)


def grow_cache(cache, length: int):
    """Returns `cache` (B, H, L, D) with zeros after its end, (B, H, length, D)."""
    return ops.pad(cache, ((0, 0), (0, 0), (0, length - cache.shape[2]), (0, 0)))


class _Heads(Prebuilt):
    """What self- and cross-attention share: heads in, heads out, one output projection."""

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        divides("num_heads", num_heads, "hidden_dim", hidden_dim)
        self.num_heads = num_heads
        self.head_dim = hidden_dim // num_heads
        with self.parts():
            self.output_projection = linear(hidden_dim, hidden_dim, use_bias=False, name="output")
            self.dropout = keras.layers.Dropout(dropout) if dropout else None

    def drop(self, training) -> dict[str, Callable]:
        """Returns {"drop": dropout of probabilities} as `attend` takes it; {} without dropout."""
        if self.dropout is None:
            return {}
        return {"drop": lambda probabilities: self.dropout(probabilities, training=training)}

    def split(self, x):
        """(B, T, n * H * D) -> n tensors (B, H, T, D)."""
        rows, length = ops.shape(x)[0], ops.shape(x)[1]
        shape = (rows, length, self.num_heads, self.head_dim)
        parts = ops.split(x, x.shape[-1] // (self.num_heads * self.head_dim), axis=-1)
        return [ops.transpose(ops.reshape(part, shape), (0, 2, 1, 3)) for part in parts]

    def join(self, x):
        """(B, H, T, D) -> (B, T, H * D)."""
        rows, length = ops.shape(x)[0], ops.shape(x)[2]
        x = ops.transpose(x, (0, 2, 1, 3))
        return ops.reshape(x, (rows, length, self.num_heads * self.head_dim))

    def merge(self, x):
        """(B, H, T, D) -> (B, T, hidden_dim), through the output projection."""
        return self.output_projection(self.join(x))


@keras.saving.register_keras_serializable(package="kseq2seq")
@renamed(positions="position_scheme")
class SelfAttention(_Heads):
    """Attention of a sequence to itself, with an optional cache of earlier keys and values.

    Without a cache, queries see the `T` fresh keys that `attention_mask` allows. With one, fresh
    keys and values are first written to it at `position`, and a query at `position + t` sees the
    cached positions up to and including its own.

    Args:
        hidden_dim: width of input and output.
        num_heads: heads; divides `hidden_dim`.
        position_scheme: how positions act on scores and values; see `PositionScheme`.
        attend: `attend`, or a function that gives its result in less memory or from fewer keys.
        dropout: rate on the probabilities, in [0, 1); `attend` must then take a `drop`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import SelfAttention
        >>> attention = SelfAttention(hidden_dim=8, num_heads=2)
        >>> output, cache = attention(
        ...     np.ones((3, 1, 8), "float32"), cache=attention.empty_cache(3, length=5), position=0
        ... )
        >>> tuple(output.shape), tuple(cache["key"].shape)
        ((3, 1, 8), (3, 2, 5, 4))

    Source:
        Vaswani et al. 2017, section 3.2.2; projections carry no bias, as there.
    """

    def __init__(
        self,
        hidden_dim,
        num_heads,
        position_scheme: PositionScheme = NOWHERE,
        attend: Callable = attend,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(hidden_dim, num_heads, dropout, **kwargs)
        self.positions = position_scheme  # a name that files of weights have
        self.attend = attend
        with self.parts():
            self.projection = linear(hidden_dim, 3 * hidden_dim, use_bias=False, name="qkv")

    def empty_cache(self, rows, length: int) -> dict:
        """Returns zeroed keys and values, each (rows, H, length, D) in the compute dtype."""
        shape = (rows, self.num_heads, length, self.head_dim)
        zeros = ops.zeros(shape, dtype=self.compute_dtype)
        return {"key": zeros, "value": zeros}

    def call(self, x, attention_mask=None, cache=None, position=0, training=None):
        """Attends.

        Args:
            x: (B, T, hidden_dim).
            attention_mask: bool, broadcasts to (B, H, T, T), True where a query may look; None
                looks everywhere. Not used with a cache.
            cache: {"key", "value"}, each (B, H, L, D), or None.
            position: of the first of the T steps.
            training: bool.

        Returns:
            (B, T, hidden_dim); with a cache, that and the new cache.
        """
        steps = ops.arange(ops.shape(x)[1], dtype="int32")[None] + position
        query, key, value = self.project(x, steps)
        key, value, key_steps, cache = self.recall(key, value, steps, cache, position)
        if cache is not None:
            attention_mask = key_steps <= steps[0, :, None]  # (T, L)
        mixed = self.look(query, key, value, attention_mask, steps, key_steps, training)
        return self.merge(mixed) if cache is None else (self.merge(mixed), cache)

    def project(self, x, steps):
        """Returns queries, keys and values (B, H, T, D) of x (B, T, hidden_dim) at `steps`."""
        query, key, value = self.split(self.projection(x))
        if self.positions is NOWHERE:
            return query, key, value
        return self.positions.turn(query, steps), self.positions.turn(key, steps), value

    def recall(self, key, value, steps, cache, position):
        """Returns the keys and values to look at, their steps, and the new cache.

        Without a cache these are the fresh ones at `steps`; else all that the cache holds, with
        the fresh ones written to it at `position`.
        """
        if cache is None:
            return key, value, steps, None
        key = write_cache(cache["key"], key, position)
        value = write_cache(cache["value"], value, position)
        steps = ops.arange(ops.shape(key)[2], dtype="int32")[None]
        return key, value, steps, {"key": key, "value": value}

    def look(self, query, key, value, mask, query_steps, key_steps, training):
        """Returns the values (B, H, T, D) mixed for each query, by the layer's `attend`."""
        where = (self.positions, query_steps, key_steps)
        if self.attend is attend:
            keys = transposed(key)
            return scaled_dot_product(query, keys, value, mask, *where, **self.drop(training))[0]
        return self.attend(query, key, value, mask, *where, **self.drop(training))[0]


@keras.saving.register_keras_serializable(package="kseq2seq")
class CrossAttention(_Heads):
    """Attention of a target to a source, whose keys and values are projected once per source.

    Args:
        hidden_dim: width of queries and output.
        num_heads: heads; divides `hidden_dim`.
        source_dim: width of the source's outputs.
        dropout: rate on the probabilities, in [0, 1).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import CrossAttention
        >>> attention = CrossAttention(hidden_dim=8, num_heads=2)
        >>> context = attention.context(np.ones((1, 5, 8), "float32"))  # one source, 5 positions
        >>> queries = np.ones((3, 1, 8), "float32")  # three hypotheses
        >>> output, alignment = attention(queries, context, np.ones((1, 5), bool))
        >>> tuple(output.shape), tuple(alignment.shape)
        ((3, 1, 8), (3, 1, 5))

    Source:
        Vaswani et al. 2017, section 3.2.3; projections carry no bias.
    """

    def __init__(self, hidden_dim, num_heads, source_dim=None, dropout=0.0, **kwargs):
        super().__init__(hidden_dim, num_heads, dropout, **kwargs)
        source_dim = source_dim or hidden_dim
        with self.parts():
            self.query_projection = linear(hidden_dim, hidden_dim, use_bias=False, name="query")
            self.projection = linear(source_dim, 2 * hidden_dim, use_bias=False, name="kv")

    def context(self, source) -> dict:
        """Projects a source (B, S, source_dim) to {"key" (B, H, D, S), "value" (B, H, S, D)}."""
        key, value = self.split(self.projection(source))
        return {"key": transposed(key), "value": value}

    def call(self, x, context, padding_mask, training=None):
        """Attends to a source.

        Args:
            x: (B * N, T, hidden_dim).
            context: what `context` returned, B rows.
            padding_mask: bool (B, S), True = real; or, for N = 1, a mask for each query (B, T, S).
            training: bool.

        Returns:
            (output (B * N, T, hidden_dim), alignment (B * N, T, S): the heads' mean probabilities).
        """
        # 1. Queries of all hypotheses of a source side by side: (B, H, N * T, D).
        sources = ops.shape(padding_mask)[0]
        (query,) = self.split(fold(self.query_projection(x), sources))
        # 2. Values mixed, (B, H, N * T, D), by probabilities (B, H, N * T, S).
        keys, values, mask = context["key"], context["value"], for_heads(padding_mask)
        mixed, alignment = scaled_dot_product(query, keys, values, mask, **self.drop(training))
        # 3. Back to a row for each hypothesis.
        return unfold(self.merge(mixed), x), unfold(ops.mean(alignment, axis=1), x)
