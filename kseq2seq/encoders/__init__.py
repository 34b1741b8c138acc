"""Encoders: functional models from a source and its mask to what decoders attend to."""

from kseq2seq.encoders.inputs import mask_input, token_input
from kseq2seq.encoders.recurrent import recurrent_encoder
from kseq2seq.encoders.transformer import transformer_encoder

__all__ = ["mask_input", "recurrent_encoder", "token_input", "transformer_encoder"]
