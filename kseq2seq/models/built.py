"""What the models of `build_model` share: their parts, and how they are saved and cloned."""

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
    """The base of the models of `build_model`: an encoder, and a layer after it that is a `Last`.

    Its configuration is the arguments of `build_model` and the changes made to its layers since.

    Attributes:
        encoder: functional model of the source's inputs -> encoded.
        facts: what the encoder does to the length of a source; see `Facts`. The architecture
            declares them, so clones and loaded models have them too.
        max_source_length: the longest source that the encoder has positions for; None if there is
            no limit.
        vocabulary_sizes: how many ids "source" and "target" have; None for a side that is not ids.
        has_source: False for a language model.
    """

    has_source = True
    encoder: keras.Model
    facts: Facts
    max_source_length: int | None
    vocabulary_sizes: dict[str, int | None]

    def __init__(self, *parts: Any, **named_parts: Any):
        if parts and not isinstance(parts[0], keras.Model):  # inputs and outputs, from Keras
            self._clone(*parts, **named_parts)
        else:
            self.join(*parts, **named_parts)

    def join(self, encoder: keras.Model, *parts: Any, **named_parts: Any) -> None:
        """Makes the last layer from the other parts, and calls `end`."""
        raise NotImplementedError

    def end(
        self,
        encoder: keras.Model,
        last: Last,
        arguments: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Becomes the functional model of an encoder and the layer after it.

        Args:
            encoder: functional model with inputs by names.
            last: the layer after it.
            arguments: the `Arguments` of `build_model`. For a model put together by hand, a dict
                with "architecture", which becomes the model's name.
            inputs: symbolic inputs by names; None makes them.
            facts: those of the encoder; None takes those of the `Arguments`.
        """
        facts = getattr(arguments, "facts", UNKNOWN) if facts is None else facts
        encoder = with_facts(encoder, facts)
        if inputs is None:
            inputs = {**self.source_inputs(encoder), **last.inputs_beside().symbolic()}
        outputs = last.after(encoder(self.source_of(encoder, inputs)), inputs)
        self._become(inputs, outputs, arguments, facts)

    @staticmethod
    def source_inputs(encoder: keras.Model) -> dict[str, Any]:
        """Returns those symbolic inputs of the model that its encoder reads."""
        return encoder.input

    @staticmethod
    def source_of(encoder: keras.Model, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns what the encoder reads, out of the inputs of the model."""
        return {name: inputs[name] for name in encoder.input if name in inputs}

    def _clone(self, inputs: dict[str, Any], outputs: Any, name: str) -> None:
        model = _renewed(outputs)
        if model is None:  # the user's own `clone_function` kept the last layer
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
        # Past Keras' `__setattr__`, which would track layers twice and wrap dicts.
        self.__dict__.update(
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
        """Finds targets for a batch of sources: `kseq2seq.decode(model, ...)`.

        Args:
            inputs: the inputs of the model without "target", by names; for ids {"source": int (B,
                S)}, where "source_mask" may be left out. None for a language model.
            search: a Search, for example `Beam(4)`; None is `Greedy()`.
            max_length: the most tokens a target may have, its end included.
            **options: `rows`, `limits`, `filters`, `unsatisfied`, `seed`, `special`, `alignments`
                and `jit_compile`, as for `kseq2seq.decode`.

        Returns:
            A `kseq2seq.decoding.Decoded`, whose ids are (B, N, T): N hypotheses for each source,
            the best first.

        Raises:
            ValueError: for a wrong argument; see `kseq2seq.decode`.
            ImportError: if TensorFlow is not installed.
            RuntimeError: if Keras runs on another backend than TensorFlow.

        Example:
            >>> import numpy as np
            >>> from kseq2seq import Beam, build_model
            >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
            >>> decoded = model.generate(
            ...     {"source": np.array([[7, 8, 2], [9, 2, 0]])}, Beam(2), max_length=5
            ... )
            >>> tuple(decoded.ids.shape)
            (2, 2, 5)
        """
        inputs = self.with_mask(inputs)
        return kseq2seq.decode(self, inputs, search, max_length=max_length, **options)

    @property
    def source_spec(self) -> Any:
        """The `SourceSpec` of what a source must give: the inputs of the encoder and of the head.

        None for a model without a source.
        """
        if not self.has_source:
            return None
        inputs = {name: x for name, x in self.input.items() if name != "target"}
        shapes = {name: (tuple(x.shape[1:]), x.dtype) for name, x in inputs.items()}
        inputs = SourceSpec.of(shapes).inputs
        given = self._arguments.get("source")
        spelling = SourceSpec.of(given).spelling if isinstance(given, dict) else None
        return SourceSpec(inputs, self.vocabulary_sizes["source"], spelling)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of `build_model` that build this model again, without its weights.

        "changes" holds which layers were frozen, adapted or quantized since.

        Raises:
            NotImplementedError: if the model was not made by `build_model`.
        """
        if not isinstance(self._arguments, Arguments):
            raise NotImplementedError(
                f"{self.name!r} was put together by hand from an encoder and a decoder, which no "
                "file describes: only models of `build_model` can be saved and loaded. Save its "
                "weights by model.save_weights(...), and put it together again before loading "
                "them; or build it by build_model('hybrid', ..., encoder=..., decoder=...)."
            )
        changes = changes_of(self)
        config = {**self._arguments, **({"changes": changes} if changes else {})}
        return json.loads(json.dumps(config))  # a copy, in JSON's own types

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Builds the model that `get_config` described."""
        return build_model(**{FORMAT: 1, **config})  # format 1 carried no number

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """See `keras.Model.save`; refuses a model that can't be saved before writing a file."""
        self.get_config()
        super().save(filepath, *args, **kwargs)

    def quantize(self, mode: Any = None, config: Any = None, **kwargs: Any) -> None:
        """Quantizes the weights of dense layers and embeddings; see `keras.Model.quantize`.

        Args:
            mode: "int8", "int4" or "float8".
            config: Keras' configuration of the quantization, in place of a mode.
            **kwargs: other arguments of Keras.

        Raises:
            ValueError: for a mode that Keras can't apply to an encoder and a decoder.
        """
        if mode not in _MODES:
            raise ValueError(
                f"`mode` must be one of {', '.join(map(repr, _MODES))}; got {mode!r}. Keras "
                "calibrates other modes along one stack of blocks, and an encoder and a decoder "
                "are two."
            )
        super().quantize(mode, config=config, **kwargs)


_MODES = ("int8", "int4", "float8")


class Last:
    """Mixed into the last layer of a model of `build_model`.

    Keras clones a functional model layer by layer, which would make two tables of one that two
    layers share. So the clone of the last layer is the end of a whole new model, made by
    `build_model`, and the cloned model takes over its encoder and last layer.
    """

    def inputs_beside(self) -> SourceSpec:
        """Returns the spec of inputs that the model has and its encoder has not."""
        return SourceSpec({})

    def after(self, encoded: dict[str, Any], inputs: dict[str, Any]) -> Any:
        """Returns the outputs of the model, given the encoded source and the model's inputs."""
        return self(encoded)  # type: ignore[operator]

    def answering(self) -> dict[str, Any]:
        """Returns attributes of the model: "head", and "decoder" if it has one."""
        return {"head": self}

    def belongs_to(self, model: BuiltModel) -> None:
        """Remembers the model that the layer ends."""
        vars(self)["_model"] = weakref.ref(model)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration of the model that the layer ends."""
        model = vars(self).get("_model", lambda: None)()
        if model is None:
            raise NotImplementedError(f"{type(self).__name__} is only saved with its model.")
        return {"name": self.name, "model": model.get_config()}  # type: ignore[attr-defined]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer, at the end of a new model."""
        model = BuiltModel.from_config(config["model"])
        layer = model.layers[-1]
        vars(layer)["_new"] = model
        return layer


def _renewed(outputs: Any) -> BuiltModel | None:
    """Returns the new model that a cloned last layer ends; None for a layer made otherwise."""
    return vars(_last(outputs)).pop("_new", None)


def _last(outputs: Any) -> Any:
    return keras.tree.flatten(outputs)[0]._keras_history.operation
