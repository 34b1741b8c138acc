"""Several models that decode as one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from keras import ops

from kseq2seq.checks import check_number, one_of
from kseq2seq.decoders import Decoder, Step
from kseq2seq.encoders import Facts
from kseq2seq.models import Seq2Seq

SPACES = ("probability", "log")


class Several:
    """The base of `Ensemble` and `Speculative`: several models that stand where one could.

    Attributes:
        models: the models.
        encoder: runs all of their encoders.
        decoder: steps them together.
    """

    decoder: Decoder

    def __init__(self, models: Sequence[Seq2Seq]):
        models = list(models)
        if not models or not all(isinstance(model, Seq2Seq) for model in models):
            raise ValueError(
                f"{type(self).__name__} takes models from `build_model` with a decoder; got "
                f"{models}."
            )
        for side in ("source", "target"):
            sizes = [model.vocabulary_sizes[side] for model in models]
            if any(size != sizes[0] for size in sizes):
                raise ValueError(
                    f"Models that decode together must share their {side} ids; they have "
                    f"{' and '.join(map(str, sizes))}. Train them with the same tokenizer."
                )
        first, *others = (_taken(model) for model in models)
        if any(taken != first for taken in others):
            raise ValueError(
                "Models that decode together must read the same source; their encoders take "
                f"{' and '.join(str(model.source_spec) for model in models)}."
            )
        self.models = models
        self.has_source = models[0].has_source
        self.encoder = _Encoders(models)

    @property
    def facts(self) -> Facts:
        """The facts that hold for all encoders."""
        return reduce(Facts.beside, (model.facts for model in self.models))

    @property
    def variables(self) -> list:
        """All models' variables."""
        return [variable for model in self.models for variable in model.variables]

    @property
    def max_source_length(self) -> int | None:
        """The longest source that all encoders have positions for; None if there is no limit."""
        return least(model.max_source_length for model in self.models)


def _taken(model: Seq2Seq) -> Any:
    """Names and shapes of an encoder's inputs, and how these spell words, if they do.

    Their dtypes do not matter, as Keras casts them.
    """
    spec = model.source_spec
    if spec is None:
        return None
    return {name: shape for name, (shape, _) in spec.inputs.items()}, spec.spelling


class _Encoders:
    def __init__(self, models: Sequence[Seq2Seq]):
        self.models = models
        self.input = models[0].encoder.input

    def __call__(self, source: dict, training: bool = False) -> dict:
        encoded = [model.encoder(source, training=training) for model in self.models]
        return {"models": encoded, "mask": encoded[0]["mask"]}


def least(limits: Any) -> int | None:
    """Returns the least of some limits, of which None is no limit."""
    return min((limit for limit in limits if limit is not None), default=None)


class Ensemble(Several):
    r"""Averages the probabilities that several models give each next token.

    .. math:: p(v) = \sum_m w_m\, p_m(v) \quad \text{or} \quad
        p(v) \propto \prod_m p_m(v)^{w_m}

    `decode` takes an ensemble wherever it takes a model, with every search and filter. The models
    may have different architectures; they share source and target ids.

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
        >>> tuple(decode(both, ids, max_length=5).ids.shape)
        (1, 1, 5)

    Source:
        Hansen and Salamon 1990; the average is taken at each token, as in Sutskever et al. 2014.
        Where only some models have attention, the alignment is theirs; it leaves out models whose
        stride differs from the first one's.
    """

    def __init__(
        self,
        models: Sequence[Seq2Seq],
        space: str = "probability",
        weights: Sequence[float] | None = None,
    ):
        super().__init__(models)
        one_of(SPACES, space=space)
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
        steps = [
            member(tokens, own, before, position=position, training=training)
            for member, own, before in zip(
                self.members, context["models"], state["models"], strict=True
            )
        ]
        log_probs = [ops.log_softmax(ops.cast(step.logits, "float32")) for step in steps]
        shares = zip(log_probs, self.shares, strict=True)
        if self.space == "log":
            logits: Any = sum(share * one for one, share in shares)
        else:
            logits = ops.logsumexp(ops.stack([one + ops.log(share) for one, share in shares]), 0)
        hidden = ops.concatenate([ops.cast(step.hidden, "float32") for step in steps], axis=-1)
        alignments = [
            step.alignment
            for step, aligned in zip(steps, self.aligned, strict=True)
            if aligned and step.alignment is not None
        ]
        alignment = sum(alignments) / len(alignments) if alignments else None
        return Step(logits, hidden, alignment, {"models": [step.state for step in steps]})
