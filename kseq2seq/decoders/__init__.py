"""Decoders: step functions over the context of a source and the state of a hypothesis."""

from kseq2seq.decoders.bahdanau import BahdanauDecoder
from kseq2seq.decoders.cho import ChoDecoder
from kseq2seq.decoders.convolutional import ConvolutionalDecoder
from kseq2seq.decoders.decoder import Decoder, Step
from kseq2seq.decoders.luong import LuongDecoder
from kseq2seq.decoders.prefix_lm import PrefixDecoder
from kseq2seq.decoders.sutskever import SutskeverDecoder
from kseq2seq.decoders.transformer import TransformerDecoder

__all__ = [
    "BahdanauDecoder",
    "ChoDecoder",
    "ConvolutionalDecoder",
    "Decoder",
    "LuongDecoder",
    "PrefixDecoder",
    "Step",
    "SutskeverDecoder",
    "TransformerDecoder",
]
