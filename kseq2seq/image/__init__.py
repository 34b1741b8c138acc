"""Raw pictures to tensors: whole pictures, and lines of text of any width."""

from __future__ import annotations

from kseq2seq.image.augmentation import Augmentation
from kseq2seq.image.line_source import LineSource
from kseq2seq.image.source import ImageSource

__all__ = ["Augmentation", "ImageSource", "LineSource"]
