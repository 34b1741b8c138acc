"""Encoders of pictures made of the backbones of Keras and KerasHub, at a level of their pyramid."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from kseq2seq.encoders.image import LEVELS, as_cells, image_spec

KERAS, HUB = "keras", "keras_hub"
_OPTIONS = (str, int, float, bool, type(None))


def image_backbone_encoder(
    source: Any, backbone: keras.Model, *, hidden_dim: int, stride: int, dropout: float
) -> keras.Model:
    """Builds an encoder of an image backbone, whose weights it shares, cut off at a level.

    Args:
        source: of pictures of one size.
        backbone: a functional model from pictures to features, of `keras.applications` without its
            top, or of `keras_hub.models`; it may have one output, several, or a dict.
        hidden_dim: width of the outputs.
        stride: pixels between the cells of the grid; a backbone's last level is mostly at 32, where
            a picture of 96 pixels has nine cells.
        dropout: rate on the outputs, in [0, 1).

    Returns:
        A functional model {"source" (B, H, W, channels)} -> {"outputs" (B, S, hidden_dim), "mask"
        (B, S)}, as `image_encoder`.

    Raises:
        ValueError: the backbone takes other pictures, or has no grid of that stride.

    Example:
        >>> import keras
        >>> from kseq2seq.encoders import image_backbone_encoder
        >>> backbone = keras.applications.MobileNetV3Small(
        ...     (64, 64, 3), alpha=0.35, minimalistic=True, include_top=False, weights=None
        ... )
        >>> picture = {"source": ((64, 64, 3), "float32")}
        >>> encoder = image_backbone_encoder(
        ...     picture, backbone, hidden_dim=8, stride=16, dropout=0.0
        ... )
        >>> encoder.output["outputs"].shape
        (None, 16, 8)
    """
    spec = image_spec(source, "an image backbone")
    inputs = spec.symbolic()
    shape = tuple(inputs["source"].shape[1:])
    given = backbone.inputs[0].shape
    if len(backbone.inputs) != 1 or len(given) != 4 or given[-1] != shape[-1]:
        raise ValueError(
            f"`backbone` must take pictures of the source, {shape}; it takes "
            f"{[tensor.shape for tensor in backbone.inputs]}."
        )
    cut = keras.Model(backbone.inputs, _level(backbone, stride, shape), name="backbone")
    with keras.name_scope("encoder"):
        encoded = as_cells(cut(inputs["source"]), hidden_dim, dropout)
    return keras.Model(inputs, encoded, name="encoder")


def _level(backbone: keras.Model, stride: int, shape: tuple[int, ...]) -> Any:
    """The last grid of a backbone whose cells are `stride` pixels apart in pictures of a shape."""
    pyramid = getattr(backbone, "pyramid_outputs", None)
    outputs = pyramid if isinstance(pyramid, dict) and pyramid else backbone.output
    named = list(keras.tree.flatten(outputs))
    inside = [layer.output for layer in backbone.layers if hasattr(layer, "output")]
    known = set()
    for tensors in (named, inside):  # declared levels first
        grids = [one for one in tensors if len(getattr(one, "shape", ())) == 4]
        sizes = _sizes(backbone, grids, shape) if grids else []
        fitting = [
            grid for grid, size in zip(grids, sizes, strict=True) if size == _cells(shape, stride)
        ]
        if fitting:
            return fitting[-1]
        known |= {level for level in LEVELS if _cells(shape, level) in sizes}
    raise ValueError(
        f"{type(backbone).__name__} has no features at a stride of {stride} for pictures of "
        f"{shape[0]} x {shape[1]}; it has them at {sorted(known)}. Pass one of these as `stride`."
    )


def _cells(shape: tuple[int, ...], stride: int) -> tuple[int, int]:
    return -(-shape[0] // stride), -(-shape[1] // stride)


def _sizes(backbone: keras.Model, grids: list[Any], shape: tuple[int, ...]) -> list[tuple]:
    """Height and width of grids for pictures of a shape; the backbone may be built for any."""
    probe = keras.Model(backbone.inputs, grids)
    specs = probe.compute_output_spec(keras.KerasTensor((1, *shape), "float32"))
    return [tuple(spec.shape[1:3]) for spec in keras.tree.flatten(specs)]


def image_backbone(record: dict[str, Any], shape: tuple[int, ...], weights: Any = None) -> Any:
    """Builds the backbone that a record names; nothing else is imported or run.

    Args:
        record: {"library": "keras" or "keras_hub", "name": of a function of `keras.applications` or
            of a class of `keras_hub.models`, "options": numbers, strings, flags and lists of them}.
        shape: (height, width, channels) of the pictures, for a function of `keras.applications`.
        weights: a file of weights for one of `keras.applications`; None draws them at random.

    Raises:
        ValueError: the record describes no backbone.
    """
    if not isinstance(record, dict) or set(record) != {"library", "name", "options"}:
        raise ValueError(
            "A backbone must be the name of one in `keras.applications`, a KerasHub backbone, or "
            f"a record with 'library', 'name' and 'options'; got {record!r:.200}."
        )
    library, name, options = record["library"], record["name"], record["options"]
    maker = _maker(library, name)
    known = {*inspect.signature(maker).parameters, "name", "trainable"}
    for key, value in options.items() if isinstance(options, dict) else [("options", options)]:
        if key not in known or not _plain(value):
            raise ValueError(
                f"{name} takes as options {', '.join(sorted(known))}, numbers, strings, flags or "
                f"lists of them; got {key}={value!r:.80}."
            )
    if library == KERAS:
        options = {"input_shape": tuple(shape), **options, "include_top": False}
        options["weights"] = weights
    try:
        return maker(**options)
    except Exception as error:  # a constructor may fail in any way on options that it can't take
        raise ValueError(
            f"{name} can't be built from {options} ({type(error).__name__}: {error!s:.200})."
        ) from error


def described_backbone(backbone: Any, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """Returns the record of a backbone, which `image_backbone` rebuilds without its weights.

    Args:
        backbone: a name in `keras.applications`; an object of a class in `keras_hub.models`; or a
            record.
        options: of a name.

    Example:
        >>> from kseq2seq.encoders.image_backbone import described_backbone
        >>> described_backbone("MobileNetV3Small", {"minimalistic": True})["library"]
        'keras'
    """
    if isinstance(backbone, dict):
        return backbone
    if isinstance(backbone, str):
        _maker(KERAS, backbone)
        return {"library": KERAS, "name": backbone, "options": dict(options or {})}
    name = type(backbone).__name__
    if not isinstance(backbone, keras.Model) or _maker(HUB, name) is not type(backbone):
        raise ValueError(
            "A backbone must be the name of one in `keras.applications`, for example "
            f"'MobileNetV3Small', or an object of `keras_hub.models`; got {backbone!r:.80}."
        )
    config = {key: value for key, value in backbone.get_config().items() if key != "dtype"}
    return {"library": HUB, "name": name, "options": keras.tree.map_structure(_whole, config)}


def _maker(library: Any, name: Any) -> Any:
    if library == HUB:
        import keras_hub

        kind = vars(keras_hub.models).get(name) if isinstance(name, str) else None
        if isinstance(kind, type) and issubclass(kind, keras_hub.models.Backbone):
            return kind
    elif library == KERAS and isinstance(name, str):
        maker = vars(keras.applications).get(name)
        if inspect.isfunction(maker):
            return maker
    raise ValueError(
        f"{name!r:.80} is no backbone of `{'keras_hub.models' if library == HUB else KERAS + '.'}"
        f"{'' if library == HUB else 'applications'}`. Pass a name there, for example "
        "'MobileNetV3Small' or 'ResNet50'."
    )


def _plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_plain, value))
    return isinstance(value, _OPTIONS)


def _whole(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
