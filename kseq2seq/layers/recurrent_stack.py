r"""Recurrent layers on top of each other, and how the weights of recurrent models start.

A signal must pass through all layers, and with Keras' defaults it fades: embeddings start with a
deviation of 0.03, a Glorot kernel of an LSTM counts its four gates as outputs and halves the
signal, and so does each further layer. The outputs of a two-layer encoder start with a deviation of
0.003; an attention whose score is a product of two such vectors is flat to 1e-5, and so is its
gradient: it does not begin to look. Readouts that see their input by a shortcut, as Cho's and
Bahdanau's, suffer least.

Here tables start with a deviation of 0.3, kernels keep the variance of their input, and logits and
attentional vectors start near unit scale. docs/architectures.md has the losses with and without.

Source:
    He et al. 2015, "Delving Deep into Rectifiers", section 2.2, for kernels; LeCun et al. 1998,
    "Efficient BackProp", section 4.6, for logits. The papers of these models draw all weights from
    one small uniform distribution and train with plain gradient descent at a rate near 1.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.checks import one_of
from kseq2seq.layers.prebuilt import Prebuilt
from kseq2seq.layers.recurrence import recur

STATES = {"rnn": 1, "lstm": 2, "gru": 1}  # how many a cell has; the output is the first
TABLE_DEVIATION = 0.3


def table_start() -> keras.initializers.Initializer:
    """Draws token vectors, with a deviation of 0.3."""
    return keras.initializers.RandomNormal(stddev=TABLE_DEVIATION)


def cell_start() -> keras.initializers.Initializer:
    """Draws the kernel of a recurrent cell, with the variance 2 / (width of the input)."""
    return keras.initializers.HeUniform()


def logits_start() -> keras.initializers.Initializer:
    """Draws the output layer, with the variance 1 / (width of the input)."""
    return keras.initializers.LecunUniform()


def combine_start() -> keras.initializers.Initializer:
    """Draws the layer of attentional vectors, whose inputs have a deviation near 0.2.

    The variance is 12 / (width of the input), so that the tanh is given numbers near 0.7.
    """
    return keras.initializers.VarianceScaling(12.0, "fan_in", "uniform")


@keras.saving.register_keras_serializable(package="kseq2seq")
class Orthogonal(keras.initializers.Orthogonal):
    """Keras' orthogonal initializer, computed in float32 whatever the dtype of the weights.

    Example:
        >>> from kseq2seq.layers.recurrent_stack import Orthogonal
        >>> Orthogonal(seed=1)((2, 2), "bfloat16").shape.as_list()
        [2, 2]
    """

    def __call__(self, shape, dtype=None):
        """Returns a tensor of `shape` in `dtype`; its QR decomposition needs full precision."""
        return ops.cast(super().__call__(shape, "float32"), dtype or keras.config.floatx())


def recurrent(kind: str, input_dim: int, units: int, name: str | None = None) -> keras.layers.Layer:
    """Returns a built recurrent layer that gives its outputs and its last state.

    Args:
        kind: "rnn" (Elman 1990, with tanh), "lstm" or "gru".
        input_dim: width of the inputs.
        units: width of the state.
        name: of the layer.

    The GRU resets the state before multiplying it (Cho et al. 2014, equation 8), which is not
    cuDNN's variant.

    Example:
        >>> from kseq2seq.layers import recurrent
        >>> recurrent("gru", input_dim=3, units=4).count_params()
        96
    """
    one_of(tuple(STATES), kind=kind)
    options: dict[str, Any] = {
        "return_sequences": True,
        "return_state": True,
        "kernel_initializer": cell_start(),
        "name": name,
    }
    if keras.config.dtype_policy().variable_dtype in ("bfloat16", "float16"):
        options["recurrent_initializer"] = Orthogonal()
    if kind == "lstm":
        layer = keras.layers.LSTM(units, **options)
    elif kind == "rnn":
        layer = keras.layers.SimpleRNN(units, **options)
    else:
        layer = keras.layers.GRU(units, reset_after=False, **options)
    layer.build((None, None, input_dim))
    return layer


@keras.saving.register_keras_serializable(package="kseq2seq")
class RecurrentStack(Prebuilt):
    """A stack of recurrent layers with dropout and, optionally, residuals between them.

    Its state is a list with a list of (B, units) tensors for each layer: [h, c] for LSTM, else [h].

    Args:
        kind: "rnn", "lstm" or "gru".
        input_dim: width of the inputs of the first layer.
        units: width of every layer.
        num_layers: at least 1.
        dropout: rate on the input of each layer but the first, in [0, 1).
        residual: add a layer's input to its output, from the second layer on.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import RecurrentStack
        >>> stack = RecurrentStack("gru", input_dim=3, units=4, num_layers=2)
        >>> start = [[np.zeros((1, 4), "float32")] for _ in range(2)]
        >>> outputs, state = stack(np.ones((1, 5, 3), "float32"), start)
        >>> tuple(outputs.shape), len(state)
        ((1, 5, 4), 2)

    Source:
        Hochreiter and Schmidhuber 1997; Cho et al. 2014; residuals: Wu et al. 2016, section 3.1.
    """

    def __init__(self, kind, input_dim, units, num_layers, dropout=0.0, residual=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.residual = residual
        with self.parts():
            self.rnns = [
                recurrent(kind, input_dim if index == 0 else units, units, name=f"{kind}_{index}")
                for index in range(num_layers)
            ]
            self.dropouts = [keras.layers.Dropout(dropout) for _ in self.rnns]

    def call(self, x, state, training=None):
        """Runs whole layers, one after the other.

        Args:
            x: (B, T, input_dim).
            state: list of lists of (B, units).
            training: bool.

        Returns:
            (outputs of the top layer (B, T, units), last state).
        """

        def layer(index, x, state):
            rnn = self.rnns[index]
            if x.shape[1] == 1:
                return recur(rnn.cell, x, state)
            x, *state = rnn(x, initial_state=state)
            return x, state

        return self._climb(layer, x, state, training)

    def step(self, x, state, training=None):
        """Runs every layer for one step: x (B, input_dim) -> (output (B, units), state)."""
        return self._climb(lambda i, x, state: self.rnns[i].cell(x, state), x, state, training)

    def _climb(self, layer, x, state, training):
        """Runs `layer(index, x, state)` for each layer, upwards from x (B, T, ...) or (B, ...)."""
        states = []
        for index in range(len(self.rnns)):
            below = x
            if index:
                below = self.dropouts[index](x, training=training)
            above, layer_state = layer(index, below, state[index])
            x = above + x if self.residual and index else above
            states.append(list(layer_state))  # each (B, units)
        return x, states
