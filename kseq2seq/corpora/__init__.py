"""Corpora of the recipes: fetched once through a package manager, or bundled."""

from kseq2seq.corpora.chitchat import chitchat
from kseq2seq.corpora.fetching import fetched

__all__ = ["chitchat", "fetched"]
