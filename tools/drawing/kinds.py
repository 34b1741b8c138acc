"""Names and sizes of layers in a drawing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from kseq2seq.decoders.recurrent import Bridge
from kseq2seq.encoders.recurrent import MeanStates, Reversal
from kseq2seq.layers import (
    Attention,
    CrossAttention,
    FeedForward,
    GatedConvolution,
    GridPositions,
    SelfAttention,
    TokenEmbedding,
)


class Part(NamedTuple):
    """A part of a layer, as a block shows it.

    Attributes:
        kind: "embedding", "positions", "recurrent", "convolution", "attention", "feed-forward",
            "normalization" or "other"; also "sum", which has no layer.
        label: its name.
        detail: its sizes.
        weights: its variables.
    """

    kind: str
    label: str
    detail: str
    weights: list[keras.Variable]

    @property
    def size(self) -> int:
        """How many numbers its variables hold."""
        return sum(math.prod(weight.shape) for weight in self.weights)


def is_drawn(layer: keras.layers.Layer) -> bool:
    """Returns whether a layer is drawn whole or passed over; all others are entered."""
    known = _known(layer) is not None
    return known or (not layer._layers and (bool(layer.weights) or _of_keras(layer)))


def describe(layer: keras.layers.Layer, causal: bool, reverse: bool) -> list[Part]:
    """Returns the parts that are drawn of a layer, from its input upwards; none for a dropout.

    Args:
        layer: any for which `is_drawn`.
        causal: it sees nothing of later steps.
        reverse: it is an embedding, called to give logits.
    """
    if reverse:
        detail = f"{layer.output_dim} → {layer.input_dim}"
        return [Part("feed-forward", "Linear", detail, _tables(layer)[1])]
    named = _known(layer)
    if named is None:
        return [Part("other", type(layer).__name__, "", layer.weights)]
    kind, name = named
    if kind == "":
        return []
    if isinstance(layer, TokenEmbedding):
        return _embedding(layer)
    if isinstance(layer, keras.layers.Embedding):
        return [_table(layer)]
    if isinstance(layer, Bridge) and not layer.weights:
        return []
    label, detail = name(layer)
    if causal and isinstance(layer, SelfAttention):
        label = f"Causal {label.lower()}"
    return [Part(kind, label, detail, layer.weights)]


def _known(layer: keras.layers.Layer) -> tuple[str, Callable[[Any], tuple[str, str]]] | None:
    return next((_KINDS[base] for base in type(layer).__mro__ if base in _KINDS), None)


def _of_keras(layer: keras.layers.Layer) -> bool:
    return type(layer).__module__.partition(".")[0] == "keras"


def _embedding(layer: TokenEmbedding) -> list[Part]:
    parts = [_table(layer.table)]
    if layer.position_scheme == "learned":
        parts.append(Part("positions", "Learned\npositions", "", layer.places.weights))
    elif layer.position_scheme == "sinusoidal":
        parts.append(Part("positions", "Sinusoidal\npositions", "", []))
    return parts


def _table(table: keras.layers.Embedding) -> Part:
    detail = f"{table.input_dim} × {table.output_dim}"
    return Part("embedding", "Embedding", detail, _tables(table)[0])


def _tables(table: keras.layers.Layer) -> tuple[list, list]:
    """The weights by which tokens become vectors, and those by which vectors become logits."""
    back = [w for w in table.weights if w.name == "reverse_embeddings"]
    there = [w for w in table.weights if w.name != "reverse_embeddings"]
    return there, back or there


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _dense(layer: keras.layers.Dense) -> tuple[str, str]:
    bare = layer.name.rstrip("0123456789").rstrip("_")
    label = "Linear" if bare in ("dense", "logits") else _words(bare)
    named = _activation(layer)
    sizes = f"{layer.kernel.shape[0]} → {layer.units}"
    return label, sizes if named == "linear" else f"{named} · {sizes}"


def _activation(layer: Any) -> str:
    return getattr(layer.activation, "__name__", "activation").replace("_", " ")


def _bridge(layer: Bridge) -> tuple[str, str]:
    return "Bridge", f"{_dense(layer.projections[0][0])[1]}"


def _recurrent(layer: keras.layers.RNN) -> tuple[str, str]:
    name = type(layer).__name__.replace("SimpleRNN", "RNN")
    return name, f"{layer.units} units" if hasattr(layer, "units") else ""


def _both(layer: keras.layers.Bidirectional) -> tuple[str, str]:
    name, units = _recurrent(layer.forward_layer)
    return f"Bidirectional {name}", f"2 × {units}"


def _heads(layer: SelfAttention) -> tuple[str, str]:
    scheme = type(layer.positions).__name__
    places = {
        "Rotary": " · rotary",
        "Alibi": " · ALiBi",
        "DistanceBuckets": " · distance buckets",
        "RelativeVectors": " · relative vectors",
    }
    return "Self-attention", f"{layer.num_heads} heads{places.get(scheme, '')}"


def _feed_forward(layer: FeedForward) -> tuple[str, str]:
    named = "swiglu" if layer.gated else _activation(layer)
    return "Feed-forward", f"{named} · {layer.outer.units} → {layer.inner_dim}"


def _convolution(layer: Any) -> tuple[str, str]:
    return "Convolution", f"kernel {' × '.join(map(str, layer.kernel_size))}"


def _plain(kind: str, label: str) -> tuple[str, Callable[[Any], tuple[str, str]]]:
    return kind, lambda layer: (label, "")


# A kind, and what makes label and detail of a layer. No kind: nothing is drawn.
_KINDS: dict[type, tuple[str, Callable[[Any], tuple[str, str]]]] = {
    TokenEmbedding: _plain("embedding", "Embedding"),
    keras.layers.Embedding: _plain("embedding", "Embedding"),
    keras.layers.RNN: ("recurrent", _recurrent),
    keras.layers.Bidirectional: ("recurrent", _both),
    GatedConvolution: (
        "convolution",
        lambda layer: ("Gated convolution", f"kernel {layer.width} · {layer.dim} channels"),
    ),
    keras.layers.Conv1D: ("convolution", _convolution),
    keras.layers.Conv2D: ("convolution", _convolution),
    keras.layers.DepthwiseConv1D: (
        "convolution",
        lambda layer: ("Depthwise convolution", _convolution(layer)[1]),
    ),
    Attention: ("attention", lambda layer: (f"{layer.score.capitalize()} attention", "")),
    SelfAttention: ("attention", _heads),
    CrossAttention: (
        "attention",
        lambda layer: ("Cross-attention", f"{layer.num_heads} heads"),
    ),
    keras.layers.MultiHeadAttention: (
        "attention",
        lambda layer: ("Multi-head attention", f"{layer.num_heads} heads"),
    ),
    FeedForward: ("feed-forward", _feed_forward),
    Bridge: ("feed-forward", _bridge),
    keras.layers.Dense: ("feed-forward", _dense),
    keras.layers.LayerNormalization: _plain("normalization", "Layer norm"),
    keras.layers.RMSNormalization: _plain("normalization", "RMS norm"),
    keras.layers.BatchNormalization: _plain("normalization", "Batch norm"),
    GridPositions: _plain("other", "Grid positions"),
    Reversal: _plain("other", "Reverse"),
    MeanStates: ("other", lambda layer: ("Mean", "over the source")),
    keras.layers.Add: _plain("", ""),
    keras.layers.Multiply: _plain("", ""),
    keras.layers.Concatenate: _plain("", ""),
    keras.layers.Dropout: _plain("", ""),
    keras.layers.InputLayer: _plain("", ""),
}
