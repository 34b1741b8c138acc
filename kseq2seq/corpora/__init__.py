"""Corpora of the recipes: fetched once through a package manager, or bundled."""

from kseq2seq.corpora.cmudict import cmudict, cmudict_sample
from kseq2seq.corpora.fetching import fetched

__all__ = ["cmudict", "cmudict_sample", "fetched"]
