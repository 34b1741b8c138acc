"""The one autoregressive loop, for every decoder and every search."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras import ops, tree

from kseq2seq.decoders import Decoder
from kseq2seq.decoding.gathering import reorder, repeat
from kseq2seq.decoding.search import Hypotheses, Problem, Search
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens

FORBIDDEN = float("-inf")


class Carry(NamedTuple):
    """All that a decoding in progress is; give it back to `Loop.run` to go on.

    Attributes:
        context: the decoder's, of B rows; constant.
        limits: int32 (B,); constant.
        step: int32 scalar, how many tokens every hypothesis has.
        tokens: int32 (B * N,), the last token of each.
        state: the decoder's, of B * N rows.
        search: the search's own.
    """

    context: Any
    limits: Any
    step: Any
    tokens: Any
    state: Any
    search: Any


class Loop:
    """Decodes step by step: `start`, then `run` as often as wanted, then `finish`.

    The loop alone owns the `while`, the float32 log-softmax, the end at the limit, and the
    reordering of the decoder's state. All three methods can be traced by `tf.function`, with or
    without XLA.

    Args:
        decoder: the `Decoder` to step.
        search: the `Search` that picks tokens.
        max_length: the most tokens a target may have, its end included; also the cache's size.
        special: the ids that are not text.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Greedy, build_model
        >>> from kseq2seq.decoding import Loop
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> ids = np.array([[7, 8, 2]])
        >>> loop = Loop(model.decoder, Greedy(), max_length=6)
        >>> carry = loop.start(model.encoder({"source": ids, "source_mask": ids != 0}))
        >>> carry = loop.run(carry, steps=2)
        >>> int(carry.step)
        2
        >>> tuple(loop.finish(loop.run(carry)).ids.shape)
        (1, 1, 6)
    """

    def __init__(
        self,
        decoder: Decoder,
        search: Search,
        max_length: int,
        special: SpecialTokens = SPECIAL_TOKENS,
    ):
        longest = decoder.max_positions
        if (
            isinstance(max_length, bool)
            or not isinstance(max_length, int | np.integer)
            or max_length < 1
        ):
            raise ValueError(
                f"`max_length` must be a whole number of at least 1; got {max_length!r}."
            )
        if longest is not None and max_length > longest:
            raise ValueError(
                f"`max_length`={max_length}, but this model has learned positions for {longest} "
                f"tokens. Pass at most {longest}, or build it with more `max_positions`."
            )
        self.decoder = decoder
        self.search = search
        self.max_length = int(max_length)
        self.special = special

    def start(self, encoded: dict, limits=None) -> Carry:
        """Prepares to decode B sources.

        Args:
            encoded: what the model's encoder made of them.
            limits: int (B,), the most tokens for each, its end included, between 1 and
                `max_length`; None takes `max_length` for all.
        """
        context, state = self.decoder.initial(encoded, self.max_length)
        sources = ops.shape(encoded["mask"])[0]
        if limits is None:
            limits = ops.full((sources,), self.max_length, dtype="int32")
        limits = ops.clip(ops.cast(limits, "int32"), 1, self.max_length)
        return Carry(
            context=context,
            limits=limits,
            step=ops.zeros((), dtype="int32"),
            tokens=ops.full((sources * self.search.width,), self.special.start, dtype="int32"),
            state=repeat(state, self.search.width),
            search=self.search.start(self._problem(limits)),
        )

    def run(self, carry: Carry, steps: int | None = None) -> Carry:
        """Goes on for `steps` steps, or to the end; stops early once every source is done."""
        problem = self._problem(carry.limits)
        stop = self.max_length if steps is None else carry.step + steps

        def unfinished(step, tokens, state, search):
            done = ops.all(self.search.done(search, step, problem))
            return ops.logical_and(ops.logical_not(done), step < ops.minimum(stop, self.max_length))

        def advance(step, tokens, state, search):
            made = self.decoder(
                tokens[:, None], carry.context, state, position=step, training=False
            )
            log_probs = ops.log_softmax(ops.cast(made.logits[:, 0], "float32"))
            log_probs = self._restrict(log_probs, step, carry.limits)
            choice = self.search.advance(log_probs, search, step, problem)
            after = (
                step + 1,
                choice.tokens,
                reorder(made.state, choice.parents),
                choice.state,
            )
            return tree.map_structure(_shaped_like, (step, tokens, state, search), after)

        step, tokens, state, search = tf.while_loop(
            unfinished, advance, (carry.step, carry.tokens, carry.state, carry.search)
        )
        return carry._replace(step=step, tokens=tokens, state=state, search=search)

    def finish(self, carry: Carry) -> Hypotheses:
        """Returns what was found so far, best first."""
        return self.search.finish(carry.search)

    def _problem(self, limits) -> Problem:
        return Problem(limits, self.max_length, self.special)

    def _restrict(self, log_probs, step, limits):
        """Forbids padding and start everywhere, and all but the end at a source's limit."""
        ids = ops.arange(log_probs.shape[-1], dtype="int32")
        hidden = ops.logical_or(
            ops.equal(ids, self.special.padding), ops.equal(ids, self.special.start)
        )
        last = step + 1 >= limits
        last = ops.reshape(repeat(last, self.search.width), (-1, 1))
        forbidden = ops.where(last, ops.not_equal(ids, self.special.end), hidden)
        return ops.where(forbidden, FORBIDDEN, log_probs)


def _shaped_like(before, after):
    """Gives back the static shape that gathers and reshapes may have lost."""
    after.set_shape(before.shape)
    return after
