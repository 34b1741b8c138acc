"""Changes to the parts of a built layer: frozen, adapted by LoRA, quantized."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from kseq2seq.formats import FORMAT, upgraded
from kseq2seq.layers.adaptable import Adaptable

SELF = "."  # the path of the layer itself
_UPGRADES = ()
_QUANTIZERS = "keras.quantizers"
_MOST_RANK = 1024  # of LoRA, where a matrix has no longer side


def changes_of(layer: keras.layers.Layer) -> dict[str, Any]:
    """Returns how the parts of a layer differ from those of a newly built one, in JSON's own types.

    Args:
        layer: any built layer or model.

    Returns:
        {} if nothing differs; else {"format": a number, "parts": changes by path}. The path of a
        part joins the names of the layers around it and its own. Its changes are any of
        "trainable", if it differs from that of the layer around it; "weights", the same for single
        weights; "lora", its rank and alpha; and "quantization", its mode and options.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.layers.changes import changes_of
        >>> model = build_model("gru", source=9, target=9, hidden_dim=4)
        >>> changes_of(model)
        {}
        >>> model.encoder.trainable = False
        >>> model.decoder.logits.enable_lora(2)
        >>> changes_of(model)["parts"]["encoder"]
        {'trainable': False}
        >>> changes_of(model)["parts"]["decoder/decoder/logits"]["lora"]
        {'rank': 2, 'alpha': 2}
    """
    parts: dict[str, Any] = {}
    seen: set[int] = set()
    for path, part, around in _walk(layer):
        change: dict[str, Any] = {}
        if part.trainable != (True if around is None else around.trainable):
            change["trainable"] = part.trainable
        if id(part) not in seen:
            change.update(_own(part))
        seen.add(id(part))
        if change:
            parts[path] = change
    return {FORMAT: len(_UPGRADES) + 1, "parts": parts} if parts else {}


def apply_changes(layer: keras.layers.Layer, changes: Mapping[str, Any] | None) -> None:
    """Makes the changes that `changes_of` returned to a newly built layer.

    Args:
        layer: built like the one that was changed.
        changes: what `changes_of` returned; None and {} change nothing.

    Raises:
        ValueError: if the changes are of another layer or of a newer format.
    """
    if not changes:
        return
    parts = _checked(changes)
    visits = list(_walk(layer))
    paths = dict.fromkeys(path for path, _, _ in visits)
    if missing := [path for path in parts if path not in paths]:
        raise ValueError(
            f"The changes are of another model: {layer.name!r} has no part {missing[0]!r}. Its "
            f"parts are {', '.join(list(paths)[1:])}."
        )
    for path, part, _ in visits:
        _quantize(part, parts.get(path, {}).get("quantization"))
        lora = parts.get(path, {}).get("lora")
        if lora and not getattr(part, "lora_enabled", False):
            _check_lora(path, part, lora)
            part.enable_lora(lora["rank"], lora_alpha=lora["alpha"])
            if not isinstance(part, Adaptable):
                _keep_learnable(part)
    for path, part, around in visits:  # a shared part once for each layer around it
        wanted = parts.get(path, {}).get("trainable", around.trainable if around else True)
        if around is None or part.trainable != wanted:
            part.trainable = wanted
    for path, part, _ in visits:
        for name, wanted in parts.get(path, {}).get("weights", {}).items():
            _weights(part)[name].trainable = wanted


def _checked(changes: Any) -> dict[str, Mapping[str, Any]]:
    """Returns changes by path, from a record that may come from anywhere."""
    what = "The record of changes to a model's layers"
    if not isinstance(changes, Mapping):
        raise ValueError(f"{what} must be a dict; got {changes!r:.80}.")
    parts = upgraded(changes, _UPGRADES, what).get("parts")
    if not isinstance(parts, Mapping):
        raise ValueError(f"{what} must have a dict of 'parts'; got {parts!r:.80}.")
    for path, change in parts.items():
        if not isinstance(change, Mapping):
            raise ValueError(f"{what} must have a dict for {path!r}; got {change!r:.80}.")
        flags = [change.get("trainable", True), *dict(change.get("weights", {})).values()]
        if not all(isinstance(flag, bool) for flag in flags):
            raise ValueError(
                f"'trainable' and 'weights' of {path!r} must be true or false; got {flags}."
            )
    return dict(parts)


def _check_lora(path: str, part: Any, lora: Mapping[str, Any]) -> None:
    """Refuses ranks whose factors would be much larger than what they adapt."""
    if not hasattr(part, "enable_lora"):
        raise ValueError(f"{path!r} is a {type(part).__name__}, which has no LoRA.")
    matrix = getattr(part, "kernel", None)
    matrix = part.embeddings if matrix is None else matrix
    most = max(_MOST_RANK, *matrix.shape)
    if type(lora["rank"]) is not int or not 1 <= lora["rank"] <= most:
        raise ValueError(
            f"The rank of LoRA in {path!r} must be a whole number from 1 to {most}; got "
            f"{lora['rank']!r}."
        )


def _own(part: keras.layers.Layer) -> dict[str, Any]:
    change: dict[str, Any] = {}
    odd = {n: w.trainable for n, w in _weights(part).items() if w.trainable != part.trainable}
    if odd:
        change["weights"] = odd
    if getattr(part, "lora_enabled", False):
        change["lora"] = {"rank": part.lora_rank, "alpha": part.lora_alpha}
    if part.quantization_mode is not None:
        options = keras.saving.serialize_keras_object(getattr(part, "quantization_config", None))
        change["quantization"] = {"mode": part.quantization_mode, "options": options}
    return change


def _quantize(part: Any, record: Mapping[str, Any] | None) -> None:
    if record is None or part.quantization_mode is not None:
        return
    options = record["options"]
    _check_quantizers(options)
    part.quantize(record["mode"], config=keras.saving.deserialize_keras_object(options))


def _keep_learnable(part: Any) -> None:
    """Draws a factor of LoRA after loading, where Keras' own layers would leave both zeros."""
    load = part.load_own_variables

    def load_and_draw(store: Any) -> None:
        load(store)
        for name in ("lora_kernel_a", "lora_embeddings_a"):
            if hasattr(part, name):
                factor = getattr(part, name)
                factor.assign(keras.initializers.HeUniform()(factor.shape, factor.dtype))

    part.load_own_variables = load_and_draw


