"""Scores of tokens and of texts."""

from kseq2seq.metrics.baseline import below_baseline
from kseq2seq.metrics.text import TextMetric, bleu, chrf
from kseq2seq.metrics.tokens import Perplexity, TokenAccuracy, token_weights

__all__ = [
    "Perplexity",
    "TextMetric",
    "TokenAccuracy",
    "below_baseline",
    "bleu",
    "chrf",
    "token_weights",
]
