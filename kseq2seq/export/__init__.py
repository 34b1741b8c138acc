"""Whole models in forms that need no kseq2seq to run."""

from kseq2seq.export.saved_model import export_saved_model

__all__ = ["export_saved_model"]
