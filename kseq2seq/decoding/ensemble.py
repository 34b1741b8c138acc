"""Several models that decode as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from kseq2seq.checks import check_number
from kseq2seq.decoders import Decoder, Step
from kseq2seq.decoding.several import Several, least
from kseq2seq.models import Seq2Seq

SPACES = ("probability", "log")


class Ensemble(Several):
    r"""Averages what several models say of each next token.

    .. math:: p(v) = \sum_m w_m\, p_m(v) \quad \text{or} \quad
        p(v) \propto \prod_m p_m(v)^{w_m}

    Wherever `decode` takes a model it takes an ensemble, with every search and filter. The models
    may be of different architectures; they share source and target ids.

    Args:
        models: at least one `Seq2Seq`.
        space: "probability" (the first formula) or "log" (the second).
        weights: one for each model, in any scale; None weighs all alike.

    Raises:
        ValueError: if the models' ids differ, or for wrong weights.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Ensemble, build_model, decode
        >>> sizes = {"source": 20, "target": 20, "hidden_dim": 8}
        >>> both = Ensemble([build_model("gru", **sizes), build_model("lstm", **sizes)])
        >>> ids = np.array([[7, 8, 2]])
        >>> found = decode(both, {"source": ids, "source_mask": ids != 0}, max_length=5)
        >>> tuple(found.ids.shape)
        (1, 1, 5)

    Source:
        Hansen and Salamon 1990; the average is taken at each token, as in Sutskever et al. 2014.
        Where only some models have attention, the alignment is theirs; models of another stride
        than the first one's have no part in it.
    """

    def __init__(
        self,
        models: Sequence[Seq2Seq],
        space: str = "probability",
        weights: Sequence[float] | None = None,
    ):
        super().__init__(models)
        if space not in SPACES:
            raise ValueError(f"`space` must be one of {SPACES}; got {space!r}.")
        weights = [1.0] * len(self.models) if weights is None else list(weights)
        if len(weights) != len(self.models):
            raise ValueError(f"There are {len(self.models)} models but {len(weights)} `weights`.")
        total = sum(check_number("weights", weight, 0, 1e30, above=True) for weight in weights)
        self.decoder = _Average(self.models, space, [weight / total for weight in weights])


class _Average(Decoder):
    """Steps all decoders; its logits are the logarithm of the averaged probabilities."""

    def __init__(self, models: Sequence[Seq2Seq], space: str, shares: Sequence[float]):
        super().__init__(dtype="float32", name="ensemble", autocast=False)
        self.members = [model.decoder for model in models]
        strides = [model.facts.stride for model in models]
        self.aligned = [stride == strides[0] for stride in strides]  # with the mask of the first
        self.space = space
        self.shares = shares
        self.vocabulary_size = self.members[0].vocabulary_size
        self.hidden_width = sum(member.hidden_width for member in self.members)
        self.max_positions = least(member.max_positions for member in self.members)
        self.follows_source = any(member.follows_source for member in self.members)
        self.rewinds = all(member.rewinds for member in self.members)

    def initial(self, encoded, length=0):
        """See `Decoder`."""
        parts = [
            member.initial(one, length)
            for member, one in zip(self.members, encoded["models"], strict=True)
        ]
        contexts, states = zip(*parts, strict=True)
        return {"models": list(contexts)}, {"models": list(states)}

    def grow(self, state, length):
        """See `Decoder`."""
        pairs = zip(self.members, state["models"], strict=True)
        return {"models": [member.grow(one, length) for member, one in pairs]}

    def call(self, tokens, context, state, position=0, training=None):
        """See `Decoder`."""
        made = [
            member(tokens, own, before, position=position, training=training)
            for member, own, before in zip(
                self.members, context["models"], state["models"], strict=True
            )
        ]
        log_probs = [ops.log_softmax(ops.cast(step.logits, "float32")) for step in made]
        shares = zip(log_probs, self.shares, strict=True)
        if self.space == "log":
            logits: Any = sum(share * one for one, share in shares)
        else:
            logits = ops.logsumexp(ops.stack([one + ops.log(share) for one, share in shares]), 0)
        hidden = ops.concatenate([ops.cast(step.hidden, "float32") for step in made], axis=-1)
        looked = [
            step.alignment
            for step, aligned in zip(made, self.aligned, strict=True)
            if aligned and step.alignment is not None
        ]
        alignment = sum(looked) / len(looked) if looked else None
        return Step(logits, hidden, alignment, {"models": [step.state for step in made]})
