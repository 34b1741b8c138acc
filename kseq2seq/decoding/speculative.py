"""Speculative decoding: a small model writes ahead, and a large one checks it."""

from __future__ import annotations

from typing import Any

from keras import ops, tree

from kseq2seq.checks import check_whole
from kseq2seq.decoders import Decoder, Step
from kseq2seq.decoding.ensemble import Several, least
from kseq2seq.decoding.tensors import likeliest
from kseq2seq.models import Seq2Seq
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens

MOST_AHEAD = 64  # steps of the draft, each of which is written out in the graph


class Speculative(Several):
    """Decodes as `model` does, in fewer of its steps.

    A draft model writes `ahead` tokens, and the model runs over all of them at once. As long as
    the search chooses what the draft wrote, the model's next log-probabilities are there already.
    At the first difference the draft starts again from the chosen token. The output is that of the
    model alone, however good the draft is; only the speed depends on it.

    `decode` takes a `Speculative` wherever it takes a model. It pays off for greedy search and one
    source at a time: a batch continues together, so the source with the worst draft holds it up,
    and a beam moves hypotheses to other rows. A model whose decoder can't take several steps at
    once or take steps back, for example a recurrent one, gives the same output but gains nothing.

    Args:
        model: the `Seq2Seq` to decode with.
        draft: a smaller and faster model with the same source and target ids.
        ahead: tokens the draft writes at a time, at least 1 and at most 64.
        special: the target's ids that are not text.

    Raises:
        ValueError: if the models' ids differ, or `ahead` is out of range.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Speculative, build_model, decode
        >>> large = build_model("transformer", 20, 20, hidden_dim=8, num_layers=1, num_heads=2)
        >>> small = build_model("gru", 20, 20, hidden_dim=8)
        >>> ids = np.array([[7, 8, 2]])
        >>> both = decode(Speculative(large, small), ids, max_length=9)
        >>> bool(np.all(both.ids == decode(large, ids, max_length=9).ids))
        True

    Source:
        Stern et al. 2018; Leviathan et al. 2023, section 2. Tokens are accepted that the search
        chose from the model's own probabilities, so no rule of acceptance is needed.
    """

    def __init__(
        self,
        model: Seq2Seq,
        draft: Seq2Seq,
        ahead: int = 4,
        special: SpecialTokens = SPECIAL_TOKENS,
    ):
        super().__init__([model, draft])
        check_whole("ahead", ahead, most=MOST_AHEAD)
        self.special = special
        self.decoder = _Checked(model.decoder, draft.decoder, ahead, special)
        longest = self.decoder.max_positions
        if longest is not None and longest < 1:
            raise ValueError(
                f"`ahead`={ahead} tokens are more than the models have positions for. Lower it, "
                "or build the models with more `max_positions`."
            )


