"""Scheduled sampling: in training, some of the decoder's input tokens are its own predictions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops, tree

from kseq2seq.models import Seq2Seq
from kseq2seq.training.views import check, view

Rate = float | Callable[[Any], Any]


def scheduled_sampling(
    model: Seq2Seq, rate: Rate, *, sample: bool = False, seed: int | None = None, padding: int = 0
) -> keras.Model:
    """Returns a view that feeds the decoder its own predictions for some target tokens.

    In training each input token, except the first and padding, is replaced with the probability
    `rate` by the model's prediction from the tokens before it, some of which may be predictions
    already. In validation, and at rate 0, the view computes the same as the model.

    A first pass chooses the tokens, step by step as in decoding and without dropout in the decoder;
    a second one, ordinary teacher forcing over them, learns. No gradient goes through the choice.
    So it is exact for every decoder, also for parallel ones.

    Args:
        model: from `build_model`.
        rate: the probability, in [0, 1], or a function of the number of earlier batches (a float32
            scalar), for example `inverse_sigmoid(1000)` or a schedule of Keras:
            `PolynomialDecay(0.0, 10_000, end_learning_rate=0.25)` rises linearly.
        sample: draw predictions from the model's distribution instead of its arg max.
        seed: makes the choices repeatable.
        padding: the input that is never replaced.

    Returns:
        A model of the same inputs, output and weights, and one counter of batches, `step`.

    Raises:
        TypeError: if `model` is not a `Seq2Seq`.
        ValueError: if `rate` is out of range.

    Example:
        >>> import keras
        >>> from kseq2seq import TokenCrossEntropy, build_model
        >>> from kseq2seq.training import inverse_sigmoid, scheduled_sampling
        >>> model = build_model("luong", source=9, target=9, hidden_dim=4)
        >>> view = scheduled_sampling(model, rate=inverse_sigmoid(1000))
        >>> view.compile(keras.optimizers.Adam(1e-3), TokenCrossEntropy())

    Source:
        Bengio et al. 2015, "Scheduled Sampling for Sequence Prediction with Recurrent Neural
        Networks", sections 2.3 and 2.4. There one pass chooses and learns at once; the two differ
        by dropout alone.
    """
    check(model)
    if not callable(rate) and not 0 <= rate <= 1:
        raise ValueError(f"`rate` must be in [0, 1], or a function of the step; got {rate!r}.")
    forcing = model.get_layer("decoder")
    layer = ScheduledSampling(forcing, rate, sample, seed, padding, dtype=forcing.dtype_policy)
    options = {"rate": rate, "sample": sample, "seed": seed, "padding": padding}
    return view(model, layer, "scheduled_sampling", **options)


def inverse_sigmoid(k: float) -> Callable[[Any], Any]:
    r"""Returns a rate for `scheduled_sampling` that rises from nearly 0 to 1 along a sigmoid.

    .. math:: 1 - \frac{k}{k + \exp(\mathrm{step} / k)}

    Args:
        k: at least 1; the rate is a half at step k log k.

    Raises:
        ValueError: if `k` is less than 1.

    Example:
        >>> from kseq2seq.training import inverse_sigmoid
        >>> rate = inverse_sigmoid(1000)
        >>> [round(float(rate(step)), 3) for step in (0, 6908, 20_000)]
        [0.001, 0.5, 1.0]

    Source:
        Bengio et al. 2015, section 2.4; the rate here is one less their epsilon.
    """
    return InverseSigmoid(k)


@keras.saving.register_keras_serializable(package="kseq2seq")
class InverseSigmoid:
    """The rate of `inverse_sigmoid`, which can be saved."""

    def __init__(self, k: float):
        if not k >= 1:
            raise ValueError(f"`k` must be at least 1, for example 1000; got {k!r}.")
        self.k = k

    def __call__(self, step: Any) -> Any:
        """Returns the rate after `step` batches."""
        return ops.sigmoid(ops.cast(step, "float32") / self.k - math.log(self.k))

    def get_config(self) -> dict[str, float]:
        """Returns the arguments of the constructor."""
        return {"k": self.k}

    @classmethod
    def from_config(cls, config: dict[str, float]) -> InverseSigmoid:
        """Creates the rate from `get_config`."""
        return cls(**config)


class ScheduledSampling(keras.layers.Layer):
    """Teacher forcing with predictions in place of some target inputs."""

    def __init__(self, forcing, rate, sample, seed, padding, **kwargs):
        super().__init__(**kwargs)
        self.forcing = forcing
        self.rate = rate
        self.sample = sample
        self.padding = padding
        self.seeds = keras.random.SeedGenerator(seed)
        self.step = self.add_weight(
            (), "zeros", "int32", trainable=False, name="step", aggregation="only_first_replica"
        )
        self.built = True

    def call(self, target, encoded, training=None):
        """Maps target inputs (B, T) and an encoded source to logits (B, T, V)."""
        if training:
            # 1. Which tokens (B, T) are to be predictions.
            rate = ops.cast(self.step, "float32")
            rate = self.rate(rate) if callable(self.rate) else self.rate
            self.step.assign_add(1)
            drawn = keras.random.uniform(ops.shape(target), dtype="float32", seed=self.seeds)
            own = ops.logical_and(drawn < rate, ops.not_equal(target, self.padding))
            # 2. The first pass, without gradients.
            target = self._mixed(target, own, tree.map_structure(ops.stop_gradient, encoded))
        return self.forcing(target, encoded, training=training)

    def _mixed(self, target, own, encoded):
        """Returns `target` with the model's predictions where `own`, bool (B, T), is true."""
        length = ops.shape(target)[1]
        decoder = self.forcing.decoder
        context, state = decoder.initial(encoded, 1)
        state = decoder.grow(state, length)
        seed = self.seeds.next()

        def advance(step, tokens, mixed, state):
            mixed = ops.where(ops.equal(ops.arange(length), step), tokens[:, None], mixed)
            after = decoder(tokens[:, None], context, state, position=step, training=False)
            guess = self._guess(ops.cast(after.logits[:, 0], "float32"), seed, step)
            following = ops.minimum(step + 1, length - 1)
            tokens = ops.where(ops.take(own, following, 1), guess, ops.take(target, following, 1))
            return step + 1, tokens, mixed, tree.map_structure(_shaped_like, state, after.state)

        _, _, mixed, _ = tf.while_loop(
            lambda step, *_: step < length,
            advance,
            (ops.zeros((), "int32"), target[:, 0], target, state),
        )
        return mixed

    def _guess(self, logits, seed, step):
        if self.sample:  # the arg max of logits plus Gumbel noise is a sample of their softmax
            seed = tf.stack([tf.cast(seed[0], tf.int32), step])
            uniform = tf.random.stateless_uniform(tf.shape(logits), seed, minval=1e-20)
            logits = logits - ops.log(-ops.log(uniform))
        return ops.cast(tf.argmax(logits, -1), "int32")


def _shaped_like(before, after):
    after.set_shape(before.shape)  # reshapes may have lost the shape
    return after
