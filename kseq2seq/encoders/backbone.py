"""Encoders made of KerasHub's text backbones, which are often pretrained."""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras import ops

from kseq2seq.encoders.spec import real_positions, source_inputs
from kseq2seq.memory import check_memory

MOST_LAYERS, MOST_SIZE = 1024, 2**24
_NEEDED = {"token_ids", "padding_mask"}


@keras.saving.register_keras_serializable(package="kseq2seq")
class LengthLimit(keras.layers.Layer):
    """Hands on tokens, and refuses sequences longer than a model's positions reach.

    Args:
        max_length: the most tokens of a sequence.
    """

    def __init__(self, max_length: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.max_length = max_length

    def call(self, tokens):
        """Maps tokens (B, S) to themselves; S may be unknown while a graph is being made."""
        length = tokens.shape[1]
        if length is not None and length > self.max_length:
            raise ValueError(
                f"A source of {length} tokens was given to a backbone with positions for "
                f"{self.max_length}. Shorten it, or split it into sentences."
            )
        return tokens

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {**super().get_config(), "max_length": self.max_length}


def backbone_encoder(backbone: keras.Model) -> keras.Model:
    """Builds an encoder out of a text backbone of KerasHub, whose weights it shares.

    The backbone is a layer of the encoder: `backbone.trainable = False` freezes its weights, but
    not its dropout. The encoder is as wide as the backbone, and a source has at most
    `max_sequence_length` tokens.

    Args:
        backbone: a model {"token_ids", "padding_mask" and perhaps "segment_ids", each (B, S)} ->
            (B, S, E), or a dict with these as "sequence_output": BERT, RoBERTa, DistilBERT, ALBERT,
            ELECTRA, DeBERTa, XLM-RoBERTa and others.

    Returns:
        A functional model {"source" (B, S), "source_mask" (B, S)} -> {"outputs" (B, S, E), "mask"
        (B, S)}, the outputs in the backbone's compute dtype.

    Raises:
        TypeError: `backbone` is not a model.
        ValueError: it takes other inputs, or does not return a vector for each token.

    Example:
        >>> import keras_hub
        >>> from kseq2seq.encoders import backbone_encoder
        >>> backbone = keras_hub.models.BertBackbone(
        ...     vocabulary_size=50, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16
        ... )
        >>> backbone_encoder(backbone).output["outputs"].shape
        (None, None, 8)
    """
    if not isinstance(backbone, keras.Model):
        raise TypeError(
            "`backbone` must be a model, for example keras_hub.models.Backbone.from_preset(...); "
            f"got {backbone!r}."
        )
    name, inputs = type(backbone).__name__, getattr(backbone, "input", None)
    names = set(inputs) if isinstance(inputs, dict) else {"one without a name"}
    if not _NEEDED <= names <= {*_NEEDED, "segment_ids"}:
        raise ValueError(
            "`backbone` must take token_ids, padding_mask and, optionally, segment_ids; the inputs "
            f"of {name} are {', '.join(sorted(names))}. Pass an encoder of text, for example a "
            "BertBackbone or a RobertaBackbone."
        )
    read = source_inputs()
    source, mask = read["source"], real_positions(read)
    limit = getattr(backbone, "max_sequence_length", None)
    tokens = source if limit is None else LengthLimit(limit, name="length_limit")(source)
    inputs = {"token_ids": tokens, "padding_mask": ops.cast(mask, "int32")}
    if "segment_ids" in names:
        inputs["segment_ids"] = ops.zeros_like(tokens)
    outputs = backbone(inputs)
    if isinstance(outputs, dict):
        outputs = outputs.get("sequence_output")
    shape: tuple[int | None, ...] = getattr(outputs, "shape", ())
    if len(shape) != 3 or shape[-1] is None:
        raise ValueError(
            "`backbone` must return (B, S, E), or a dict with these as 'sequence_output'; the "
            f"outputs of {name} are {backbone.output}."
        )
    encoded = {"outputs": outputs, "mask": mask}
    return keras.Model(read, encoded, name="encoder")


def backbone_config(backbone: keras.Model) -> dict[str, Any]:
    """Returns a record that rebuilds a backbone of KerasHub without its weights, as JSON values.

    Args:
        backbone: a model of one of the classes in `keras_hub.models`.

    Returns:
        {"backbone": the name of the class, "config": the arguments of its constructor}.

    Raises:
        ValueError: the class is not KerasHub's own, or the backbone is quantized or made of other
            models.

    Example:
        >>> import keras_hub
        >>> from kseq2seq.encoders import backbone_config
        >>> backbone = keras_hub.models.BertBackbone(
        ...     vocabulary_size=50, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16
        ... )
        >>> record = backbone_config(backbone)
        >>> record["backbone"], record["config"]["hidden_dim"], record["config"]["dtype"]
        ('BertBackbone', 8, 'float32')
    """
    config = dict(backbone.get_config())
    if isinstance(config.get("dtype"), dict) and config["dtype"]["class_name"] == "DTypePolicy":
        config["dtype"] = backbone.dtype_policy.name
    record = {"backbone": type(backbone).__name__, "config": config}
    if _described(record)[0] is not type(backbone):
        raise ValueError(
            f"`backbone` must be of a class in keras_hub.models; {type(backbone).__qualname__} of "
            f"{type(backbone).__module__} is another class of that name."
        )
    return record


def backbone_from_config(record: dict[str, Any]) -> keras.Model:
    """Builds the backbone that `backbone_config` described, with random weights.

    The record only names one of KerasHub's backbones and gives numbers, strings and flags to its
    constructor; nothing else is imported or run.

    Args:
        record: what `backbone_config` returned.

    Raises:
        ValueError: the record describes no backbone.

    Example:
        >>> from kseq2seq.encoders import backbone_from_config
        >>> sizes = {
        ...     "vocabulary_size": 50,
        ...     "num_layers": 1,
        ...     "num_heads": 2,
        ...     "hidden_dim": 8,
        ...     "intermediate_dim": 16,
        ... }
        >>> backbone_from_config({"backbone": "RobertaBackbone", "config": sizes}).hidden_dim
        8
    """
    kind, config = _described(record)
    _check_sizes(record["backbone"], config)
    try:
        return kind(**config)
    except Exception as error:  # a constructor may fail in any way on sizes that no backbone has
        raise ValueError(
            f"{record['backbone']} can't be built from {config} ({type(error).__name__}: {error})."
        ) from error


def _check_sizes(name: str, config: dict[str, Any]) -> None:
    """Refuses sizes that no backbone has, and more weights than memory holds."""
    for key, value in config.items():
        most = MOST_LAYERS if "layers" in key else MOST_SIZE
        if isinstance(value, int | float) and value > most:
            raise ValueError(f"{key!r} of {name} must be at most {most:,}; got {value}.")
    sizes = {key: value for key, value in config.items() if isinstance(value, int) and value > 0}
    width, layers = sizes.get("hidden_dim", 1), sizes.get("num_layers", 1)
    inner = sizes.get("intermediate_dim", 1)
    weights = sizes.get("embedding_dim", width) * sizes.get("vocabulary_size", 1) + width * inner
    if name != "AlbertBackbone":  # whose layers are one
        weights += (layers - 1) * width * inner
    check_memory(4 * weights, f"{name} of at least {weights:,} parameters", "Lower its sizes.")


def _described(record: Any) -> tuple[type[keras.Model], dict[str, Any]]:
    """The class and the arguments in a record, which may come from anywhere."""
    import keras_hub

    if not isinstance(record, dict) or set(record) != {"backbone", "config"}:
        raise ValueError(f"A backbone's record must have 'backbone' and 'config'; got {record!r}.")
    name, config = record["backbone"], record["config"]
    kind = vars(keras_hub.models).get(name) if isinstance(name, str) else None
    if not isinstance(kind, type) or not issubclass(kind, keras_hub.models.Backbone):
        raise ValueError(
            f"{name!r} is no backbone in keras_hub.models. Pass its name, for example "
            "'BertBackbone'."
        )
    if not isinstance(config, dict):
        raise ValueError(f"The config of {name} must be a dict of its arguments; got {config!r}.")
    known = {*inspect.signature(kind).parameters, "name", "trainable"}
    for key, value in config.items():
        if key not in known:
            raise ValueError(f"{name} takes no {key!r}; it takes {', '.join(sorted(known))}.")
        # KerasHub builds objects of any class out of a dict here.
        if not isinstance(value, str | int | float | None):
            raise ValueError(
                f"{key!r} of {name} must be a number, a string, a flag or None; got {value!r}. "
                "A quantized backbone, or one made of other models, can't be described: load it "
                "in a floating-point dtype, or use one that reads text alone."
            )
    return kind, config
