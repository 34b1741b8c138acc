"""An encoder and a decoder trained by teacher forcing, and the same with CTC beside it."""

from __future__ import annotations

from typing import Any

import keras

from kseq2seq.decoders import Decoder
from kseq2seq.encoders import Facts, SourceSpec
from kseq2seq.heads import Joint
from kseq2seq.models.built import BuiltModel, Last


@keras.saving.register_keras_serializable(package="kseq2seq")
class TeacherForcing(Last, keras.layers.Layer):
    """Runs a decoder over a whole known target.

    Both methods of the decoder, `initial` and `call`, are entered inside this one layer, so that
    Keras sees and saves one layer. In training it adds the coverage loss, if the decoder has one;
    see `Decoder.coverage_loss`.
    """

    def __init__(self, decoder: Decoder, **kwargs):
        super().__init__(**kwargs)
        self.decoder = decoder

    def call(self, target, encoded, training=None):
        """Maps target inputs (B, T) and an encoded source to logits (B, T, V)."""
        context, state = self.decoder.initial(encoded)
        step = self.decoder(target, context, state, training=training)
        if training and self.decoder.coverage:
            self.add_loss(self.decoder.coverage_loss(target, step.alignment))
        return step.logits

    def inputs_beside(self) -> SourceSpec:
        """See `Last`."""
        return SourceSpec({"target": ((None,), "int32")})

    def after(self, encoded: dict[str, Any], inputs: dict[str, Any]) -> Any:
        """See `Last`."""
        return self(inputs["target"], encoded)

    def answering(self) -> dict[str, Any]:
        """See `Last`."""
        return {"decoder": self.decoder, "head": self.decoder}


@keras.saving.register_keras_serializable(package="kseq2seq")
class Seq2Seq(BuiltModel):
    """A functional model of a source and a target -> logits.

    `build_model` makes it, and its arguments are the model's configuration, so saving and loading
    need no custom objects. Changes to its layers are saved too: frozen, adapted by LoRA, quantized.
    From outside it is a plain Keras model.

    `Seq2Seq(encoder, decoder, arguments, facts=Facts(...))` puts an encoder and a decoder together
    by hand. Such a model trains and decodes, but can't be saved. Without `facts` its sources are
    never cropped.

    Inputs, as a dict; those of the source are named by its `SourceSpec`, for ids:
        source: int32 (B, S), each row closed by the end token, then padding.
        source_mask: bool (B, S), True = real token; no row may be all False. By default True where
            `source` is not padding.
        target: int32 (B, T), the start token and then the target without its end.

    Output: logits (B, T, V); those at step t are for target token t.

    Attributes:
        encoder: functional model {"source", "source_mask"} -> encoded.
        decoder: the `Decoder`; `generate` steps it.
        head: the decoder; every model has a head.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> model = build_model("gru", source=50, target=60, hidden_dim=8, num_layers=1)
        >>> source = np.array([[7, 8, 2], [9, 2, 0]])
        >>> tuple(model({"source": source, "target": np.array([[1, 4], [1, 5]])}).shape)
        (2, 2, 60)
    """

    decoder: Decoder
    head: Any

    def join(
        self,
        encoder: keras.Model,
        decoder: Decoder,
        arguments: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        facts: Facts | None = None,
    ) -> None:
        """See `BuiltModel.end`."""
        self.end(encoder, TeacherForcing(decoder, name="decoder"), arguments, inputs, facts)


@keras.saving.register_keras_serializable(package="kseq2seq")
class BothForced(TeacherForcing):
    """Runs a decoder over a whole known target, and a CTC head over the encoded source."""

    def __init__(self, decoder: Decoder, head: Joint, **kwargs):
        super().__init__(decoder, **kwargs)
        self.head = head

    def call(self, target, encoded, training=None):
        """Maps target inputs (B, T) and an encoded source to logits (B, T, V) and (B, S, V)."""
        logits = super().call(target, encoded, training=training)
        return {"decoder": logits, "ctc": self.head(encoded, training=training)}

    def answering(self) -> dict[str, Any]:
        """See `Last`."""
        return {"decoder": self.decoder, "head": self.head}


@keras.saving.register_keras_serializable(package="kseq2seq")
class JointModel(Seq2Seq):
    """A `Seq2Seq` whose encoder learns by CTC too: inputs -> {"decoder", "ctc"} logits.

    Made by `build_model(..., head="joint")`. Both losses take the same target, int32 (B, T) closed
    by its end; `generate` runs the decoder.

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
        self.end(encoder, BothForced(decoder, head, name="decoder"), arguments, inputs, facts)

    def spread(self, y: Any) -> Any:
        """See `Fitted`; both outputs learn the same target."""
        return y if y is None or isinstance(y, dict) else {"decoder": y, "ctc": y}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """See `keras.Model`."""
        y, weights = self.spread(y), self.spread(sample_weight)
        return super().compute_loss(x, y, y_pred, weights, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """See `keras.Model`."""
        return super().compute_metrics(x, self.spread(y), y_pred, self.spread(sample_weight))
