"""Losses, schedules and callbacks for `fit`."""

from kseq2seq.training.averaging import averaged_weights
from kseq2seq.training.callbacks import GenerationScore, TimeLimit
from kseq2seq.training.losses import TokenCrossEntropy
from kseq2seq.training.schedules import InverseSquareRoot

__all__ = [
    "GenerationScore",
    "InverseSquareRoot",
    "TimeLimit",
    "TokenCrossEntropy",
    "averaged_weights",
]
