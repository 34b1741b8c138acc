"""Decoding: one loop, and searches that tell it what to pick."""

from kseq2seq.decoding.beam import Beam
from kseq2seq.decoding.decode import Decoded, decode, search_targets
from kseq2seq.decoding.greedy import Greedy
from kseq2seq.decoding.loop import Carry, Loop
from kseq2seq.decoding.search import Choice, Hypotheses, Problem, Search

__all__ = [
    "Beam",
    "Carry",
    "Choice",
    "Decoded",
    "Greedy",
    "Hypotheses",
    "Loop",
    "Problem",
    "Search",
    "decode",
    "search_targets",
]
