"""Filters: rules about next tokens that any search runs under."""

from kseq2seq.decoding.filters.automaton import Automaton
from kseq2seq.decoding.filters.carried import Carried
from kseq2seq.decoding.filters.filter import Filter, Filtered
from kseq2seq.decoding.filters.ngrams import NGrams
from kseq2seq.decoding.filters.phrases import Forbid, Prefix, Require
from kseq2seq.decoding.filters.python_layout import PythonLayout
from kseq2seq.decoding.filters.rules import MaxLength, MinLength, NoRepeatNgram, RepetitionPenalty
from kseq2seq.decoding.filters.scorers import CtcPrefix, Fusion
from kseq2seq.deprecation import moved

__all__ = [
    "Automaton",
    "Carried",
    "CtcPrefix",
    "Filter",
    "Filtered",
    "Forbid",
    "Fusion",
    "MaxLength",
    "MinLength",
    "NGrams",
    "NoRepeatNgram",
    "Prefix",
    "PythonLayout",
    "RepetitionPenalty",
    "Require",
]

__getattr__ = moved(__name__, {"check_filters": "kseq2seq.decoding.requests.check_filters"})
