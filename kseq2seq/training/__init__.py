"""Losses, optimizers, schedules and callbacks for `fit`."""

import kseq2seq.training.steps  # noqa: F401 - gives models their steps
from kseq2seq.training.ahead import compile_ahead
from kseq2seq.training.averaging import average_weights, averaged_weights, warm_averages
from kseq2seq.training.better_weights import BetterWeights
from kseq2seq.training.callbacks import GenerationScore, TimeLimit
from kseq2seq.training.guided_alignment import GuidedAlignment, with_alignments
from kseq2seq.training.head_losses import Weighted, loss_for, metrics_for
from kseq2seq.training.layerwise import LayerwiseAdam, layer_rates, layerwise_decay
from kseq2seq.training.losses import TokenCrossEntropy
from kseq2seq.training.packed import packed
from kseq2seq.training.places import weight_places
from kseq2seq.training.progress import Progress
from kseq2seq.training.r_drop import RDrop, r_drop
from kseq2seq.training.record import Record, add_scores
from kseq2seq.training.run import Run
from kseq2seq.training.samples import Samples
from kseq2seq.training.scheduled_sampling import inverse_sigmoid, scheduled_sampling
from kseq2seq.training.schedules import InverseSquareRoot, WarmUp
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
    "Record",
    "Run",
    "Samples",
    "TimeLimit",
    "TokenCrossEntropy",
    "WarmUp",
    "Weighted",
    "add_scores",
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
    "weight_places",
    "with_alignments",
]
