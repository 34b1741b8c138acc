"""Losses, optimizers, schedules, training views and callbacks for `fit`."""

from kseq2seq.deprecation import moved
from kseq2seq.training.averaging import (
    BetterWeights,
    average_weights,
    averaged_weights,
    warm_averages,
)
from kseq2seq.training.generation import GenerationScore, Samples
from kseq2seq.training.guided_alignment import GuidedAlignment, with_alignments
from kseq2seq.training.layerwise import LayerwiseAdam, layer_rates, layerwise_decay, weight_paths
from kseq2seq.training.losses import TokenCrossEntropy, Weighted, loss_for, metrics_for  # noqa: F401
from kseq2seq.training.packed import packed
from kseq2seq.training.progress import Progress, TimeLimit
from kseq2seq.training.r_drop import RDrop, r_drop
from kseq2seq.training.scheduled_sampling import inverse_sigmoid, scheduled_sampling
from kseq2seq.training.schedules import InverseSquareRoot, WarmUp
from kseq2seq.training.state import compile_ahead
from kseq2seq.training.truncated import truncated
from kseq2seq.training.word_vectors import load_word_vectors

__all__ = [
    "BetterWeights",
    "GenerationScore",
    "GuidedAlignment",
    "InverseSquareRoot",
    "LayerwiseAdam",
    "Progress",
    "RDrop",
    "Samples",
    "TimeLimit",
    "TokenCrossEntropy",
    "WarmUp",
    "average_weights",
    "averaged_weights",
    "compile_ahead",
    "inverse_sigmoid",
    "layer_rates",
    "layerwise_decay",
    "load_word_vectors",
    "loss_for",
    "metrics_for",
    "packed",
    "r_drop",
    "scheduled_sampling",
    "truncated",
    "warm_averages",
    "weight_paths",
    "with_alignments",
]

__getattr__ = moved(
    __name__,
    {
        "Record": "kseq2seq.runs.Record",
        "Run": "kseq2seq.runs.Run",
        "add_scores": "kseq2seq.runs.add_scores",
        "weight_places": "kseq2seq.training.weight_paths",
    },
)
