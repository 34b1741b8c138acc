"""Other models that score next tokens: a language model, and a CTC head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from kseq2seq.checks import check_number, check_whole
from kseq2seq.decoding.filters.filter import Filter, Filtered, key_of
from kseq2seq.decoding.records import fingerprint
from kseq2seq.decoding.tensors import NEVER as FORBIDDEN
from kseq2seq.decoding.tensors import log_softmax, repeat
from kseq2seq.heads.ctc_loss import BLANK, LEAST, NEVER, POSSIBLE


@dataclass(frozen=True)
class Fusion(Filter):
    r"""Adds a language model's log-probabilities to those of the model.

    .. math:: \log p(v) \gets \log p(v) + \beta \log p_{\mathrm{LM}}(v \mid y_{<t})

    The language model has no source, `build_model("decoder_only", None, target)`; or it is any
    model of this package that was trained with empty sources (their end token alone). Scores
    include the second term.

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
        """Identifies the weights, so that runs with other weights have another representation."""
        return f"Fusion({fingerprint(self.model)[:12]}, weight={self.weight})"

    @property
    def key(self):
        """See `Filter`."""
        return key_of(self, Fusion, self.model)

    def given(self):
        """See `Filter`; {"weight": float32}."""
        return {"weight": np.float32(self.weight)}

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`."""
        longest = self.model.decoder.max_positions
        if longest is not None and longest < max_length:
            raise ValueError(
                f"The language model has positions for {longest} tokens, and `max_length` is "
                f"{max_length}. Lower it, or build the language model with more `max_positions`."
            )
        known = self.model.decoder.vocabulary_size
        if known != vocabulary_size:
            raise ValueError(
                f"The language model has {known} target ids and the model it helps "
                f"{vocabulary_size}; train it with the same target tokenizer."
            )

    def prepare(self, given, request):
        """See `Filter`; one empty source, which all hypotheses share."""
        source = {"source_mask": ops.ones((1, 1), dtype="bool")}
        if getattr(self.model, "has_source", True):
            source["source"] = ops.full((1, 1), request.special.end, dtype="int32")
        encoded = self.model.encoder(source, training=False)
        context, state = self.model.decoder.initial(encoded, request.max_length)
        return {**given, "context": context, "state": state}

    def start(self, given, request):
        """See `Filter`; the language model's state."""
        return repeat(given["state"], ops.shape(request.limits)[0] * request.num_hypotheses)

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        step = self.model.decoder(
            live.tokens[:, None], given["context"], state, position=live.step, training=False
        )
        second = log_softmax(tf.squeeze(step.logits, 1))
        return Filtered(log_probs + given["weight"] * second, step.state)


@dataclass(frozen=True)
class CtcPrefix(Filter):
    r"""Mixes a decoder's log-probabilities with those that CTC gives the target so far.

    .. math:: \log p(v) \gets (1 - \lambda) \log p(v \mid y_{<t})
        + \lambda \log \frac{p_{\mathrm{ctc}}(y_{<t} v \ldots)}{p_{\mathrm{ctc}}(y_{<t} \ldots)}

    where :math:`p_{\mathrm{ctc}}(y \ldots)` is the probability that the labels begin with y; at the
    end, that they are y. The sum over a target is :math:`(1 - \lambda) \log p + \lambda \log
    p_{\mathrm{ctc}}`: targets that repeat or leave out a part of the source lose.

    Args:
        model: the `JointModel` that decodes, or that is in the ensemble that decodes.
        weight: lambda, from 0 to 1.
        candidates: how many of the decoder's likeliest tokens each step scores, besides the end;
            others are forbidden. Use at least twice the width of a beam.
        member: the index of the model in an ensemble.

    Raises:
        ValueError: if the model has no CTC head, or a setting is out of range.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Beam, build_model, decode
        >>> from kseq2seq.decoding import CtcPrefix
        >>> model = build_model("gru", source=20, target=20, head="joint", hidden_dim=8)
        >>> ids = np.array([[7, 8, 9, 2]])
        >>> found = decode(model, ids, Beam(2), max_length=5, filters=[CtcPrefix(model)])
        >>> tuple(found.ids.shape)
        (1, 2, 5)

    Source:
        Watanabe et al. 2017, "Hybrid CTC/Attention Architecture", section IV-C and algorithm 2.
    """

    model: Any
    weight: float = 0.3
    candidates: int = 40
    member: int = 0

    needs_encoded = True

    def __post_init__(self):
        check_number("weight", self.weight, 0, 1)
        check_whole("candidates", self.candidates)
        check_whole("member", self.member, least=0)
        if not getattr(getattr(self.model, "head", None), "with_decoder", False):
            raise ValueError(
                "`model` must be built with head='joint', whose CTC head is asked; got "
                f"{type(self.model).__name__}."
            )

    def __repr__(self) -> str:
        """Identifies the weights, so that runs with other weights have another representation."""
        return (
            f"CtcPrefix({fingerprint(self.model)[:12]}, weight={self.weight}, "
            f"candidates={self.candidates})"
        )

    @property
    def key(self):
        """See `Filter`."""
        return key_of(self, CtcPrefix, self.model, self.candidates, self.member)

    def given(self):
        """See `Filter`; {"weight": float32}."""
        return {"weight": np.float32(self.weight)}

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`."""
        if self.model.head.size != vocabulary_size:
            raise ValueError(
                f"The CTC head has {self.model.head.size} ids and the model it helps "
                f"{vocabulary_size}; train both with the same target tokenizer."
            )
        if self.model.head.end != special.end:
            raise ValueError(
                f"The CTC head was built for the end {self.model.head.end}, and `special.end` is "
                f"{special.end}."
            )

    def prepare(self, given, request):
        """See `Filter`; CTC's log-probabilities at each position, and of only blanks so far."""
        encoded = request.encoded
        if "models" in encoded:
            encoded = encoded["models"][self.member]
        logs = log_softmax(self.model.head(encoded, training=False))
        logs = ops.where(logs > LEAST, logs, NEVER)
        blanks = ops.maximum(ops.cumsum(logs[:, :, BLANK], axis=1), NEVER)
        empty = ops.stack([ops.full_like(blanks, NEVER), blanks], axis=-1)
        return {
            **given,
            "logs": request.per_hypothesis(logs),
            "empty": request.per_hypothesis(empty),
        }

    def start(self, given, request):
        """See `Filter`; how likely the target ends at each position, in a label or a blank."""
        return {
            "ends": ops.zeros_like(given["empty"]),  # which stand for `empty` at the first step
            "last": ops.zeros_like(given["empty"][:, 0, 0], dtype="int32"),
        }

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        logs, first = given["logs"], ops.equal(live.step, 0)
        # 1. The target so far, with the token that was chosen last: how likely it ends at each
        # position, (rows, S, 2), and how likely the labels begin with it, (rows,).
        before = ops.where(live.step <= 1, given["empty"], state["ends"])
        last = ops.where(first, BLANK, live.tokens)
        grown, worth = _grown(logs, before, state["last"], live.tokens, live.step <= 1)
        ends = ops.where(first, given["empty"], grown)
        worth = ops.where(first, 0.0, worth)
        # 2. The same with one more token, for the C likeliest: (rows, C).
        count = min(self.candidates, request.vocabulary_size)
        _, tokens = ops.top_k(log_probs, count)
        tokens = ops.cast(tokens, "int32")
        says = tf.gather(logs, ops.repeat(tokens[:, None], ops.shape(logs)[1], 1), batch_dims=2)
        same = ops.equal(tokens, last[:, None])[:, None]
        ways = _ways(ends, first)
        longer = ops.logsumexp(
            ops.maximum(ops.where(same, ways[..., 1:], ways[..., :1]) + says, 2 * NEVER), axis=1
        )
        whole = ops.logsumexp(ends[:, -1], axis=-1)
        # 3. Both mixed, (rows, V); a longer target is never likelier.
        ids = ops.arange(request.vocabulary_size, dtype="int32")
        here = ops.equal(tokens[:, :, None], ids)
        spread = ops.max(ops.where(here, longer[:, :, None], 2 * NEVER), axis=1)
        spread = ops.where(ops.equal(ids, request.special.end), whole[:, None], spread)
        gains = ops.minimum(spread - worth[:, None], 0.0)
        alive = ops.logical_and(worth[:, None] > POSSIBLE, spread > POSSIBLE)
        mixed = (1 - given["weight"]) * log_probs + given["weight"] * gains
        mixed = ops.where(ops.logical_and(alive, log_probs > LEAST), mixed, FORBIDDEN)
        return Filtered(mixed, {"ends": ends, "last": last})