class _Checked(Decoder):
    """Gives out the model's steps over a block of tokens: a chosen one and `ahead` guesses.

    The state holds, for K = ahead + 1 tokens of each row: "tokens" (rows, K), the model's "logits",
    "hidden" and "alignment" of each (rows, K, ...), how many of them were "used" (rows,), the same
    in all rows, and the states of both decoders after each token.
    """

    def __init__(self, model: Decoder, draft: Decoder, ahead: int, special: SpecialTokens):
        super().__init__(dtype=model.dtype_policy, name="speculative", autocast=False)
        self.model, self.draft = model, draft
        self.ahead = ahead
        self.padding = special.padding
        self.vocabulary_size = model.vocabulary_size
        self.hidden_width = model.hidden_width
        self.follows_source = model.follows_source or draft.follows_source
        longest = least(one.max_positions for one in (model, draft))
        # guesses reach beyond the end of a target
        self.max_positions = None if longest is None else longest - ahead

    def initial(self, encoded, length=0):
        """See `Decoder`; the caches have room for the guesses too."""
        reach = length + self.ahead + 1 if length else 0
        context, state = self.model.initial(encoded["models"][0], reach)
        if not length:
            return {"model": context}, {"model": state}
        draft_context, draft_state = self.draft.initial(encoded["models"][1], reach)
        contexts = {"model": context, "draft": draft_context}
        rows, size = ops.shape(encoded["mask"])[0], self.ahead + 1
        tokens = ops.full((rows, 1), self.padding, dtype="int32")
        first = self.model(tokens, context, state, training=False)  # for its shapes alone
        empty = tree.map_structure(
            lambda x: ops.repeat(ops.zeros_like(x), size, axis=1), _outputs(first)
        )
        return contexts, {
            **empty,
            "tokens": ops.repeat(tokens, size, axis=1),
            "used": ops.full((rows,), size, dtype="int32"),  # all, so the first step makes a block
            "model": _history(self.model, [state] * size),
            "draft": _history(self.draft, [draft_state] * size),
        }

    def grow(self, state, length):
        """See `Decoder`."""
        reach = length + self.ahead + 1
        model, draft = (
            self.model.grow(state["model"], reach),
            self.draft.grow(state["draft"], reach),
        )
        return {**state, "model": model, "draft": draft}

    def call(self, tokens, context, state, position=0, training=None):
        """See `Decoder`."""
        if "tokens" not in state:  # no cache: all steps of a known target at once
            step = self.model(
                tokens, context["model"], state["model"], position=position, training=training
            )
            return step._replace(state={"model": step.state})
        # 1. Is the chosen token (rows,) the block's next guess, in every row? A source that has
        # ended is given padding, whose outputs do not matter.
        used, token = state["used"][0], tokens[:, 0]
        guess = ops.take(state["tokens"], ops.minimum(used, self.ahead), axis=1)
        right = ops.logical_or(ops.equal(token, guess), ops.equal(token, self.padding))
        known = ops.logical_and(used <= self.ahead, ops.all(right))
        # 2. If not, or if all of the block is used, a new block starts with the chosen token.
        block = ops.cond(
            known,
            lambda: state,
            lambda: self._new_block(token, context, state, position, used),
        )
        # 3. What the model made of the token is in the block: (rows, K, ...) -> (rows, 1, ...).
        index = block["used"][0]
        logits, hidden, alignment = (
            ops.take(block[name], index, axis=1)[:, None] if name in block else None
            for name in ("logits", "hidden", "alignment")
        )
        return Step(logits, hidden, alignment, {**block, "used": block["used"] + 1})

    def _new_block(self, token, context, state, position, used):
        """A block that starts with the chosen token (rows,); none of it used."""
        # 1. The draft guesses, one token at a time, from its state after the tokens that were used.
        # It runs over the last guess too, for its state after that.
        before = _at(self.draft, state["draft"], used)
        guesses, draft_states = [token], []
        for offset in range(self.ahead + 1):
            step = self.draft(
                guesses[-1][:, None],
                context["draft"],
                before,
                position=position + offset,
                training=False,
            )
            before = step.state
            draft_states.append(before)
            guesses.append(likeliest(step.logits[:, 0]))
        guesses = guesses[:-1]
        # 2. The model runs over the block.
        step, states = self._check(guesses, context["model"], state["model"], position, used)
        return {
            **_outputs(step),
            "tokens": ops.stack(guesses, axis=1),
            "used": ops.zeros_like(state["used"]),
            "model": _history(self.model, states),
            "draft": _history(self.draft, draft_states),
        }

    def _check(self, tokens, context, history, position, used):
        """The model's outputs (rows, K, ...) of a block, and its states after each token."""
        state = _at(self.model, history, used)
        if self.model.rewinds:
            tokens = ops.stack(tokens, axis=1)
            step = self.model(tokens, context, state, position=position, training=False)
            return step, [step.state]
        steps, states = [], []
        for offset, token in enumerate(tokens):
            step = self.model(
                token[:, None], context, state, position=position + offset, training=False
            )
            state = step.state
            steps.append(step)
            states.append(state)
        joined: list[Any] = [
            None if parts[0] is None else ops.concatenate(parts, axis=1)
            for parts in zip(*(step[:3] for step in steps), strict=True)
        ]
        return Step(*joined, state), states


def _outputs(step):
    """What the model made of tokens, by name, without what it does not have."""
    outputs = {"logits": step.logits, "hidden": step.hidden, "alignment": step.alignment}
    return {name: x for name, x in outputs.items() if x is not None}


def _history(decoder, states):
    """The states after each token, stacked on axis 1; the last alone if the decoder rewinds."""
    if decoder.rewinds:
        return states[-1]
    return tree.map_structure(lambda *leaves: ops.stack(leaves, axis=1), *states)


def _at(decoder, history, used):
    """The state after the first `used` tokens of a block."""
    if decoder.rewinds:
        return history
    return tree.map_structure(lambda leaf: ops.take(leaf, used - 1, axis=1), history)
