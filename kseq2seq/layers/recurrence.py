"""A step function, run along a sequence."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops, tree


class _StepCell(keras.layers.Layer):
    """Lets `keras.layers.RNN` run a plain step function; holds no weights of its own.

    Keras holds everything in one dtype, the layer's; the step is given inputs and states in theirs.
    """

    def __init__(self, step, state, inputs, dtype):
        super().__init__(dtype=dtype)
        self._step = step
        self._like = state
        self._input_dtype = inputs.dtype
        leaves = tree.flatten(state)
        self.state_size = [leaf.shape[-1] for leaf in leaves]
        self.output_size = None
        self.built = True

    def call(self, inputs, states):
        state = tree.pack_sequence_as(self._like, list(states))
        inputs = ops.cast(inputs, self._input_dtype)
        output, state = self._step(inputs, tree.map_structure(_as, state, self._like))
        return output, [ops.cast(leaf, self.compute_dtype) for leaf in tree.flatten(state)]


def _as(leaf, like):
    """A tensor in the dtype of another."""
    return ops.cast(leaf, like.dtype)


def recur(step: Callable, inputs, state, dtype=None):
    """Runs `output_t, state = step(input_t, state)` over axis 1.

    One step (a static length of 1, as in decoding) is called directly. Longer sequences go
    through `keras.layers.RNN`, since the gradient of a bare scan does not compile under XLA on
    TensorFlow. `step` may capture anything that is constant over time.

    Args:
        step: (input (B, D), state) -> (output (B, K), state).
        inputs: (B, T, D).
        state: nested structure of (B, n) tensors of real numbers.
        dtype: in which Keras holds inputs, outputs and states from step to step; that of `inputs`
            by default. The step is given inputs and states in their own.

    Returns:
        (outputs (B, T, K), in `dtype`; the last state, in the dtypes of the first).

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import recur
        >>> def add(x, total):
        ...     return total + x, total + x
        >>> sums, last = recur(add, np.ones((1, 3, 1), "float32"), np.zeros((1, 1), "float32"))
        >>> np.array(sums).ravel().tolist(), float(last[0, 0])
        ([1.0, 2.0, 3.0], 3.0)
    """
    if inputs.shape[1] == 1:
        output, state = step(inputs[:, 0], state)
        return (output if dtype is None else ops.cast(output, dtype))[:, None], state
    dtype = dtype or inputs.dtype
    cell = _StepCell(step, state, inputs, dtype)
    rnn = keras.layers.RNN(cell, return_sequences=True, return_state=True, dtype=dtype)
    outputs, *leaves = rnn(inputs, initial_state=tree.flatten(state))
    return outputs, tree.map_structure(_as, tree.pack_sequence_as(state, leaves), state)


def reverse(x, mask):
    """Reverses the real part of each row of `x` (B, S) or (B, S, E); padding stays on the right.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers.recurrence import reverse
        >>> ids = np.array([[7, 8, 2, 0]])
        >>> np.array(reverse(ids, ids != 0)).tolist()
        [[2, 8, 7, 0]]
    """
    lengths = ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True)
    positions = ops.arange(ops.shape(x)[1], dtype="int32")[None, :]
    positions = ops.where(positions < lengths, lengths - 1 - positions, positions)  # (B, S)
    rows = ops.arange(ops.shape(x)[0], dtype="int32")[:, None] * ops.shape(x)[1]
    return ops.take(ops.reshape(x, (-1, *x.shape[2:])), rows + positions, axis=0)
