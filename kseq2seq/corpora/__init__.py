"""Corpora of the recipes: fetched once through a package manager, or bundled."""

from kseq2seq.corpora.fetching import fetched
from kseq2seq.corpora.functions import functions

__all__ = ["fetched", "functions"]
