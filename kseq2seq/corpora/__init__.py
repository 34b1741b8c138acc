"""Corpora of the recipes: fetched once through a package manager, or bundled."""

from kseq2seq.corpora.chitchat import chitchat, sample_chitchat
from kseq2seq.corpora.cmudict import cmudict, cmudict_sample
from kseq2seq.corpora.fetching import fetched
from kseq2seq.corpora.functions import functions, sample_functions
from kseq2seq.corpora.synopses import synopses

__all__ = [
    "chitchat",
    "cmudict",
    "cmudict_sample",
    "fetched",
    "functions",
    "sample_chitchat",
    "sample_functions",
    "synopses",
]
