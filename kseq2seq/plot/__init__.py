"""Drawings of models, and of where they looked."""

from kseq2seq.plot.alignment import alignment
from kseq2seq.plot.model import model
from kseq2seq.plot.outline import Block, Column, Group, Link, Outline, outline

__all__ = ["Block", "Column", "Group", "Link", "Outline", "alignment", "model", "outline"]
