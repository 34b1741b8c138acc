"""What stands on an encoder and answers: labels, one label, alignments; the decoder is another."""

from kseq2seq.heads.crf import CrfLoss
from kseq2seq.heads.ctc import Ctc, Joint
from kseq2seq.heads.ctc_loss import CtcLoss
from kseq2seq.heads.decoded import Asked, Decoded, likeliest_labels
from kseq2seq.heads.head import HEADS, Head, described_head, made_head, register_head
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
    "described_head",
    "likeliest_labels",
    "made_head",
    "register_head",
]
