"""Scores of tokens and of texts."""

from kseq2seq.metrics.frequent_labels import FrequentLabels
from kseq2seq.metrics.labels import label_accuracy
from kseq2seq.metrics.references import tokenizer_for
from kseq2seq.metrics.text import Scores, TextMetric, TextScore, below_baseline, bleu, chrf
from kseq2seq.metrics.tokens import Perplexity, TokenAccuracy
from kseq2seq.metrics.tokens import token_weights as token_weights
from kseq2seq.metrics.unseen_words import UnseenWords

__all__ = [
    "FrequentLabels",
    "Perplexity",
    "Scores",
    "TextMetric",
    "TextScore",
    "TokenAccuracy",
    "UnseenWords",
    "below_baseline",
    "bleu",
    "chrf",
    "label_accuracy",
    "tokenizer_for",
]
