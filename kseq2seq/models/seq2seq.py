"""The one model type: an encoder and a decoder, trained by teacher forcing."""

from __future__ import annotations

from typing import Any

import keras

from kseq2seq.decoders import Decoder
from kseq2seq.encoders import UNKNOWN, Facts, token_input, with_facts
from kseq2seq.models.built import BuiltModel, Last


@keras.saving.register_keras_serializable(package="kseq2seq")
class TeacherForcing(Last, keras.layers.Layer):
    """Runs a decoder over a whole known target.

    The decoder's two doors, `initial` and `call`, are entered inside this one layer, so Keras sees
    them as one.
    """

    def __init__(self, decoder: Decoder, **kwargs):
        super().__init__(**kwargs)
        self.decoder = decoder

    def call(self, target, encoded, training=None):
        """Maps target inputs (B, T) and an encoded source to logits (B, T, V)."""
        context, state = self.decoder.initial(encoded)
        return self.decoder(target, context, state, training=training).logits


@keras.saving.register_keras_serializable(package="kseq2seq")
class Seq2Seq(BuiltModel):
    """A functional model of a source and a target; logits come out.

    Made by `build_model`, whose arguments are its configuration: saving and loading it needs no
    custom objects. What was done to its layers since is saved with it: layers frozen, LoRA
    enabled, weights quantized. From outside it is a plain Keras model.

    `Seq2Seq(encoder, decoder, arguments, facts=Facts(...))` puts other halves together. Such a
    model trains and decodes, and refuses to be saved. Without `facts` nothing is known of its
    encoder, so its sources are never cropped.

    Inputs, as a dict; those of the source are as its `SourceSpec` names them, for ids:
        source: int32 (B, S), each row closed by the end token, then padding.
        source_mask: bool (B, S), True = real token; no row may be all False.
        target: int32 (B, T), the start token and then the target without its end.

    Output: logits (B, T, V); those at step t are for target token t.

    Attributes:
        encoder: functional model {"source", "source_mask"} -> encoded.
        decoder: the `Decoder`; `kseq2seq.decode` steps it.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> model = build_model("gru", source=50, target=60, hidden_dim=8, num_layers=1)
        >>> source = np.array([[7, 8, 2], [9, 2, 0]])
        >>> inputs = {"source": source, "source_mask": source != 0, "target": source[:, :2]}
        >>> tuple(model(inputs).shape)
        (2, 2, 60)
    """

    has_source = True

    @staticmethod
    def source_inputs(encoder: keras.Model) -> dict[str, Any]:
        """Returns the symbolic inputs of the model that are its encoder's."""
        return encoder.input

    @staticmethod
    def source_of(encoder: keras.Model, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns what the encoder is given, of the inputs of the model."""
        return {name: inputs[name] for name in encoder.input}

    def join(
        self,
        encoder: keras.Model,
        decoder: Decoder,
        arguments: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        facts: Facts | None = None,
    ) -> None:
        """See `BuiltModel`; `facts` are of an encoder that `build_model` did not make."""
        facts = getattr(arguments, "facts", UNKNOWN) if facts is None else facts
        encoder = with_facts(encoder, facts)
        if inputs is None:
            inputs = {**self.source_inputs(encoder), "target": token_input("target")}
        encoded = encoder(self.source_of(encoder, inputs))
        logits = TeacherForcing(decoder, name="decoder")(inputs["target"], encoded)
        self.become(inputs, logits, arguments, facts)

    def parts(self) -> tuple[Any, ...]:
        """See `BuiltModel`."""
        return self.encoder, self.decoder

    @property
    def decoder(self) -> Decoder:
        """The decoder."""
        return self.get_layer("decoder").decoder

    @property
    def head(self) -> Any:
        """What answers, as of every model; here the decoder."""
        return self.decoder
