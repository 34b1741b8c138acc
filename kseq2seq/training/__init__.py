"""Losses, optimizers, schedules and callbacks for `fit`."""

from kseq2seq.training.averaging import averaged_weights
from kseq2seq.training.callbacks import GenerationScore, TimeLimit
from kseq2seq.training.layerwise import LayerwiseAdam, layer_rates, layerwise_decay
from kseq2seq.training.losses import TokenCrossEntropy
from kseq2seq.training.places import weight_places
from kseq2seq.training.schedules import InverseSquareRoot
from kseq2seq.training.word_vectors import load_word_vectors

__all__ = [
    "GenerationScore",
    "InverseSquareRoot",
    "LayerwiseAdam",
    "TimeLimit",
    "TokenCrossEntropy",
    "averaged_weights",
    "layer_rates",
    "layerwise_decay",
    "load_word_vectors",
    "weight_places",
]
