"""Attention with several heads: of a sequence to itself, and of a target to a source."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from kseq2seq.layers.attend import attend, for_heads, mix, similarity, turned
from kseq2seq.layers.cache import write_cache
from kseq2seq.layers.folding import fold, unfold
from kseq2seq.layers.positions import NOWHERE, Positions
from kseq2seq.layers.prebuilt import Prebuilt, linear


class _Heads(Prebuilt):
    """What self- and cross-attention share: heads in, heads out, one output projection."""

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.head_dim = hidden_dim // num_heads
        with self.parts():
            self.output_projection = linear(hidden_dim, hidden_dim, use_bias=False, name="output")
            self.dropout = keras.layers.Dropout(dropout) if dropout else None

    def dropped(self, probabilities, training):
        """Returns probabilities some of which are dropped in training; themselves otherwise."""
        if self.dropout is None:
            return probabilities
        return self.dropout(probabilities, training=training)

    def drop(self, training):
        """Returns what `attend` takes as `drop`, by name; nothing where there is no dropout."""
        if self.dropout is None:
            return {}
        return {"drop": lambda probabilities: self.dropped(probabilities, training)}

    def _split(self, x):
        """(B, T, n * H * D) -> n tensors (B, H, T, D)."""
        rows, length = ops.shape(x)[0], ops.shape(x)[1]
        shape = (rows, length, self.num_heads, self.head_dim)
        parts = ops.split(x, x.shape[-1] // (self.num_heads * self.head_dim), axis=-1)
        return [ops.transpose(ops.reshape(part, shape), (0, 2, 1, 3)) for part in parts]

    def merge(self, x):
        """(B, H, T, D) -> (B, T, hidden_dim), through the output projection."""
        return self.output_projection(self.join(x))

    def join(self, x):
        """(B, H, T, D) -> (B, T, H * D)."""
        rows, length = ops.shape(x)[0], ops.shape(x)[2]
        x = ops.transpose(x, (0, 2, 1, 3))
        return ops.reshape(x, (rows, length, self.num_heads * self.head_dim))


@keras.saving.register_keras_serializable(package="kseq2seq")
class SelfAttention(_Heads):
    """Attention of a sequence to itself, with an optional cache of earlier keys and values.

    Without a cache, queries see the `T` fresh keys that `attention_mask` allows. With one, fresh
    keys and values are first written to it at `position`, and a query at `position + t` sees the
    cached places up to and including its own.

    Args:
        hidden_dim: width of input and output.
        num_heads: heads; divides `hidden_dim`.
        positions: how places act on scores and values; see `Positions`.
        attend: `attend`, or what gives its result in less memory, or of fewer keys.
        dropout: rate on the probabilities that values are mixed by, in [0, 1); `attend` must then
            take a `drop`.

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
        positions: Positions = NOWHERE,
        attend: Callable = attend,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(hidden_dim, num_heads, dropout, **kwargs)
        self.positions = positions
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
            position: place of the first of the T steps.
            training: bool.

        Returns:
            (B, T, hidden_dim); with a cache, that and the new cache.
        """
        steps = ops.arange(ops.shape(x)[1], dtype="int32")[None] + position
        query, key, value = self.project(x, steps)
        key, value, key_steps, cache = self.recall(key, value, steps, cache, position)
        if cache is not None:
            attention_mask = key_steps <= steps[0, :, None]
        mixed, _ = self.attend(
            query,
            key,
            value,
            attention_mask,
            self.positions,
            steps,
            key_steps,
            **self.drop(training),
        )
        return self.merge(mixed) if cache is None else (self.merge(mixed), cache)

    def recall(self, key, value, steps, cache, position):
        """Returns keys and values to look at, their steps, and the new cache.

        Without a cache those are the fresh ones at `steps`; else all that the cache holds, with
        the fresh ones written to it at `position`.
        """
        if cache is None:
            return key, value, steps, None
        key = write_cache(cache["key"], key, position)
        value = write_cache(cache["value"], value, position)
        steps = ops.arange(ops.shape(key)[2], dtype="int32")[None]
        return key, value, steps, {"key": key, "value": value}

    def project(self, x, steps):
        """Returns queries, keys and values (B, H, T, D) of x (B, T, hidden_dim) at `steps`."""
        query, key, value = self._split(self.projection(x))
        return self.positions.turn(query, steps), self.positions.turn(key, steps), value


@keras.saving.register_keras_serializable(package="kseq2seq")
class CrossAttention(_Heads):
    """Attention of a target to a source, whose keys and values are projected once per source.

    Several hypotheses may share one source: with `B` sources and `B * N` rows of queries, the `N`
    hypotheses of a source are folded into its query axis and nothing of the source is repeated.

    Args:
        hidden_dim: width of queries and output.
        num_heads: heads; divides `hidden_dim`.
        source_dim: width of the source's outputs.
        dropout: rate on the probabilities that values are mixed by, in [0, 1).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import CrossAttention
        >>> attention = CrossAttention(hidden_dim=8, num_heads=2)
        >>> context = attention.context(np.ones((1, 5, 8), "float32"))  # one source of five places
        >>> queries = np.ones((3, 1, 8), "float32")  # three hypotheses
        >>> output, alignment = attention(queries, context, np.ones((1, 5), bool))
        >>> tuple(output.shape), tuple(alignment.shape)
        ((3, 1, 8), (3, 1, 5))

    Source:
        Vaswani et al. 2017, section 3.2.3; projections carry no bias.
    """

    def __init__(self, hidden_dim, num_heads, source_dim=None, dropout=0.0, **kwargs):
        super().__init__(hidden_dim, num_heads, dropout, **kwargs)
        with self.parts():
            self.query_projection = linear(hidden_dim, hidden_dim, use_bias=False, name="query")
            self.projection = linear(
                source_dim or hidden_dim, 2 * hidden_dim, use_bias=False, name="kv"
            )

    def context(self, source) -> dict:
        """Projects a source (B, S, source_dim) to {"key" (B, H, D, S), "value" (B, H, S, D)}."""
        key, value = self._split(self.projection(source))
        return {"key": turned(key), "value": value}

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
        sources = ops.shape(padding_mask)[0]
        (query,) = self._split(fold(self.query_projection(x), sources))
        nowhere = (NOWHERE, None, None)
        scores = similarity(query, context["key"], for_heads(padding_mask), *nowhere)
        probabilities = ops.softmax(scores)
        mixed = mix(self.dropped(probabilities, training), context["value"], *nowhere)
        return unfold(self.merge(mixed), x), unfold(ops.mean(probabilities, axis=1), x)
