"""What models of `build_model` share: they are saved as its arguments and what was done since."""

from __future__ import annotations

import json
import weakref
from typing import Any

import keras

import kseq2seq
from kseq2seq.encoders import UNKNOWN, Facts, SourceSpec, with_facts
from kseq2seq.formats import FORMAT
from kseq2seq.layers.adaptable import watch
from kseq2seq.layers.changes import apply_changes, changes_of
from kseq2seq.models.build import Arguments, build_model
from kseq2seq.models.fitted import Fitted, make_masks


class BuiltModel(Fitted):
    """The base of the models of `build_model`: an encoder, and a last layer that is a `Last`.

    Attributes:
        encoder: functional model of the source's inputs -> encoded.
        facts: what the encoder does to the length of a source; see `Facts`. Those of the
            architecture, so a clone and a loaded model have them too.
        max_source_length: the longest source that the encoder has positions for; None if any.
        vocabulary_sizes: how many ids "source" and "target" have; None for what is not ids.
        has_source: whether there is a source.
    """

    has_source = True
    encoder: keras.Model
    facts: Facts
    max_source_length: int | None
    vocabulary_sizes: dict[str, int | None]

    def __init__(self, *parts: Any, **named_parts: Any):
        if parts and not isinstance(parts[0], keras.Model):  # Keras clones a functional model so
            self._clone(*parts, **named_parts)
        else:
            self.join(*parts, **named_parts)

    def join(self, encoder: keras.Model, *parts: Any, **named_parts: Any) -> None:
        """Makes the last layer of the other parts, and calls `end`."""
        raise NotImplementedError

    def end(
        self,
        encoder: keras.Model,
        last: Last,
        arguments: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Becomes the model of an encoder and the layer that ends it.

        Args:
            encoder: functional, with inputs by names.
            last: the layer after it.
            arguments: the `Arguments` of `build_model`; or, for a model made by hand, any dict with
                its "architecture", which becomes its name.
            inputs: symbolic, by names; None makes them.
            facts: of the encoder; None takes those of the `Arguments`.
        """
        facts = getattr(arguments, "facts", UNKNOWN) if facts is None else facts
        encoder = with_facts(encoder, facts)
        if inputs is None:
            inputs = {**self.source_inputs(encoder), **last.inputs_beside().symbolic()}
        outputs = last.after(encoder(self.source_of(encoder, inputs)), inputs)
        self._become(inputs, outputs, arguments, facts)

    @staticmethod
    def source_inputs(encoder: keras.Model) -> dict[str, Any]:
        """Returns the symbolic inputs of the model that are its encoder's."""
        return encoder.input

    @staticmethod
    def source_of(encoder: keras.Model, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns the inputs of the model that its encoder reads."""
        return {name: inputs[name] for name in encoder.input if name in inputs}

    def _clone(self, inputs: dict[str, Any], outputs: Any, name: str) -> None:
        model = _renewed(outputs)
        if model is None:  # layers were cloned by a function of the user's own
            self._become(inputs, outputs, {"architecture": name}, UNKNOWN)
            return
        self.end(model.encoder, model.layers[-1], model._arguments, inputs)
        apply_changes(self, changes_of(model))

    def _become(self, inputs: Any, outputs: Any, arguments: dict[str, Any], facts: Facts) -> None:
        super().__init__(inputs, outputs, name=arguments["architecture"])
        watch(self)
        encoder, last = self.get_layer("encoder"), _last(outputs)
        source = arguments.get("source")
        if isinstance(source, dict):
            source = source.get("vocabulary_size")
        if source is not None and {"source", "source_mask"} <= {*encoder.input}:
            for model in (self, encoder):
                make_masks(model, arguments.get("source_padding", 0))
        limits = [getattr(layer, "max_length", None) for layer in encoder.layers]
        # Set past Keras, which would track layers twice and make a dict of its own of a dict.
        vars(self).update(
            _arguments=arguments,
            encoder=encoder,
            facts=facts,
            max_source_length=min((n for n in limits if n is not None), default=None),
            vocabulary_sizes={"source": source, "target": arguments.get("target")},
            **last.answering(),
        )
        if isinstance(arguments, Arguments):
            last.belongs_to(self)

    def generate(self, inputs: Any, search: Any = None, *, max_length: int, **options: Any) -> Any:
        """Finds targets for sources: `kseq2seq.decode` of this model.

        Args:
            inputs: what the model takes but the target, by names; where the source is ids,
                "source_mask" may be left out. None for a language model, which has no source.
            search: a Search, for example `Greedy()`, the default, or `Beam(4)`.
            max_length: the most tokens a target may have, its end included.
            **options: of `kseq2seq.decode`, which describes them: `rows`, `limits`, `filters`,
                `unsatisfied`, `seed`, `special`, `alignments`, `jit_compile`.

        Returns:
            A `kseq2seq.decoding.Decoded`.

        Raises:
            ValueError: for a wrong argument; see `kseq2seq.decode`.
            ImportError: TensorFlow is not installed.
            RuntimeError: Keras runs on another backend than TensorFlow.

        Example:
            >>> import numpy as np
            >>> from kseq2seq import Beam, build_model
            >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
            >>> decoded = model.generate(
            ...     {"source": np.array([[7, 8, 2], [9, 2, 0]])}, Beam(2), max_length=5
            ... )
            >>> tuple(decoded.ids.shape)  # sources, hypotheses, tokens
            (2, 2, 5)
        """
        inputs = self.with_mask(inputs)
        return kseq2seq.decode(self, inputs, search, max_length=max_length, **options)

    @property
    def source_spec(self) -> SourceSpec | None:
        """The inputs that a source must give: those of the encoder and of the head.

        None for a model without a source.
        """
        if not self.has_source:
            return None
        inputs = {name: x for name, x in self.input.items() if name != "target"}
        shapes = {name: (tuple(x.shape[1:]), x.dtype) for name, x in inputs.items()}
        return SourceSpec(SourceSpec.of(shapes).inputs, self.vocabulary_sizes["source"])

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
        return build_model(**{FORMAT: 1, **config})  # which the first did not name

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

    def inputs_beside(self) -> SourceSpec:
        """Returns the inputs of the model that its encoder does not have."""
        return SourceSpec({})

    def after(self, encoded: dict[str, Any], inputs: dict[str, Any]) -> Any:
        """Returns the outputs of the model, for its inputs and what the encoder made of them."""
        return self(encoded)  # type: ignore[operator]

    def answering(self) -> dict[str, Any]:
        """Returns attributes of the model: "head", what answers, and "decoder" if there is one."""
        return {"head": self}

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
        model = BuiltModel.from_config(config["model"])
        layer = model.layers[-1]
        vars(layer)["_new"] = model
        return layer


def _renewed(outputs: Any) -> BuiltModel | None:
    """Returns the model that a cloned last layer carries; None if it was not cloned as it is."""
    return vars(_last(outputs)).pop("_new", None)


def _last(outputs: Any) -> Any:
    return keras.tree.flatten(outputs)[0]._keras_history.operation
