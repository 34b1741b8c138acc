"""What recipes and other programs on the command line share."""

from kseq2seq.cli.chat import chat
from kseq2seq.cli.choices import architectures, make_tokenizer, tokenizer_kinds
from kseq2seq.cli.corpora import read_corpora
from kseq2seq.cli.extracts import best_sentences, first_sentences
from kseq2seq.cli.flags import Flags, positive, share, whole
from kseq2seq.cli.lengths import held_out
from kseq2seq.cli.members import ENSEMBLE, ensemble
from kseq2seq.cli.messages import DATA, Messages
from kseq2seq.cli.ngrams import kneser_ney
from kseq2seq.cli.options import WORDS
from kseq2seq.cli.outputs import check_not_begun, check_output, resumable, settings_of
from kseq2seq.cli.pixel_retrieval import nearest_pictures
from kseq2seq.cli.pretraining import pretrain
from kseq2seq.cli.recipe import Recipe
from kseq2seq.cli.report import report, report_training
from kseq2seq.cli.retrieval import nearest_targets

__all__ = [
    "DATA",
    "ENSEMBLE",
    "WORDS",
    "Flags",
    "Messages",
    "Recipe",
    "architectures",
    "best_sentences",
    "chat",
    "check_not_begun",
    "check_output",
    "ensemble",
    "first_sentences",
    "held_out",
    "kneser_ney",
    "make_tokenizer",
    "nearest_pictures",
    "nearest_targets",
    "positive",
    "pretrain",
    "read_corpora",
    "report",
    "report_training",
    "resumable",
    "settings_of",
    "share",
    "tokenizer_kinds",
    "whole",
]
