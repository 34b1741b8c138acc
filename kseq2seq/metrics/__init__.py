"""Scores of tokens and of texts."""

from kseq2seq.metrics.baseline import below_baseline
from kseq2seq.metrics.labels import label_accuracy
from kseq2seq.metrics.references import tokenizer_for
from kseq2seq.metrics.text import Scores, TextMetric, TextScore, bleu, chrf
from kseq2seq.metrics.tokens import Perplexity, TokenAccuracy, token_weights

__all__ = [
    "Perplexity",
    "Scores",
    "TextMetric",
    "TextScore",
    "TokenAccuracy",
    "below_baseline",
    "bleu",
    "chrf",
    "label_accuracy",
    "token_weights",
    "tokenizer_for",
]
