"""A decoder and CTC over one encoder, as one model."""

from __future__ import annotations

from typing import Any

import keras

from kseq2seq.decoders import Decoder
from kseq2seq.encoders import UNKNOWN, Facts, token_input, with_facts
from kseq2seq.heads import Joint
from kseq2seq.models.built import Last
from kseq2seq.models.seq2seq import Seq2Seq


@keras.saving.register_keras_serializable(package="kseq2seq")
class BothForced(Last, keras.layers.Layer):
    """Runs a decoder over a whole known target, and a CTC head over the encoded source."""

    def __init__(self, decoder: Decoder, head: Joint, **kwargs):
        super().__init__(**kwargs)
        self.decoder = decoder
        self.head = head

    def call(self, target, encoded, training=None):
        """Maps target inputs (B, T) and an encoded source to logits (B, T, V) and (B, S, V)."""
        context, state = self.decoder.initial(encoded)
        logits = self.decoder(target, context, state, training=training).logits
        return {"decoder": logits, "ctc": self.head(encoded, training=training)}


@keras.saving.register_keras_serializable(package="kseq2seq")
class JointModel(Seq2Seq):
    """A `Seq2Seq` whose encoder learns by CTC too: inputs -> {"decoder", "ctc"} logits.

    Made by `build_model(..., head="joint")`. It is trained on one target, int32 (B, T) closed by
    its end, that both losses take; `kseq2seq.decode` runs the decoder.

    Attributes:
        head: the `Joint` head, which has the weights of CTC.

    Example:
        >>> from kseq2seq import build_model
        >>> model = build_model("gru", source=50, target=60, head="joint", hidden_dim=8)
        >>> sorted(model.output)
        ['ctc', 'decoder']
    """

    def join(  # type: ignore[override]
        self,
        encoder: keras.Model,
        decoder: Decoder,
        head: Joint,
        arguments: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        facts: Facts | None = None,
    ) -> None:
        """See `Seq2Seq`."""
        facts = getattr(arguments, "facts", UNKNOWN) if facts is None else facts
        encoder = with_facts(encoder, facts)
        if inputs is None:
            inputs = {**encoder.input, "target": token_input("target")}
        encoded = encoder({name: inputs[name] for name in encoder.input})
        made = BothForced(decoder, head, name="decoder")(inputs["target"], encoded)
        self.become(inputs, made, arguments, facts)

    def parts(self) -> tuple[Any, ...]:
        """See `BuiltModel`."""
        return self.encoder, self.decoder, self.head

    @property
    def head(self) -> Any:
        """The head."""
        return self.get_layer("decoder").head

    def spread(self, y: Any) -> Any:
        """See `Fitted`; both outputs learn the same target."""
        return y if y is None or isinstance(y, dict) else {"decoder": y, "ctc": y}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """See `keras.Model`."""
        weights = self._weights(sample_weight)
        return super().compute_loss(x, self.spread(y), y_pred, weights, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """See `keras.Model`."""
        weights = self._weights(sample_weight)
        return super().compute_metrics(x, self.spread(y), y_pred, weights)

    def _weights(self, sample_weight: Any) -> Any:
        return self.spread(sample_weight)
