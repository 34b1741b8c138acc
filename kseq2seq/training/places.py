"""Where in a model each of its weights is."""

from __future__ import annotations

from collections.abc import Iterator

import keras


def weight_places(model: keras.Model) -> list[str]:
    """Returns the place of each trainable weight, in the order of `model.trainable_variables`.

    A place is a path of parts. The parts of a `Seq2Seq` are `encoder` and `decoder`; a layer of
    another model, or of a list of layers, goes by its name, and any other by the attribute that
    holds it. A weight that several layers share has the first of its places: what encoder and
    decoder share is the encoder's. Keras' own `variable.path` can't stand in: it leaves out
    layers such as `Bidirectional`, and those of a model of another package may not be unique.

    Args:
        model: any built model.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import weight_places
        >>> for place in weight_places(build_model("lstm", source=9, target=9, hidden_dim=4)):
        ...     print(place)
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
    places: dict[int, str] = {}
    _walk(model, "", places, set())
    return [places[id(variable)] for variable in model.trainable_variables]


def _walk(layer: keras.Layer, path: str, places: dict[int, str], seen: set[int]) -> None:
    seen.add(id(layer))
    for name, part in _parts(layer):
        if id(part) not in seen:
            _walk(part, f"{path}{name}/", places, seen)
    for variable in layer.trainable_variables:  # those of no part are the layer's own
        places.setdefault(id(variable), path + variable.name)


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
