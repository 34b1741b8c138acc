"""Scores of tokens and of texts."""

from kseq2seq.metrics.text import TextMetric, bleu, chrf
from kseq2seq.metrics.tokens import Perplexity, TokenAccuracy, token_weights

__all__ = ["Perplexity", "TextMetric", "TokenAccuracy", "bleu", "chrf", "token_weights"]
