"""Scores of tokens and of texts."""

from kseq2seq.metrics.answers import hits_at_1, word_perplexity
from kseq2seq.metrics.labels import label_accuracy
from kseq2seq.metrics.references import tokenizer_for
from kseq2seq.metrics.text import Scores, TextMetric, TextScore, below_baseline, bleu, chrf
from kseq2seq.metrics.tokens import Perplexity, TokenAccuracy
from kseq2seq.metrics.tokens import token_weights as token_weights

__all__ = [
    "Perplexity",
    "Scores",
    "TextMetric",
    "TextScore",
    "TokenAccuracy",
    "below_baseline",
    "bleu",
    "chrf",
    "hits_at_1",
    "label_accuracy",
    "tokenizer_for",
    "word_perplexity",
]
