"""Corpora of the recipes: fetched once through a package manager, or bundled."""

from kseq2seq.corpora.docstrings import docstrings
from kseq2seq.corpora.fetching import fetched
from kseq2seq.corpora.synopses import synopses

__all__ = ["docstrings", "fetched", "synopses"]
