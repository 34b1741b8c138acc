"""A language model's word in the choice of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from kseq2seq.checks import check_number
from kseq2seq.decoding.filters.filter import Filter, Filtered, key_of
from kseq2seq.decoding.fingerprint import fingerprint
from kseq2seq.decoding.gathering import repeat
from kseq2seq.decoding.log_softmax import log_softmax


@dataclass(frozen=True)
class Fusion(Filter):
    r"""Adds a language model's log-probabilities to those of the model.

    .. math:: \log p(v) \gets \log p(v) + \beta \log p_{\mathrm{LM}}(v \mid y_{<t})

    The language model is one without a source, `build_model("decoder_only", None, target)`; or any
    model of this package that was trained with empty sources (their end token alone). What it knows
    is its targets. Scores then include the second term.

    Args:
        model: the language model; its target ids are those of the model it helps.
        weight: beta, at least 0 and at most 10.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding import Fusion
        >>> sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2}
        >>> language_model = build_model("decoder_only", None, 20, **sizes)
        >>> filters = [Fusion(language_model, weight=0.2)]

    Source:
        Gulcehre et al. 2015, section 4.1, "shallow fusion".
    """

    model: Any
    weight: float = 0.3

    def __post_init__(self):
        check_number("weight", self.weight, 0, 10)
        if not hasattr(self.model, "decoder"):
            raise ValueError(
                f"`model` must be a Seq2Seq from `build_model`; got {type(self.model).__name__}."
            )

    def __repr__(self) -> str:
        """Names the weights, so that what was made with others is told apart."""
        return f"Fusion({fingerprint(self.model)[:12]}, weight={self.weight})"

    @property
    def key(self):
        """See `Filter`."""
        return key_of(self, Fusion, self.model)

    def given(self):
        """See `Filter`; {"weight": float32}."""
        return {"weight": np.float32(self.weight)}

    def check(self, vocabulary, max_length, special):
        """See `Filter`."""
        longest = self.model.decoder.max_positions
        if longest is not None and longest < max_length:
            raise ValueError(
                f"The language model has positions for {longest} tokens, and `max_length` is "
                f"{max_length}. Lower it, or build the language model with more `max_positions`."
            )
        known = self.model.decoder.vocabulary_size
        if known != vocabulary:
            raise ValueError(
                f"The language model has {known} target ids and the model it helps {vocabulary}; "
                "train it with the same target tokenizer."
            )

    def prepare(self, given, problem):
        """See `Filter`; one empty source, which all hypotheses share."""
        source = {"source_mask": ops.ones((1, 1), dtype="bool")}
        if getattr(self.model, "has_source", True):
            source["source"] = ops.full((1, 1), problem.special.end, dtype="int32")
        encoded = self.model.encoder(source, training=False)
        context, state = self.model.decoder.initial(encoded, problem.max_length)
        return {**given, "context": context, "state": state}

    def start(self, given, problem):
        """See `Filter`; the language model's state."""
        return repeat(given["state"], ops.shape(problem.limits)[0] * problem.width)

    def apply(self, log_probs, live, state, given, problem):
        """See `Filter`."""
        made = self.model.decoder(
            live.tokens[:, None], given["context"], state, position=live.step, training=False
        )
        second = log_softmax(tf.squeeze(made.logits, 1))
        return Filtered(log_probs + given["weight"] * second, made.state)
