"""Drawings of models."""

from kseq2seq.plot.model import model
from kseq2seq.plot.outline import Block, Column, Group, Link, Outline, outline

__all__ = ["Block", "Column", "Group", "Link", "Outline", "model", "outline"]
