"""Filters: rules about next tokens that any search runs under."""

from kseq2seq.decoding.filters.automaton import Automaton
from kseq2seq.decoding.filters.ctc_prefix import CtcPrefix
from kseq2seq.decoding.filters.filter import Filter, Filtered, check_filters
from kseq2seq.decoding.filters.fusion import Fusion
from kseq2seq.decoding.filters.lengths import MaxLength, MinLength
from kseq2seq.decoding.filters.phrases import Forbid, Require
from kseq2seq.decoding.filters.prefix import Prefix
from kseq2seq.decoding.filters.repetition import NoRepeatNgram, RepetitionPenalty

__all__ = [
    "Automaton",
    "CtcPrefix",
    "Filter",
    "Filtered",
    "Forbid",
    "Fusion",
    "MaxLength",
    "MinLength",
    "NoRepeatNgram",
    "Prefix",
    "RepetitionPenalty",
    "Require",
    "check_filters",
]
