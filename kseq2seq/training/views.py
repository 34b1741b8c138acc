"""Training views: other functional models over the weights of a `Seq2Seq`.

A view is compiled and fitted in the model's place; what decodes, saves and exports is the model
itself, which knows nothing of it. A file of a view holds the model and how the view was made.
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
    """A functional model over the weights of a `Seq2Seq`, saved as that model and how it was made.

    Args:
        inputs: symbolic.
        outputs: symbolic.
        name: of the view.
        model: whose weights these are.
        made_by: the function of `kseq2seq.training` that made it, one of `NAMES`; "" for a view
            that can't be saved.
        options: what that function was given beside the model.

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
        made = {"model": model, "made_by": made_by, "options": options or {}}
        self.__dict__["_made"] = MappingProxyType(made)  # which Keras neither tracks nor saves

    def viewed(self) -> Seq2Seq:
        """Returns the model whose weights these are: after loading a view, what decodes."""
        return self._made["model"]

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration of the model, and how the view is made of it.

        Raises:
            NotImplementedError: if the view was made with a function, such as a rate of
                `scheduled_sampling` that is one, which no file can hold.
        """
        made = self._made
        plain = {n: _described(n, option, made["made_by"]) for n, option in made["options"].items()}
        if not made["made_by"]:
            raise NotImplementedError(f"{self.name!r} can't be saved; save the model it is of.")
        return {"view": made["made_by"], "options": plain, "model": self.viewed().get_config()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> View:
        """Makes the view that `get_config` described, over a new model."""
        if config["view"] not in NAMES:
            raise ValueError(f"A view must be one of {', '.join(NAMES)}; got {config['view']!r}.")
        options = {n: _option(option) for n, option in config["options"].items()}
        make = getattr(importlib.import_module("kseq2seq.training"), config["view"])
        return make(Seq2Seq.from_config(config["model"]), **options)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """See `keras.Model.save`; refuses before there is a file."""
        self.get_config()
        super().save(filepath, *args, **kwargs)


def _described(name: str, option: Any, made_by: str) -> Any:
    if callable(option) and not hasattr(option, "get_config"):
        raise NotImplementedError(
            f"The view has a function as `{name}` of {made_by!r}, which no file can hold. Save the "
            "model, view.viewed().save(...), and make the view anew after loading it; or give "
            "inverse_sigmoid(...) or a schedule of keras.optimizers.schedules."
        )
    return keras.saving.serialize_keras_object(option)


def _option(option: Any) -> Any:
    return keras.saving.deserialize_keras_object(option) if isinstance(option, dict) else option


def view(model: Seq2Seq, forcing: Callable, name: str, **options: Any) -> View:
    """Returns a model of the same inputs, encoder and weights that follows targets differently.

    Args:
        model: what `build_model` returned.
        forcing: a layer that maps target inputs (B, T) and an encoded source to the outputs, as
            `Seq2Seq`'s own does.
        name: of the view; if it is one of `NAMES`, the function that makes it.
        **options: what that function was given beside the model.

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
    encoded = model.encoder(model.source_of(model.encoder, model.input))
    made_by = name if name in NAMES else ""
    outputs = forcing(model.input["target"], encoded)
    return View(model.input, outputs, name, model=model, made_by=made_by, options=options)


def check(model: Seq2Seq) -> None:
    """Refuses what is no `Seq2Seq`, or has another output than its decoder's."""
    if not isinstance(model, Seq2Seq):
        raise TypeError(
            f"A training view is made of a model of `build_model` with a decoder, and not of "
            f"another view; got {type(model).__name__} {getattr(model, 'name', '')!r}."
        )
    if isinstance(model, JointModel):
        raise TypeError(
            "A training view follows a decoder alone, and this model learns by CTC too. Compile "
            "and fit the model itself, or build it without head='joint'."
        )
