"""The one model type: an encoder and a decoder, trained by teacher forcing."""

from __future__ import annotations

import json

import keras

from kseq2seq.decoders import Decoder
from kseq2seq.encoders import token_input
from kseq2seq.models.fitted import Fitted


class TeacherForcing(keras.layers.Layer):
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
class Seq2Seq(Fitted):
    """A functional model {"source", "source_mask", "target"} -> logits.

    Made by `build_model`, whose arguments are its configuration: saving and loading it needs no
    custom objects. From outside it is a plain Keras model.

    Inputs, as a dict:
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

    def __init__(self, encoder: keras.Model, decoder: Decoder, arguments: dict):
        inputs = {**encoder.input, "target": token_input("target")}
        encoded = encoder(encoder.input)
        logits = TeacherForcing(decoder, name="decoder")(inputs["target"], encoded)
        super().__init__(inputs, logits, name=arguments["architecture"])
        self._arguments = dict(arguments)

    @property
    def encoder(self) -> keras.Model:
        """The encoder."""
        return self.get_layer("encoder")

    @property
    def decoder(self) -> Decoder:
        """The decoder."""
        return self.get_layer("decoder").decoder

    @property
    def max_source_length(self) -> int | None:
        """The longest source the encoder has places for, or None if there is no limit."""
        limits = [getattr(layer, "max_length", None) for layer in self.encoder.layers]
        return min((limit for limit in limits if limit is not None), default=None)

    def get_config(self) -> dict:
        """Returns what `build_model` takes to build this model again, without its weights."""
        return json.loads(json.dumps(self._arguments))  # Keras' own dicts become plain

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Seq2Seq:
        """Builds the model that `get_config` described."""
        from kseq2seq.models.build import build_model

        return build_model(**config)
