"""Decoding: one loop, searches that pick next tokens, and filters that restrict them."""

from kseq2seq.decoding.beam import Beam
from kseq2seq.decoding.compiled import compiled as compiled
from kseq2seq.decoding.compiled import traced as traced
from kseq2seq.decoding.contrastive import Contrastive
from kseq2seq.decoding.decode import Decoded, decode, search_targets
from kseq2seq.decoding.decode import prepare as prepare
from kseq2seq.decoding.diverse_beam import DiverseBeam
from kseq2seq.decoding.ensemble import Ensemble
from kseq2seq.decoding.filters import (
    Automaton,
    Carried,
    CtcPrefix,
    Filter,
    Filtered,
    Forbid,
    Fusion,
    MaxLength,
    MinLength,
    NoRepeatNgram,
    Prefix,
    PythonLayout,
    RepetitionPenalty,
    Require,
)
from kseq2seq.decoding.greedy import Greedy, Independent
from kseq2seq.decoding.loop import Carry as Carry
from kseq2seq.decoding.loop import Loop
from kseq2seq.decoding.records import fingerprint as fingerprint
from kseq2seq.decoding.requests import seeds_of as seeds_of
from kseq2seq.decoding.sample import Sample
from kseq2seq.decoding.score import score_targets
from kseq2seq.decoding.search import Candidates, Choice, Hypotheses, Live, Request, Search
from kseq2seq.decoding.speculative import Speculative
from kseq2seq.decoding.unsatisfied import UnsatisfiedError
from kseq2seq.deprecation import moved

__all__ = [
    "Automaton",
    "Beam",
    "Candidates",
    "Carried",
    "Choice",
    "Contrastive",
    "CtcPrefix",
    "Decoded",
    "DiverseBeam",
    "Ensemble",
    "Filter",
    "Filtered",
    "Forbid",
    "Fusion",
    "Greedy",
    "Hypotheses",
    "Independent",
    "Live",
    "Loop",
    "MaxLength",
    "MinLength",
    "NoRepeatNgram",
    "Prefix",
    "PythonLayout",
    "RepetitionPenalty",
    "Request",
    "Require",
    "Sample",
    "Search",
    "Speculative",
    "UnsatisfiedError",
    "decode",
    "score_targets",
    "search_targets",
]

_OLD = {"Extensions": "kseq2seq.decoding.Candidates", "Problem": "kseq2seq.decoding.Request"}
__getattr__ = moved(__name__, _OLD)
