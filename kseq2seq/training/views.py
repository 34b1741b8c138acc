"""Training views: other functional models over the weights of a `Seq2Seq`.

A view is compiled and fitted in the model's place; what decodes, saves and exports is the model
itself, which knows nothing of it. After loading a model, make its view anew.
"""

from __future__ import annotations

from collections.abc import Callable

import keras

from kseq2seq.models import Fitted, Seq2Seq


def view(model: Seq2Seq, forcing: Callable, name: str) -> keras.Model:
    """Returns a model of the same inputs, encoder and weights that follows targets differently.

    Args:
        model: what `build_model` returned.
        forcing: a layer that maps target inputs (B, T) and an encoded source to the outputs, as
            `Seq2Seq`'s own does.
        name: of the view.

    Raises:
        TypeError: if `model` is no `Seq2Seq`.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training.views import view
        >>> model = build_model("gru", source=9, target=9, hidden_dim=4)
        >>> same = view(model, model.get_layer("decoder"), name="same")
        >>> len(same.weights) == len(model.weights)
        True
    """
    check(model)
    encoded = model.encoder(model.encoder.input)
    return Fitted(model.input, forcing(model.input["target"], encoded), name=name)


def check(model: Seq2Seq) -> None:
    """Refuses what is no `Seq2Seq`."""
    if not isinstance(model, Seq2Seq):
        raise TypeError(
            f"A training view is made of a model of `build_model`, and not of another view; "
            f"got {type(model).__name__} {getattr(model, 'name', '')!r}."
        )
