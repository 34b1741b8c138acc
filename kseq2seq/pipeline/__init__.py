"""Raw text in, raw text out: a model with all it needs to be used."""

from kseq2seq.pipeline.files import Progress
from kseq2seq.pipeline.pipeline import Pipeline
from kseq2seq.pipeline.prediction import Alternative, Prediction
from kseq2seq.pipeline.scoring import Score, rerank
from kseq2seq.pipeline.streaming import Stream

__all__ = ["Alternative", "Pipeline", "Prediction", "Progress", "Score", "Stream", "rerank"]
