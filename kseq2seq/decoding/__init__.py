"""Decoding: one loop, searches that tell it what to pick, filters that say what may be picked."""

from kseq2seq.decoding.beam import Beam
from kseq2seq.decoding.compiled import compiled, traced
from kseq2seq.decoding.contrastive import Contrastive
from kseq2seq.decoding.decode import Decoded, UnsatisfiedError, decode, prepare, search_targets
from kseq2seq.decoding.diverse_beam import DiverseBeam
from kseq2seq.decoding.ensemble import Ensemble
from kseq2seq.decoding.filters import (
    Automaton,
    CtcPrefix,
    Filter,
    Filtered,
    Forbid,
    Fusion,
    MaxLength,
    MinLength,
    NoRepeatNgram,
    Prefix,
    RepetitionPenalty,
    Require,
)
from kseq2seq.decoding.greedy import Greedy
from kseq2seq.decoding.loop import Carry, Loop
from kseq2seq.decoding.records import fingerprint
from kseq2seq.decoding.requests import seeds_of
from kseq2seq.decoding.sample import Sample
from kseq2seq.decoding.score import score_targets
from kseq2seq.decoding.search import Candidates, Choice, Hypotheses, Live, Request, Search
from kseq2seq.decoding.speculative import Speculative

__all__ = [
    "Automaton",
    "Beam",
    "Candidates",
    "Carry",
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
    "Live",
    "Loop",
    "MaxLength",
    "MinLength",
    "NoRepeatNgram",
    "Prefix",
    "RepetitionPenalty",
    "Request",
    "Require",
    "Sample",
    "Search",
    "Speculative",
    "UnsatisfiedError",
    "compiled",
    "decode",
    "fingerprint",
    "prepare",
    "score_targets",
    "search_targets",
    "seeds_of",
    "traced",
]
