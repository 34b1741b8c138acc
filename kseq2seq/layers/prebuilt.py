"""Layers whose weights exist from the moment they are made.

Both `initial` and `call` of a decoder use its weights. If these were made on first use, the order
of use would decide which exist, and a reloaded model could differ from the saved one. Every layer
here knows its widths when it is made, so its weights are made then.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, cast

import keras
from keras.src.backend.common import global_state
from keras.src.backend.common.name_scope import current_path

from kseq2seq.layers.adaptable import Dense
from kseq2seq.layers.changes import apply_changes, changes_of

_REST = inspect.Parameter.VAR_KEYWORD
_SHARING = "shared_objects/id_to_config_map"  # Keras' own, while it saves a model


class Prebuilt(keras.layers.Layer):
    """The base of layers that make all their weights in their constructor.

    The configuration of such a layer is the arguments of its constructor, and the changes to its
    parts since then: see `changes_of`. A subclass that is registered with Keras needs nothing else
    to be saved and loaded. Where its constructor takes **kwargs for its base, their values belong
    to the configuration, too.

    Example:
        >>> import keras
        >>> from kseq2seq.layers import Prebuilt, linear
        >>> class Twice(Prebuilt):
        ...     def __init__(self, dim, **kwargs):
        ...         super().__init__(**kwargs)
        ...         with self.parts():
        ...             self.first = linear(dim, dim, name="first")
        ...             self.second = linear(dim, dim, name="second")
        ...     def call(self, x):
        ...         return self.second(self.first(x))
        >>> layer = Twice(4, name="twice", dtype="mixed_bfloat16")
        >>> layer.weights[0].path, layer.first.compute_dtype, layer.get_config()["dim"]
        ('twice/first/kernel', 'bfloat16', 4)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Makes a layer that remembers the arguments of its constructor."""
        layer = super().__new__(cls, *args, **kwargs)
        arguments = _arguments(cls, args, _today(cls, kwargs))
        # a mappingproxy, which Keras neither tracks nor saves
        vars(layer)["_constructor_arguments"] = MappingProxyType(arguments)
        return layer

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.built = True

    @contextmanager
    def parts(self) -> Iterator[None]:
        """Inside it, sublayers and weights are made under the layer's name and dtype policy."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.dtype_policy)
        try:
            with self._open_name_scope():
                self._path = current_path()
                yield
        finally:
            keras.config.set_dtype_policy(before)
        layer: Any = self
        if not layer.trainable:
            layer.trainable = False  # with its parts

    def build(self, *shapes: Any, **named_shapes: Any) -> None:
        """Has nothing left to do."""

    def get_build_config(self) -> None:
        """Returns None: the widths are arguments of the constructor."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the constructor, and "changes" if parts were changed."""
        settings = self._constructor_arguments
        changes = changes_of(self)
        return {
            **super().get_config(),
            **{name: _described(value) for name, value in settings.items()},
            **({"changes": changes} if changes else {}),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Prebuilt:
        """Makes the layer that `get_config` described, with weights of its own."""
        config = _today(cls, config)
        changes = config.pop("changes", None)
        layer = cls(**{name: _made(part) for name, part in config.items()})
        apply_changes(layer, changes)
        return layer


def _constructors(cls: type) -> Iterator[tuple[Any, list[str]]]:
    """Yields the constructors that keyword arguments pass through, and their parameters' names.

    The first is that of the class; while one takes **kwargs, its base's follows, up to `Prebuilt`.
    """
    for base in cls.__mro__[: cls.__mro__.index(Prebuilt)]:
        if "__init__" not in vars(base):
            continue
        constructor = vars(base)["__init__"]
        parameters = list(inspect.signature(constructor).parameters.values())[1:]
        names = [each.name for each in parameters if each.kind is not _REST]
        yield constructor, names
        if len(names) == len(parameters):
            return


def _today(cls: type, arguments: dict[str, Any]) -> dict[str, Any]:
    """Returns keyword arguments under today's names, where a constructor's were `renamed`."""
    taken: set[str] = set()  # by a subclass, as a name of its own
    for constructor, names in _constructors(cls):
        taken.update(names)
        renames = getattr(constructor, "renamed", {})
        arguments = {
            name if name in taken else renames.get(name, name): value
            for name, value in arguments.items()
        }
    return arguments


def settings_of(cls: type) -> list[str]:
    """Returns the parameters of the constructor of a `Prebuilt`, without `name`.

    If it takes **kwargs for its base, they include those of the base's constructor, and so on.
    """
    names = dict.fromkeys(name for _, own in _constructors(cls) for name in own)
    return [name for name in names if name != "name"]


def _arguments(cls: type, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The settings that are passed to a constructor, and the defaults of its own parameters."""
    try:
        bound = inspect.signature(cls.__init__).bind(None, *args, **kwargs)  # type: ignore[misc]
    except TypeError:  # which the call of the constructor is about to raise
        return {}
    bound.apply_defaults()
    values = {**bound.arguments, **kwargs}
    return {name: values[name] for name in settings_of(cls) if name in values}


def _described(value: Any) -> Any:
    if isinstance(value, list | tuple) and not hasattr(value, "get_config"):
        return [_described(part) for part in value]
    if isinstance(value, tuple):  # a NamedTuple, which Keras would take for a plain one
        value = cast(Any, value)
        return {
            "module": type(value).__module__,
            "class_name": type(value).__name__,
            "config": {name: _described(part) for name, part in value.get_config().items()},
            "registered_name": keras.saving.get_registered_name(type(value)),
        }
    config = keras.saving.serialize_keras_object(value)
    sharing = global_state.get_global_attribute(_SHARING) is not None
    if sharing and isinstance(value, keras.layers.Layer):
        # Keras marks shared layers in their configurations, of which this one is a copy
        config["shared_object_id"] = id(value)
    return config


def _made(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_made(part) for part in value]
    if isinstance(value, dict):
        return keras.saving.deserialize_keras_object(value)
    return value


def linear(
    input_dim: int,
    output_dim: int,
    use_bias: bool = True,
    activation=None,
    name: str | None = None,
    start: keras.initializers.Initializer | str = "glorot_uniform",
) -> keras.layers.Dense:
    """Returns a dense layer that is already built for inputs of width `input_dim`.

    Example:
        >>> from kseq2seq.layers import linear
        >>> [tuple(weight.shape) for weight in linear(3, 4).weights]
        [(3, 4), (4,)]
    """
    layer = Dense(
        output_dim, activation=activation, use_bias=use_bias, kernel_initializer=start, name=name
    )
    layer.build((None, input_dim))
    return layer