def _ways(ends: Any, empty: Any) -> Any:
    """Returns (rows, S, 2), how a beginning may be complete before each position.

    For another label than its last, and for the same one, which needs a blank between.

    Args:
        ends: (rows, S, 2), its ends at each position in its last label, or in a blank.
        empty: bool, whether it has no label, which is complete before the first position.
    """
    both = ops.stack([ops.logsumexp(ends, axis=-1), ends[..., 1]], axis=-1)
    before = ops.where(empty, 0.0, NEVER) + ops.zeros_like(both[:, :1])
    return ops.concatenate([before, both[:, :-1]], axis=1)


def _grown(logs: Any, ends: Any, last: Any, token: Any, empty: Any) -> tuple[Any, Any]:
    """Returns the ends (rows, S, 2) of beginnings with one label more, and their worth (rows,)."""
    ways = _ways(ends, empty)
    ways = ops.where(ops.equal(token, last)[:, None], ways[..., 1], ways[..., 0])
    here = ops.equal(token[:, None, None], ops.arange(ops.shape(logs)[2], dtype="int32"))
    says = ops.sum(ops.where(here, logs, 0.0), axis=2)
    worth = ops.logsumexp(ops.maximum(ways + says, 2 * NEVER), axis=1)
    by_time = ops.transpose(ops.stack([ways, says, logs[:, :, BLANK]], axis=-1), (1, 0, 2))

    def step(carry, given):
        label, blank = carry
        way, says, nothing = given[:, 0], given[:, 1], given[:, 2]
        new = (
            ops.maximum(ops.logaddexp(label, way) + says, NEVER),
            ops.maximum(ops.logaddexp(label, blank) + nothing, NEVER),
        )
        return new, new

    never = ops.full_like(says[:, 0], NEVER)
    _, (labels, blanks) = ops.scan(step, (never, never), by_time)
    return ops.transpose(ops.stack([labels, blanks], axis=-1), (1, 0, 2)), worth
