"""What is called and fitted: a mask may be left out, and tokens weigh alike in all batches."""

from __future__ import annotations

import functools
import types
from typing import Any, Protocol

import keras
from keras import ops


class MaskFromPadding:
    """Mixed into functional models of source ids, which make the mask that they are not given.

    Attributes:
        source_padding: the id that fills up rows of source ids; None if the source is not ids.
    """

    source_padding: int | None = None

    def with_mask(self, inputs: Any) -> Any:
        """Returns inputs by names with "source_mask" bool (B, S), True = real token."""
        ids = inputs.get("source") if isinstance(inputs, dict) else None
        if self.source_padding is None or ids is None or inputs.get("source_mask") is not None:
            return inputs
        ids = ids if hasattr(ids, "shape") else ops.convert_to_tensor(ids)
        # of the kind of the ids: Keras takes no arrays and tensors together
        return {**inputs, "source_mask": ids != self.source_padding}

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """See `keras.Model`; before Keras looks for inputs that are missing."""
        return super().__call__(self.with_mask(inputs), *args, **kwargs)  # type: ignore[misc]

    def stateless_call(
        self, variables: Any, others: Any, inputs: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """See `keras.Model`; Keras trains by it on JAX."""
        inputs = self.with_mask(inputs)
        return super().stateless_call(variables, others, inputs, *args, **kwargs)  # type: ignore[misc]


def make_masks(model: keras.Model, source_padding: int | None) -> None:
    """Has a functional model make masks, whatever its class; see `MaskFromPadding`.

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
        model.__class__ = _making_masks(type(model))
    model.source_padding = source_padding


@functools.cache
def _making_masks(kind: type) -> type:
    """A class that is called as the other is, since in files Keras calls weights by it."""
    own = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    bases = (MaskFromPadding, kind)
    return types.new_class(kind.__name__, bases, exec_body=lambda space: space.update(own))


class Trainer(Protocol):
    """Training steps for where Keras' own would weigh tokens unequally.

    They need TensorFlow, which this floor does without; `kseq2seq.training` gives them.
    """

    def prepare(self, model: keras.Model) -> None:
        """Makes what steps need outside of a graph, and refuses what can't be trained."""

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
    """A functional model that learns from tokens alike, whichever batch or device they are on.

    On one device, a batch a step, it is trained by Keras' own steps. Where devices share a batch
    (`tf.distribute.MirroredStrategy`) or the optimizer accumulates gradients, Keras gives each part
    the same weight; here it has that of the tokens in it.

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
        """Returns labels in the structure of the outputs; of several, all may learn the same."""
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
        """Leaves out Keras' own for replicas, which would add up a batch; `function` builds."""
        if not self.trainer or not self.trainer.replicated(self):
            super()._maybe_symbolic_build(*args, **kwargs)
