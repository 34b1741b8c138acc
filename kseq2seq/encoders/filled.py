"""An encoder whose sources are filled up to a multiple of its stride."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.encoders.facts import Facts


def along_units(inputs: Any) -> tuple[str, ...]:
    """Returns which inputs of a model lie along the units of its source.

    They are those whose first axis after the rows, and no other, may have any length: an image of
    height and width is not, nor is what a source has once.

    Args:
        inputs: names -> symbolic tensors.

    Example:
        >>> from kseq2seq.encoders import SourceSpec, along_units
        >>> frames = {"source": ((None, 80), "float32"), "speaker": ((16,), "float32")}
        >>> along_units(SourceSpec.of(frames).symbolic())
        ('source',)
    """
    if not isinstance(inputs, dict):
        return ()
    shapes = {name: tuple(x.shape[1:]) for name, x in inputs.items()}
    return tuple(n for n, shape in shapes.items() if shape[:1] == (None,) and None not in shape[1:])


def filled(x: Any, multiple: int) -> Any:
    """Returns x (B, S, ...) with zeros after it, up to the next multiple of S.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.encoders.filled import filled
        >>> np.array(filled(np.array([[7, 8, 2]]), 2)).tolist()
        [[7, 8, 2, 0]]
    """
    length = x.shape[1]
    missing = multiple - 1 if length is None else -length % multiple
    if not missing:
        return x
    zeros = ops.repeat(ops.zeros_like(x[:, :1]), missing, axis=1)
    longer = ops.concatenate([x, zeros], axis=1)
    if length is None:
        longer = longer[:, : ops.shape(longer)[1] // multiple * multiple]
    return longer


class FilledEncoder(keras.Model):
    """The same functional encoder, which fills its sources up to a multiple before it reads them.

    Args:
        inputs: symbolic, by names.
        outputs: symbolic.
        multiple: of it are the lengths that the layers are given.
        **kwargs: those of `keras.Model`.
    """

    def __init__(self, inputs: Any, outputs: Any, multiple: int, **kwargs: Any):
        super().__init__(inputs, outputs, **kwargs)
        self.multiple = multiple
        self.filled_names = along_units(inputs)

    def call(self, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """See `keras.Model`."""
        longer = {
            name: filled(x, self.multiple) if name in self.filled_names else x
            for name, x in inputs.items()
        }
        return super().call(longer, *args, **kwargs)


def with_facts(encoder: keras.Model, facts: Facts) -> keras.Model:
    """Returns an encoder that fills its sources up as its stride needs it; itself if it has none.

    Args:
        encoder: a functional model with inputs by names.
        facts: what is true of it.
    """
    if facts.stride == 1 or getattr(encoder, "multiple", 1) == facts.stride:
        return encoder
    return FilledEncoder(encoder.input, encoder.output, multiple=facts.stride, name=encoder.name)
