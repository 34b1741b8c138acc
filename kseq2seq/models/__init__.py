"""Whole models, and the door to them."""

# isort: off
# in the order in which the table lists them
from kseq2seq.models.recurrent import Bahdanau, Gru, Lstm, Luong, Recurrent as Recurrent, Rnn
from kseq2seq.models.convolutional import Convolutional
from kseq2seq.models.transformer import (
    EncoderSizes as EncoderSizes,
    Transformer,
    TransformerSizes as TransformerSizes,
)
from kseq2seq.models.conformer import Conformer
from kseq2seq.models.decoder_only import DecoderOnly, LanguageModel
from kseq2seq.models.masked_lm import MaskedLanguageModel, MaskedLm
from kseq2seq.models.crnn import Crnn
from kseq2seq.models.image import Image
from kseq2seq.models.hybrid import Backbone as Backbone, Hybrid

# isort: on
from kseq2seq.models.architecture import Architecture, register_architecture
from kseq2seq.models.build import build_model
from kseq2seq.models.built import BuiltModel as BuiltModel
from kseq2seq.models.copying import Copying
from kseq2seq.models.fitted import Fitted as Fitted
from kseq2seq.models.head_model import HeadModel
from kseq2seq.models.seq2seq import JointModel, Seq2Seq
from kseq2seq.models.table import ARCHITECTURES
from kseq2seq.models.warm_start import warm_start

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Bahdanau",
    "Conformer",
    "Convolutional",
    "Copying",
    "Crnn",
    "DecoderOnly",
    "Gru",
    "HeadModel",
    "Hybrid",
    "Image",
    "JointModel",
    "LanguageModel",
    "Lstm",
    "Luong",
    "MaskedLanguageModel",
    "MaskedLm",
    "Rnn",
    "Seq2Seq",
    "Transformer",
    "build_model",
    "register_architecture",
    "warm_start",
]