def _check_quantizers(options: Any) -> None:
    """Refuses to make any object that is not one of Keras' quantizers, whatever a file says."""
    if isinstance(options, Mapping):
        other = options.get("module") != _QUANTIZERS or options.get("registered_name")
        if "class_name" in options and other:
            raise ValueError(
                f"Options of a quantized layer must be of {_QUANTIZERS}; got "
                f"{options.get('module')}.{options['class_name']}."
            )
    if isinstance(options, Mapping | list | tuple):
        for part in options.values() if isinstance(options, Mapping) else options:
            _check_quantizers(part)


def _weights(part: keras.layers.Layer) -> dict[str, keras.Variable]:
    """A layer's own weights that were made to be trained, by name."""
    return {weight.name: weight for weight in part._trainable_variables}


def _walk(
    layer: Any, path: str = "", around: Any = None
) -> Iterator[tuple[str, Any, keras.layers.Layer | None]]:
    """Yields paths, layers and the layers around them, from the outside in."""
    yield path or SELF, layer, around
    names: dict[str, int] = {}
    for part in _parts(layer):
        name = _name(part)
        names[name] = count = names.get(name, 0) + 1
        inner = f"{path}/{name}" if path else name
        yield from _walk(part, inner if count == 1 else f"{inner}_{count - 1}", layer)


def _parts(layer: Any) -> list[Any]:
    if isinstance(layer, keras.Model):
        return layer.layers
    return list(layer._flatten_layers(include_self=False, recursive=False))


def _name(part: Any) -> str:
    """A layer's name; that of its kind where Keras made it up, counting through the process."""
    kind = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(part).__name__)
    kind = re.sub("([a-z])([A-Z])", r"\1_\2", kind).lower()
    return kind if re.fullmatch(rf"{re.escape(kind)}(_\d+)?", part.name) else part.name
