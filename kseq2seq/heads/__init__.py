"""Heads, which answer from an encoded source: labels, one label, CTC. The decoder is another."""

from kseq2seq.heads.crf import CrfLoss
from kseq2seq.heads.ctc import Ctc, Joint
from kseq2seq.heads.ctc_loss import CtcLoss
from kseq2seq.heads.decoded import Asked, Decoded, Worth, likeliest_labels
from kseq2seq.heads.head import HEADS, Head, register_head
from kseq2seq.heads.head import described_head as described_head
from kseq2seq.heads.head import made_head as made_head
from kseq2seq.heads.label import Label
from kseq2seq.heads.labels import Labels

__all__ = [
    "HEADS",
    "Asked",
    "CrfLoss",
    "Ctc",
    "CtcLoss",
    "Decoded",
    "Head",
    "Joint",
    "Label",
    "Labels",
    "Worth",
    "likeliest_labels",
    "register_head",
]
