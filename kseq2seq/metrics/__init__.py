"""Scores of tokens and of texts."""

from kseq2seq.metrics.code import blank, code_bleu, parsed, pass_bodies
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
    "blank",
    "bleu",
    "chrf",
    "code_bleu",
    "label_accuracy",
    "parsed",
    "pass_bodies",
    "tokenizer_for",
]
