"""What an encoder does to the length of its source: declared, checked, and allowed for."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import Any

import keras
from keras import ops

from kseq2seq.checks import check_whole


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What must be known of an encoder to cut, pad and batch its sources.

    A graph of layers does not show all of it, so an architecture declares it, and a model has it as
    `model.facts`.

    Args:
        stride: units of the source for each position of the encoder's outputs and mask: S units
            become `ceil(S / stride)` positions. A model fills up its sources to a multiple of it,
            so that a strided convolution with padding "same" begins at the same unit whatever a
            source is padded to.
        crops: whether units beyond the end of a source may be left out; not so for an image.
        padding_free: whether the outputs at the positions of a source are the same however much
            padding follows it.
        lookahead: the number of later units that an output depends on; None for all.

    Raises:
        ValueError: `stride` or `lookahead` is not such a number.

    Example:
        >>> from kseq2seq.encoders import Facts
        >>> facts = Facts(stride=4)
        >>> facts.positions(79), facts.filled(79)
        (20, 80)
    """

    stride: int = 1
    crops: bool = True
    padding_free: bool = True
    lookahead: int | None = None

    def __post_init__(self):
        check_whole("stride", self.stride)
        if self.lookahead is not None:
            check_whole("lookahead", self.lookahead, 0)

    def positions(self, units: Any) -> Any:
        """Returns how many positions the units become: an int, an array or a tensor."""
        return -(-units // self.stride)

    def filled(self, units: Any) -> Any:
        """Returns the least multiple of the stride that is not less than `units`."""
        return self.positions(units) * self.stride

    def beside(self, other: Facts) -> Facts:
        """Returns the facts that are true of both, for encoders that read one source together."""
        ahead = (self.lookahead, other.lookahead)
        return Facts(
            stride=lcm(self.stride, other.stride),
            crops=self.crops and other.crops,
            padding_free=self.padding_free and other.padding_free,
            lookahead=None if None in ahead else max(ahead),  # type: ignore[type-var]
        )


UNKNOWN = Facts(crops=False, padding_free=False)


def along_units(inputs: Any) -> tuple[str, ...]:
    """Returns which inputs of a model lie along the units of its source.

    These are the inputs whose first axis after the rows, and no other, may have any length. An
    image has two such axes, and a vector for the whole source has none.

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


def fill_up(x: Any, multiple: int) -> Any:
    """Returns x (B, S, ...) with zeros after it, until its length is a multiple.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.encoders.facts import fill_up
        >>> np.array(fill_up(np.array([[7, 8, 2]]), 2)).tolist()
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


@keras.saving.register_keras_serializable(package="kseq2seq")
class FilledEncoder(keras.Model):
    """The same functional encoder, which fills its sources up to a multiple before it reads them.

    Args:
        inputs: symbolic, by names.
        outputs: symbolic.
        multiple: the layers see only lengths that are multiples of it.
        **kwargs: those of `keras.Model`.
    """

    def __init__(self, inputs: Any, outputs: Any, multiple: int, **kwargs: Any):
        super().__init__(inputs, outputs, **kwargs)
        self.multiple = multiple
        self.filled_names = along_units(inputs)

    def call(self, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """See `keras.Model`."""
        longer = {
            name: fill_up(x, self.multiple) if name in self.filled_names else x
            for name, x in inputs.items()
        }
        return super().call(longer, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Returns the same graph as a plain functional model, and the multiple."""
        plain = keras.Model(self.input, self.output, name=self.name)
        config = keras.saving.serialize_keras_object(plain)
        return {"encoder": config, "multiple": self.multiple}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> FilledEncoder:
        """Makes the encoder that `get_config` described."""
        plain = keras.saving.deserialize_keras_object(config["encoder"], custom_objects)
        return cls(plain.input, plain.output, config["multiple"], name=plain.name)


# Models derive a class of the same name that makes masks, which files know by this name alone.
keras.saving.get_custom_objects()[FilledEncoder.__name__] = FilledEncoder


def with_facts(encoder: keras.Model, facts: Facts) -> keras.Model:
    """Returns an encoder that fills up its sources to its stride; itself if the stride is 1.

    Args:
        encoder: a functional model with inputs by names.
        facts: those of the encoder.
    """
    if facts.stride == 1 or getattr(encoder, "multiple", 1) == facts.stride:
        return encoder
    return FilledEncoder(encoder.input, encoder.output, multiple=facts.stride, name=encoder.name)


def check_facts(encoder: keras.Model, facts: Facts) -> None:
    """Refuses facts that an encoder's outputs contradict, if their length can be inferred.

    Otherwise a head that labels each position would learn the labels of other positions.

    Args:
        encoder: a functional model with inputs by names -> {"outputs" (B, S, ...), ...}.
        facts: what its architecture declares.

    Raises:
        ValueError: the encoder makes another number of positions than `facts` say.

    Example:
        >>> from kseq2seq.encoders import Facts, check_facts, recurrent_encoder
        >>> sizes = {"embedding_dim": 4, "hidden_dim": 8, "num_layers": 1}
        >>> check_facts(recurrent_encoder("gru", 50, bidirectional=False, **sizes), Facts())
    """
    along = along_units(encoder.input)
    if not along:
        return
    limits = [getattr(layer, "max_length", None) for layer in encoder.layers]
    longest = min([16 * facts.stride, *(limit for limit in limits if limit)])
    units = max(longest // facts.stride, 1) * facts.stride
    inputs = dict(encoder.input)
    for name in along:
        inputs[name] = keras.KerasTensor((1, units, *inputs[name].shape[2:]), inputs[name].dtype)
    positions = encoder.compute_output_spec(inputs)["outputs"].shape[1]
    if positions not in (None, facts.positions(units)):
        raise ValueError(
            f"The encoder makes {positions} positions of {units} units of a source, but its "
            f"`facts` say {facts.positions(units)}, at a stride of {facts.stride}. Declare the "
            "stride in its architecture, for example `facts = Facts(stride=2)`."
        )
