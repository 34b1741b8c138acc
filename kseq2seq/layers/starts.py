r"""How the weights of recurrent models start: large enough that a signal passes through them.

Keras' defaults lose it. Embeddings start with a deviation of 0.03, a Glorot kernel of an LSTM
counts its four gates as outputs and halves what passes, and each layer halves it again, so the
outputs of a two-layer encoder start with a deviation of 0.003. An attention whose score is a
product of two such vectors is then flat to 1e-5, and so is its gradient: it does not begin to look.
Readouts that see their input by a shortcut, as Cho's and Bahdanau's, suffer least.

Here tables start with a deviation of 0.3, kernels keep the variance of what passes, and logits and
attentional vectors start near unit scale. docs/architectures.md has the losses with and without.

Source:
    He et al. 2015, "Delving Deep into Rectifiers", section 2.2, for kernels; LeCun et al. 1998,
    "Efficient BackProp", section 4.6, for logits. The papers of these models draw all weights from
    one small uniform distribution and train with plain gradient descent at a rate near 1.
"""

from __future__ import annotations

from keras import initializers

TABLE_DEVIATION = 0.3


def table_start() -> initializers.Initializer:
    """Draws token vectors, with a deviation of 0.3."""
    return initializers.RandomNormal(stddev=TABLE_DEVIATION)


def cell_start() -> initializers.Initializer:
    """Draws the kernel of a recurrent cell, with the variance 2 / (width of the input)."""
    return initializers.HeUniform()


def logits_start() -> initializers.Initializer:
    """Draws the output layer, with the variance 1 / (width of the input)."""
    return initializers.LecunUniform()


def combine_start() -> initializers.Initializer:
    """Draws the layer of attentional vectors, whose inputs have a deviation near 0.2.

    The variance is 12 / (width of the input), so that the tanh is given numbers near 0.7.
    """
    return initializers.VarianceScaling(12.0, "fan_in", "uniform")
