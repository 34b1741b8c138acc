"""Calling and fitting: models make missing masks, and weigh tokens alike in all batches."""

from __future__ import annotations

from typing import Any, Protocol

import keras
from keras import ops


class MaskFromPadding:
    """Mixed into functional models of source ids, so that they make a missing mask themselves.

    Attributes:
        source_padding: the id that fills up rows of source ids; None makes no masks.
    """

    source_padding: int | None = None

    def with_mask(self, inputs: Any) -> Any:
        """Returns inputs by names, completed by "source_mask" bool (B, S), True = real token."""
        ids = inputs.get("source") if isinstance(inputs, dict) else None
        if self.source_padding is None or ids is None or inputs.get("source_mask") is not None:
            return inputs
        ids = ids if hasattr(ids, "shape") else ops.convert_to_tensor(ids)
        # an array if the ids are one: Keras refuses a mixture of arrays and tensors
        return {**inputs, "source_mask": ids != self.source_padding}

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """See `keras.Model`; completes the inputs before Keras checks them."""
        return super().__call__(self.with_mask(inputs), *args, **kwargs)  # type: ignore[misc]

    def stateless_call(self, variables: Any, others: Any, inputs: Any, **kwargs: Any) -> Any:
        """See `keras.Model`, which trains by it on JAX."""
        inputs = self.with_mask(inputs)
        return super().stateless_call(variables, others, inputs, **kwargs)  # type: ignore[misc]


def make_masks(model: keras.Model, source_padding: int | None) -> None:
    """Turns a functional model of any class into one that is a `MaskFromPadding`.

    The class keeps its name, by which Keras addresses weights in files.

    Args:
        model: changed in place.
        source_padding: the id that fills up rows of source ids.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> from kseq2seq.models.fitted import make_masks
        >>> encoder = build_model("gru", source=9, target=9, hidden_dim=4).encoder
        >>> make_masks(encoder, source_padding=1)
        >>> np.array(encoder({"source": np.array([[7, 2, 1]])})["mask"]).tolist()
        [[True, True, False]]
    """
    if not isinstance(model, MaskFromPadding):
        kind = type(model)
        own = {"__module__": kind.__module__}
        model.__class__ = type(kind.__name__, (MaskFromPadding, kind), own)
    model.source_padding = source_padding


class Trainer(Protocol):
    """Training steps for cases in which Keras' own would weigh tokens unequally.

    They need TensorFlow, which the models do without, so `kseq2seq.training` provides them.
    """

    def prepare(self, model: keras.Model) -> None:
        """Makes variables that steps need, outside a graph; refuses models it can't train."""

    def accumulates(self, model: keras.Model) -> bool:
        """Whether the optimizer adds up the gradients of several batches."""

    def replicated(self, model: keras.Model) -> bool:
        """Whether the model's variables are on several devices, which share each batch."""

    def train_step(self, model: keras.Model, data: Any) -> dict[str, Any]:
        """Learns from a batch and returns metrics."""

    def test_step(self, model: keras.Model, data: Any) -> dict[str, Any]:
        """Evaluates a batch that replicas share and returns metrics."""

    def function(self, model: keras.Model, step: Any) -> Any:
        """Returns what `fit` or `evaluate` calls with an iterator of batches for replicas."""


class Fitted(MaskFromPadding, keras.Model):
    """A functional model in whose training all tokens have the same weight.

    On one device, with a step for each batch, Keras' own steps train it. Where devices share a
    batch (`tf.distribute.MirroredStrategy`) or the optimizer accumulates gradients, Keras gives
    each part of a batch the same weight; here a part weighs as many tokens as it holds.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.models.fitted import Fitted
        >>> x = keras.Input((2,))
        >>> model = Fitted(x, keras.layers.Dense(1)(x))
        >>> model.compile("sgd", "mse")
        >>> model.fit(np.ones((3, 2)), np.ones((3, 1)), verbose=0).epoch
        [0]
    """

    trainer: Trainer | None = None
    train_function: Any
    test_function: Any

    def spread(self, y: Any) -> Any:
        """Returns labels in the structure of the outputs, which may all learn the same labels."""
        return y

    def train_step(self, *args: Any) -> Any:
        """See `keras.Model`; the arguments are those of the backend's trainer."""
        trainer = self.trainer
        if trainer and (trainer.replicated(self) or trainer.accumulates(self)):
            return trainer.train_step(self, *args)
        return super().train_step(*args)

    def test_step(self, *args: Any) -> Any:
        """See `keras.Model`; the arguments are those of the backend's trainer."""
        if self.trainer and self.trainer.replicated(self):
            return self.trainer.test_step(self, *args)
        return super().test_step(*args)

    def make_train_function(self, force: bool = False) -> Any:
        """See `keras.Model`."""
        if self.trainer:
            self.trainer.prepare(self)
        if not self.trainer or not self.trainer.replicated(self):
            return super().make_train_function(force)
        if self.train_function is None or force:
            self.train_function = self.trainer.function(self, self.train_step)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        """See `keras.Model`."""
        if not self.trainer or not self.trainer.replicated(self):
            return super().make_test_function(force)
        if self.test_function is None or force:
            self.test_function = self.trainer.function(self, self.test_step)
        return self.test_function

    def _maybe_symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """See `keras.Model`; not for replicas, where it would sum a batch and `function` builds."""
        if not self.trainer or not self.trainer.replicated(self):
            super()._maybe_symbolic_build(*args, **kwargs)
