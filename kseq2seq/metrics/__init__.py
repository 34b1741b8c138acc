"""Scores of tokens and of texts."""

from kseq2seq.metrics.answers import hits_at_1, per_word, word_perplexity
from kseq2seq.metrics.code import blank, code_bleu, parsed, pass_bodies
from kseq2seq.metrics.diversity import distinct_1, distinct_2
from kseq2seq.metrics.edits import (
    character_error_rate,
    edit_similarity,
    exact_match,
    word_error_rate,
)
from kseq2seq.metrics.kept import kept_placeholders, same_placeholders
from kseq2seq.metrics.labels import LabelReport, chunk_f1, label_accuracy, label_f1, label_report
from kseq2seq.metrics.references import tokenizer_for
from kseq2seq.metrics.resampling import Comparison, interval, significance
from kseq2seq.metrics.rouge import rouge1, rouge2, rougeL
from kseq2seq.metrics.scenes import scene_parts, scene_relation
from kseq2seq.metrics.score import Interval, Scores, TextMetric, TextScore
from kseq2seq.metrics.scoring import below_baseline
from kseq2seq.metrics.text import bleu, chrf, chrf_plus, ter
from kseq2seq.metrics.tokens import Perplexity, TokenAccuracy
from kseq2seq.metrics.tokens import token_weights as token_weights
from kseq2seq.metrics.unseen_words import UnseenWords

__all__ = [
    "Comparison",
    "Interval",
    "LabelReport",
    "Perplexity",
    "Scores",
    "TextMetric",
    "TextScore",
    "TokenAccuracy",
    "UnseenWords",
    "below_baseline",
    "blank",
    "bleu",
    "character_error_rate",
    "chrf",
    "chrf_plus",
    "chunk_f1",
    "code_bleu",
    "distinct_1",
    "distinct_2",
    "edit_similarity",
    "exact_match",
    "hits_at_1",
    "interval",
    "kept_placeholders",
    "label_accuracy",
    "label_f1",
    "label_report",
    "parsed",
    "pass_bodies",
    "per_word",
    "rouge1",
    "rouge2",
    "rougeL",
    "same_placeholders",
    "scene_parts",
    "scene_relation",
    "significance",
    "ter",
    "tokenizer_for",
    "word_error_rate",
    "word_perplexity",
]
