"""Whole models, and the door to them."""

from kseq2seq.models.build import ARCHITECTURES, build_model
from kseq2seq.models.recurrent import Bahdanau, Gru, Lstm, Luong
from kseq2seq.models.seq2seq import Seq2Seq
from kseq2seq.models.transformer import Transformer

__all__ = [
    "ARCHITECTURES",
    "Bahdanau",
    "Gru",
    "Lstm",
    "Luong",
    "Seq2Seq",
    "Transformer",
    "build_model",
]
