"""Scores of tokens and of texts."""

from kseq2seq.metrics.diversity import distinct_1, distinct_2
from kseq2seq.metrics.edits import (
    character_error_rate,
    edit_similarity,
    exact_match,
    word_error_rate,
)
from kseq2seq.metrics.kept import kept_placeholders
from kseq2seq.metrics.labels import LabelReport, chunk_f1, label_accuracy, label_f1, label_report
from kseq2seq.metrics.references import tokenizer_for
from kseq2seq.metrics.rouge import rouge1, rouge2, rougeL
from kseq2seq.metrics.score import Interval, Scores, TextMetric, TextScore
from kseq2seq.metrics.scoring import below_baseline
from kseq2seq.metrics.text import bleu, chrf, chrf_plus, ter
from kseq2seq.metrics.tokens import Perplexity, TokenAccuracy
from kseq2seq.metrics.tokens import token_weights as token_weights

__all__ = [
    "Interval",
    "LabelReport",
    "Perplexity",
    "Scores",
    "TextMetric",
    "TextScore",
    "TokenAccuracy",
    "below_baseline",
    "bleu",
    "character_error_rate",
    "chrf",
    "chrf_plus",
    "chunk_f1",
    "distinct_1",
    "distinct_2",
    "edit_similarity",
    "exact_match",
    "kept_placeholders",
    "label_accuracy",
    "label_f1",
    "label_report",
    "rouge1",
    "rouge2",
    "rougeL",
    "ter",
    "tokenizer_for",
    "word_error_rate",
]
