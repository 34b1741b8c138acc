"""What recipes and other programs on the command line share."""

from kseq2seq.cli.chat import chat
from kseq2seq.cli.choices import architectures, make_tokenizer, tokenizer_kinds
from kseq2seq.cli.corpora import read_corpora
from kseq2seq.cli.evaluating import SHUFFLED, shuffled
from kseq2seq.cli.flags import Flags, natural, positive, share, weight, whole
from kseq2seq.cli.lengths import held_out, scorable
from kseq2seq.cli.listening import listen
from kseq2seq.cli.members import ENSEMBLE, ensemble
from kseq2seq.cli.messages import Messages
from kseq2seq.cli.options import WORDS
from kseq2seq.cli.outputs import (
    check_not_begun,
    check_output,
    resumable,
    settings_of,
    trained_on,
)
from kseq2seq.cli.pretraining import pretrain
from kseq2seq.cli.recipe import Recipe
from kseq2seq.cli.report import report, report_training

__all__ = [
    "ENSEMBLE",
    "SHUFFLED",
    "WORDS",
    "Flags",
    "Messages",
    "Recipe",
    "architectures",
    "chat",
    "check_not_begun",
    "check_output",
    "ensemble",
    "held_out",
    "listen",
    "make_tokenizer",
    "natural",
    "positive",
    "pretrain",
    "read_corpora",
    "report",
    "report_training",
    "resumable",
    "scorable",
    "settings_of",
    "share",
    "shuffled",
    "tokenizer_kinds",
    "trained_on",
    "weight",
    "whole",
]
