"""Whole models, and the door to them."""

# isort: off
# in the order in which the table lists them
from kseq2seq.models.recurrent import Bahdanau, Gru, Lstm, Luong, Recurrent, Rnn
from kseq2seq.models.convolutional import Convolutional
from kseq2seq.models.transformer import (
    DecoderOnly,
    EncoderSizes,
    MaskedLm,
    Transformer,
    TransformerSizes,
)
from kseq2seq.models.hybrid import Backbone, Hybrid

# isort: on
from kseq2seq.models.architecture import Architecture
from kseq2seq.models.build import build_model
from kseq2seq.models.built import BuiltModel
from kseq2seq.models.fitted import Fitted
from kseq2seq.models.head_model import HeadModel
from kseq2seq.models.joint_model import JointModel
from kseq2seq.models.language_model import LanguageModel
from kseq2seq.models.masked_language_model import MaskedLanguageModel
from kseq2seq.models.seq2seq import Seq2Seq
from kseq2seq.models.table import ARCHITECTURES, register_architecture
from kseq2seq.models.warm_start import warm_start

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Backbone",
    "Bahdanau",
    "BuiltModel",
    "Convolutional",
    "DecoderOnly",
    "EncoderSizes",
    "Fitted",
    "Gru",
    "HeadModel",
    "Hybrid",
    "JointModel",
    "LanguageModel",
    "Lstm",
    "Luong",
    "MaskedLanguageModel",
    "MaskedLm",
    "Recurrent",
    "Rnn",
    "Seq2Seq",
    "Transformer",
    "TransformerSizes",
    "build_model",
    "register_architecture",
    "warm_start",
]
