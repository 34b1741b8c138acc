"""What models of `build_model` share: they are saved as its arguments and what was done since."""

from __future__ import annotations

import json
import weakref
from typing import Any

import keras

from kseq2seq.encoders import UNKNOWN, Facts, SourceSpec
from kseq2seq.formats import FORMAT, upgraded
from kseq2seq.layers.adaptable import watch
from kseq2seq.layers.changes import apply_changes, changes_of
from kseq2seq.models.fitted import Fitted


class Arguments(dict):
    """The arguments of `build_model` that a model was made with, and no others.

    A dict that a user gives describes nothing: whether it would make the same model is unknown.

    Attributes:
        facts: what the architecture that they make declares of its encoder.
    """

    def __init__(self, *given: Any, facts: Facts, **named: Any):
        super().__init__(*given, **named)
        self.facts = facts


class BuiltModel(Fitted):
    """The base of the models of `build_model`.

    It is made of parts, an encoder first, by `join`; or by Keras, which clones a functional model,
    of inputs and outputs.
    """

    def __init__(self, *parts: Any, **named_parts: Any):
        if parts and not isinstance(parts[0], keras.Model):
            self._clone(*parts, **named_parts)
        else:
            self.join(*parts, **named_parts)

    def join(self, encoder: keras.Model, *parts: Any, **named_parts: Any) -> None:
        """Becomes the model of some parts: makes inputs and outputs, and gives them to `become`."""
        raise NotImplementedError

    def parts(self) -> tuple[Any, ...]:
        """Returns what `join` takes before the arguments."""
        raise NotImplementedError

    def _clone(self, inputs: dict[str, Any], outputs: Any, name: str) -> None:
        model = renewed(outputs)
        if model is None:  # layers were cloned by a function of the user's own
            self.become(inputs, outputs, {"architecture": name})
            return
        self.join(*model.parts(), model._arguments, inputs)
        apply_changes(self, changes_of(model))

    def become(
        self, inputs: Any, outputs: Any, arguments: dict[str, Any], facts: Facts | None = None
    ) -> None:
        """Becomes a functional model.

        Args:
            inputs: of the functional model.
            outputs: of the functional model, made by a layer that is a `Last`.
            arguments: the `Arguments` of `build_model`; or, for a model made by hand, any dict with
                its "architecture", which becomes its name.
            facts: of its encoder; those of the `Arguments` by default.
        """
        super().__init__(inputs, outputs, name=arguments["architecture"])
        watch(self)
        # as it is: Keras would make a dict of its own of it
        self.__dict__["_arguments"] = arguments
        self.__dict__["_facts"] = getattr(arguments, "facts", UNKNOWN) if facts is None else facts
        if isinstance(arguments, Arguments):
            _last(outputs).belongs_to(self)

    @property
    def encoder(self) -> keras.Model:
        """The encoder."""
        return self.get_layer("encoder")

    @property
    def max_source_length(self) -> int | None:
        """The longest source the encoder has places for, or None if there is no limit."""
        limits = [getattr(layer, "max_length", None) for layer in self.encoder.layers]
        return min((limit for limit in limits if limit is not None), default=None)

    @property
    def facts(self) -> Facts:
        """What the encoder does to the length of a source; see `Facts`.

        Of a model of `build_model` they are those of its architecture, so they are there in a clone
        and after loading.
        """
        return self._facts

    @property
    def source_spec(self) -> SourceSpec:
        """What a source is to give: the inputs of the encoder, and the head's own."""
        inputs = {name: x for name, x in self.input.items() if name != "target"}
        shapes = {name: (tuple(x.shape[1:]), x.dtype) for name, x in inputs.items()}
        return SourceSpec(SourceSpec.of(shapes).inputs, self.vocabulary_sizes["source"])

    @property
    def vocabulary_sizes(self) -> dict[str, int | None]:
        """How many ids "source" and "target" have; None for what is not ids."""
        source = self._arguments.get("source")
        if isinstance(source, dict):
            source = source.get("vocabulary_size")
        return {"source": source, "target": self._arguments.get("target")}

    def get_config(self) -> dict[str, Any]:
        """Returns what `build_model` takes to build this model again, without its weights.

        Where layers were frozen, adapted or quantized since, that is in "changes".

        Raises:
            NotImplementedError: if the model was not made by `build_model`.
        """
        if not isinstance(self._arguments, Arguments):
            raise NotImplementedError(
                f"{self.name!r} was put together by hand from an encoder and a decoder, and no "
                "file can say how: only what `build_model` made can be saved and loaded. Save its "
                "weights, by model.save_weights(...), and put it together again before loading "
                "them; or build it by build_model('hybrid', ..., encoder=..., decoder=...)."
            )
        changes = changes_of(self)
        config = {**self._arguments, **({"changes": changes} if changes else {})}
        return json.loads(json.dumps(config))  # a copy, in JSON's own types

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Builds the model that `get_config` described."""
        from kseq2seq.models.build import build_model

        record = upgraded(config, (), "The configuration of a model")
        del record[FORMAT]
        return build_model(**record)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """See `keras.Model.save`; refuses before there is a file."""
        self.get_config()
        super().save(filepath, *args, **kwargs)

    def quantize(self, mode: Any = None, config: Any = None, **kwargs: Any) -> None:
        """Quantizes the weights of dense layers and embeddings; see `keras.Model.quantize`.

        Args:
            mode: "int8", "int4" or "float8".
            config: of Keras, in place of a mode.
            **kwargs: what else Keras takes.

        Raises:
            ValueError: for a mode that Keras can't use here.
        """
        if mode not in _MODES:
            raise ValueError(
                f"`mode` must be one of {', '.join(map(repr, _MODES))}; got {mode!r}, which Keras "
                "calibrates one block after the other. An encoder and a decoder are no such row "
                "of blocks."
            )
        super().quantize(mode, config=config, **kwargs)


_MODES = ("int8", "int4", "float8")


class Last:
    """Mixed into the last layer of a model of `build_model`.

    Keras clones a functional model layer by layer, by which a table that two layers share would
    become two. The last layer, cloned, carries a new model as `build_model` makes it; its halves
    are those of the clone.
    """

    def belongs_to(self, model: BuiltModel) -> None:
        """Tells the layer which model it ends."""
        vars(self)["_model"] = weakref.ref(model)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration of the model that the layer ends."""
        model = vars(self).get("_model", lambda: None)()
        if model is None:
            raise NotImplementedError(f"{type(self).__name__} is saved with its model only.")
        return {"name": self.name, "model": model.get_config()}  # type: ignore[attr-defined]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer, at the end of a new model."""
        from kseq2seq.models.build import build_model

        model = build_model(**config["model"])
        layer = model.layers[-1]
        vars(layer)["_new"] = model
        return layer


def renewed(outputs: Any) -> BuiltModel | None:
    """Returns the model that a cloned last layer carries; None if it was not cloned as it is."""
    return vars(_last(outputs)).pop("_new", None)


def _last(outputs: Any) -> Any:
    return keras.tree.flatten(outputs)[0]._keras_history.operation
