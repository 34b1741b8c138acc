"""Raw in, raw out: a model with all it needs to be used."""

from kseq2seq.deprecation import moved
from kseq2seq.pipeline.choosing import choose
from kseq2seq.pipeline.files import FileProgress
from kseq2seq.pipeline.growing import Heard, live
from kseq2seq.pipeline.mutual_information import mutual_information
from kseq2seq.pipeline.pipeline import Pipeline
from kseq2seq.pipeline.prediction import Alternative, Prediction
from kseq2seq.pipeline.scoring import Score, rerank
from kseq2seq.pipeline.streaming import Stream
from kseq2seq.pipeline.words import Word

__all__ = [
    "Alternative",
    "FileProgress",
    "Heard",
    "Pipeline",
    "Prediction",
    "Score",
    "Stream",
    "Word",
    "choose",
    "live",
    "mutual_information",
    "rerank",
]

__getattr__ = moved(__name__, {"Progress": "kseq2seq.pipeline.FileProgress"})
