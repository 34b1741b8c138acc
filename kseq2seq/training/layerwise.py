"""Different learning rates for the parts of a model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras

from kseq2seq.models import ARCHITECTURES


def layer_rates(model: keras.Model, rates: Mapping[str, float]) -> list[float]:
    """Returns the factor of the learning rate of each trainable weight, for `LayerwiseAdam`.

    Args:
        model: any built model.
        rates: factors, at least 0, by part, for example {"encoder": 0.1, "encoder/block_3": 0.5}.
            A part is a path of `weight_paths` or the beginning of one. The longest part that
            holds a weight counts; a weight in no part has the factor 1.

    Returns:
        One factor for each of `model.trainable_variables`, in their order. Freezing changes
        these: freeze first.

    Raises:
        ValueError: if the model has no such part, or nothing in it is trainable.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import layer_rates
        >>> model = build_model("gru", source=9, target=9, hidden_dim=4)
        >>> rates = layer_rates(model, {"encoder": 0.1, "encoder/embedding": 0.0})
        >>> rates[:5]
        [0.0, 0.1, 0.1, 0.1, 1.0]
    """
    paths = weight_paths(model)
    parts = [[part for part in rates if f"{path}/".startswith(f"{part}/")] for path in paths]
    for part in rates:
        if not any(part in holders for holders in parts):
            raise ValueError(
                f"The model has no trainable part {part!r}; its parts begin with "
                f"{_beginnings(paths)}. `weight_paths(model)` lists them all."
            )
    longest = [max(holders, key=len, default="") for holders in parts]
    return [float(rates[part]) if part else 1.0 for part in longest]


def layerwise_decay(model: keras.Model, decay: float) -> dict[str, float]:
    r"""Returns rates that decrease from layer to layer, from the top of each stack down.

    .. math:: \mathrm{rate}_l = \mathrm{decay}^{L - 1 - l}, \quad
              \mathrm{rate}_{\mathrm{embeddings}} = \mathrm{decay}^{L}

    The L layers of the encoder and those of the decoder each count from their own top. Everything
    before the encoder's first layer counts as embeddings, for example BERT's normalization of them,
    and so does a table that is also the output layer. Everything else, for example the output
    layer, is not listed and keeps the full rate.

    Args:
        model: a model of `build_model`, or another one whose layers are numbered from 0 and named
            as in the `layer_names` of some architecture: names that end in `block_0`, `layer_0`,
            `rnn_0`, `lstm_0`, `gru_0` or `both_0`.
        decay: the factor from a layer to the one below it, in (0, 1]; 1 / 2.6 in the paper.

    Returns:
        Factors by part, for `layer_rates`; you may change them first.

    Raises:
        ValueError: if `decay` is out of range or there are no such layers.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import layerwise_decay
        >>> model = build_model("gru", source=9, target=9, hidden_dim=4, num_layers=2)
        >>> for part, rate in layerwise_decay(model, 0.5).items():
        ...     print(rate, part)
        0.25 encoder/embedding/embeddings
        0.5 encoder/gru_0
        1.0 encoder/gru_1
        0.25 decoder/embedding/embeddings
        0.5 decoder/stack/gru_0
        1.0 decoder/stack/gru_1

    Source:
        Howard and Ruder 2018, "Universal Language Model Fine-tuning for Text Classification",
        section 3.2, "discriminative fine-tuning".
    """
    if not 0 < decay <= 1:
        raise ValueError(f"`decay` must be in (0, 1], for example 0.8; got {decay!r}.")
    # 1. The layer of each weight, and the highest layer of each side.
    paths = weight_paths(model)
    layers = [_layer(path) for path in paths]
    tops: dict[str, int] = {}
    for side, _, index in filter(None, layers):
        tops[side] = max(tops.get(side, 0), index)
    if not tops:
        raise ValueError(
            f"The model has no layers called {', '.join(f'{name}_0' for name in _layer_names())}; "
            f"its parts begin with {_beginnings(paths)}. Name the rates yourself."
        )
    # 2. The rate of each layer; of embeddings, and of what an encoder has before its layers.
    rates: dict[str, float] = {}
    begun: set[str] = set()
    for path, layer in zip(paths, layers, strict=True):
        first = path.split("/")[0]
        side = layer[0] if layer else first if first in tops else ""
        if layer:
            begun.add(side)
            rates[layer[1]] = decay ** (tops[side] - layer[2])
        elif path.endswith("/embeddings") or side not in begun | {"decoder"}:
            rates[path] = decay ** (tops.get(side, -1) + 1)
    return rates


@keras.saving.register_keras_serializable(package="kseq2seq")
class LayerwiseAdam(keras.optimizers.Adam):
    r"""Adam with a factor on the learning rate of each weight.

    Weight decay, which Keras multiplies by the learning rate, is multiplied by the factor too:
    :math:`w \leftarrow w - f \eta \lambda w` before :math:`w \leftarrow w - f \eta\,\mathrm{step}`.
    A factor of 0 does not change a weight, bit for bit (with `use_ema`, whose average goes into the
    model at the end of `fit`, except for rounding); its gradient is still computed and counts in
    `global_clipnorm`. To save that, too, freeze the part before compiling:
    `model.encoder.trainable = False`, which includes a table that the decoder shares.

    Args:
        learning_rate: a float or a schedule, as `keras.optimizers.Adam` takes it.
        rates: a factor for each trainable weight, from `layer_rates`.
        **options: other options of `keras.optimizers.Adam`.

    Raises:
        TypeError: if `rates` is not a sequence of numbers.
        ValueError: if a factor is below 0 or not finite; when it is built, if there are not as
            many factors as trainable weights.

    Example:
        >>> from kseq2seq import TokenCrossEntropy, build_model
        >>> from kseq2seq.training import LayerwiseAdam, layer_rates, layerwise_decay
        >>> model = build_model("gru", source=9, target=9, hidden_dim=4, num_layers=2)
        >>> rates = layer_rates(model, layerwise_decay(model, 0.8))
        >>> model.compile(LayerwiseAdam(1e-3, rates), TokenCrossEntropy())

    Source:
        Kingma and Ba 2015; Loshchilov and Hutter 2019, for the decay; Howard and Ruder 2018,
        section 3.2, for rates by layer.
    """

    def __init__(self, learning_rate: Any = 0.001, rates: Iterable[float] = (), **options: Any):
        if isinstance(rates, Mapping):
            raise TypeError(
                "`rates` must have a factor for each trainable weight; got factors by part. "
                "Pass rates=layer_rates(model, rates)."
            )
        factors = [float(rate) for rate in rates]
        for factor in factors:
            if not (math.isfinite(factor) and factor >= 0):
                raise ValueError(f"A rate must be at least 0 and finite; got {factor!r}.")
        super().__init__(learning_rate=learning_rate, **options)
        self.rates = factors

    def build(self, var_list: list) -> None:
        """Creates the optimizer's variables; checks that each weight has a factor."""
        if len(var_list) != len(self.rates):
            raise ValueError(
                f"The optimizer has rates for {len(self.rates)} weights, but {len(var_list)} are "
                "trainable. Freeze first, then compile with a new rates=layer_rates(model, ...)."
            )
        super().build(var_list)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Decays a weight and takes its step, both at its own rate."""
        factor = self.rates[self._get_variable_index(variable)]
        if not factor:
            return
        rate = keras.ops.cast(learning_rate, variable.dtype) * factor
        if self.weight_decay is not None and self._use_weight_decay(variable):
            self.assign_sub(variable, variable * (rate * self.weight_decay))
        super().update_step(gradient, variable, rate)

    def _apply_weight_decay(self, variables: Any) -> None:
        """Does nothing: `update_step` decays each weight at its own rate."""

    def get_config(self) -> dict:
        """See `keras.optimizers.Optimizer`."""
        return {**super().get_config(), "rates": list(self.rates)}


def _layer_names() -> list[str]:
    """Names of numbered layers, in all architectures."""
    names = {"block": None, "layer": None}
    for kind in ARCHITECTURES.values():
        names.update(dict.fromkeys(kind.layer_names))
    return list(names)


def _layer(path: str) -> tuple[str, str, int] | None:
    """The side of the model, the path and the number of the layer that a weight is in."""
    numbered = re.compile(rf"(?:{'|'.join(map(re.escape, _layer_names()))})_(\d+)$")
    parts = path.split("/")
    for depth, part in enumerate(parts):
        if match := numbered.search(part):
            side = parts[0] if depth else ""
            return side, "/".join(parts[: depth + 1]), int(match[1])
    return None


def _beginnings(paths: list[str]) -> str:
    return ", ".join(sorted({"/".join(path.split("/")[:2]) for path in paths}))


def weight_paths(model: keras.Model) -> list[str]:
    """Returns the path of each trainable weight, in the order of `model.trainable_variables`.

    A path names the parts of the model down to the weight. The parts of a `Seq2Seq` are `encoder`
    and `decoder`; a layer of another model, or of a list of layers, has its own name, and any other
    layer that of the attribute that holds it. A weight that several layers share has the first of
    its paths: if encoder and decoder share it, the encoder's. Keras' own `variable.path` would not
    do: it leaves out some layers, for example `Bidirectional`, and in models of other packages it
    may not be unique.

    Args:
        model: any built model.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import weight_paths
        >>> for path in weight_paths(build_model("lstm", source=9, target=9, hidden_dim=4)):
        ...     print(path)
        encoder/embedding/embeddings
        encoder/lstm_0/cell/kernel
        encoder/lstm_0/cell/recurrent_kernel
        encoder/lstm_0/cell/bias
        decoder/embedding/embeddings
        decoder/stack/lstm_0/cell/kernel
        decoder/stack/lstm_0/cell/recurrent_kernel
        decoder/stack/lstm_0/cell/bias
        decoder/logits/kernel
        decoder/logits/bias
    """
    paths: dict[int, str] = {}
    _walk(model, "", paths, set())
    return [paths[id(variable)] for variable in model.trainable_variables]


def _walk(layer: keras.Layer, path: str, paths: dict[int, str], seen: set[int]) -> None:
    seen.add(id(layer))
    for name, part in _parts(layer):
        if id(part) not in seen:
            _walk(part, f"{path}{name}/", paths, seen)
    for variable in layer.trainable_variables:  # those in no part are the layer's own
        paths.setdefault(id(variable), path + variable.name)


def _parts(layer: keras.Layer) -> Iterator[tuple[str, keras.Layer]]:
    if isinstance(layer, keras.Model) and hasattr(layer, "decoder"):  # a Seq2Seq
        yield from (("encoder", layer.encoder), ("decoder", layer.decoder))
    elif isinstance(layer, keras.Model):
        yield from ((part.name, part) for part in layer.layers)
    else:
        for name, value in vars(layer).items():
            if name.startswith("_"):
                continue
            for part in keras.tree.flatten(value):
                if isinstance(part, keras.Layer):
                    yield (name if part is value else part.name), part
