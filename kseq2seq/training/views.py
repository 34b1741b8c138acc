"""Training views: other functional models over the weights of a `Seq2Seq`.

A view is compiled and trained in place of the model; decoding, saving and exporting use the model
itself, which does not know the view. A saved view holds the model and the arguments of the view.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import keras

from kseq2seq.models import Fitted, JointModel, Seq2Seq

NAMES = ("packed", "r_drop", "scheduled_sampling", "truncated", "with_alignments")


@keras.saving.register_keras_serializable(package="kseq2seq")
class View(Fitted):
    """A functional model over the weights of a `Seq2Seq`, saved with the function that made it.

    Args:
        inputs: symbolic.
        outputs: symbolic.
        name: of the view.
        model: the `Seq2Seq`.
        made_by: the function of `kseq2seq.training` that made the view, one of `NAMES`; "" for a
            view that can't be saved.
        options: other arguments of that function.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training import truncated
        >>> view = truncated(build_model("gru", source=9, target=9, hidden_dim=4), steps=5)
        >>> again = type(view).from_config(view.get_config())
        >>> again.viewed().name, again.get_config()["options"]
        ('gru', {'steps': 5})
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        name: str,
        *,
        model: Seq2Seq,
        made_by: str = "",
        options: dict[str, Any] | None = None,
    ):
        super().__init__(inputs, outputs, name=name)
        origin = {"model": model, "made_by": made_by, "options": options or {}}
        self.source_padding = model.source_padding if "source_mask" in self.input else None
        self.__dict__["_origin"] = MappingProxyType(origin)  # Keras neither tracks nor saves it

    def viewed(self) -> Seq2Seq:
        """Returns the model of the view, for example to decode after loading a view."""
        return self._origin["model"]

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration of the model, and the function and options of the view.

        Raises:
            NotImplementedError: if an option is a function, for example the `rate` of
                `scheduled_sampling`, which no file can hold.
        """
        made_by, options = self._origin["made_by"], self._origin["options"]
        serialized = {n: _serialize(n, option, made_by) for n, option in options.items()}
        if not made_by:
            raise NotImplementedError(f"{self.name!r} can't be saved; save its model.")
        return {"view": made_by, "options": serialized, "model": self.viewed().get_config()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> View:
        """Creates the view from `get_config`, over a new model."""
        if config["view"] not in NAMES:
            raise ValueError(f"A view must be one of {', '.join(NAMES)}; got {config['view']!r}.")
        options = {n: _deserialize(option) for n, option in config["options"].items()}
        make = getattr(importlib.import_module("kseq2seq.training"), config["view"])
        return make(Seq2Seq.from_config(config["model"]), **options)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """See `keras.Model.save`; refuses before it makes a file."""
        self.get_config()
        super().save(filepath, *args, **kwargs)


def _serialize(name: str, option: Any, made_by: str) -> Any:
    if callable(option) and not hasattr(option, "get_config"):
        raise NotImplementedError(
            f"The view has a function as `{name}` of {made_by!r}, which no file can hold. Save the "
            "model, view.viewed().save(...), and make a view again after loading it; or pass "
            "inverse_sigmoid(...) or a schedule of keras.optimizers.schedules."
        )
    return keras.saving.serialize_keras_object(option)


def _deserialize(option: Any) -> Any:
    return keras.saving.deserialize_keras_object(option) if isinstance(option, dict) else option


def view(model: Seq2Seq, forcing: Callable, name: str, **options: Any) -> View:
    """Returns a model of the same inputs, encoder and weights with another teacher forcing.

    Args:
        model: from `build_model`.
        forcing: a layer that maps target inputs (B, T) and an encoded source to the outputs, like
            the `Seq2Seq`'s own.
        name: of the view; one of `NAMES` for the function of that name.
        **options: other arguments of that function.

    Raises:
        TypeError: if `model` is not a `Seq2Seq`.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.training.views import view
        >>> model = build_model("gru", source=9, target=9, hidden_dim=4)
        >>> same = view(model, model.get_layer("decoder"), name="same")
        >>> len(same.weights) == len(model.weights)
        True
    """
    check(model)
    encoded = model.encoder(model.source_of(model.encoder, model.input))
    made_by = name if name in NAMES else ""
    outputs = forcing(model.input["target"], encoded)
    return View(model.input, outputs, name, model=model, made_by=made_by, options=options)


def check(model: Seq2Seq) -> None:
    """Refuses a model that is not a `Seq2Seq`, or has other outputs than its decoder's."""
    if not isinstance(model, Seq2Seq):
        raise TypeError(
            "A training view needs a model of `build_model` with a decoder, not of another view; "
            f"got {type(model).__name__} {getattr(model, 'name', '')!r}."
        )
    if isinstance(model, JointModel):
        raise TypeError(
            "A training view trains a decoder alone, and this model learns by CTC, too. Train "
            "the model itself, or build it without head='joint'."
        )
