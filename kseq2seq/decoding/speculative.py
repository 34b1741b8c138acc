"""A small model that writes ahead, and a large one that checks it."""

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

    A draft model writes `ahead` tokens; the model runs over all of them at once. For as long as
    what is then chosen is what the draft wrote, its next log-probabilities are there already. At
    the first difference the draft starts again from what was chosen. The output is that of the
    model alone, whatever the draft is worth; only the speed depends on it.

    Wherever `decode` takes a model it takes this. It pays for greedy search and one source at a
    time: a batch goes on together, so it is held up by the source whose draft is worst, and a beam
    moves hypotheses about, and what was written ahead with them. A model whose decoder can't take
    several steps at once, or can't take some back (a recurrent one), gives the same output but
    gains nothing.

    Args:
        model: the `Seq2Seq` to decode with.
        draft: a smaller and faster one with the same source and target ids.
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
        >>> source = {"source": ids, "source_mask": ids != 0}
        >>> both = decode(Speculative(large, small), source, max_length=9)
        >>> bool(np.all(both.ids == decode(large, source, max_length=9).ids))
        True

    Source:
        Stern et al. 2018; Leviathan et al. 2023, section 2. What is accepted is what any search
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
                f"`ahead`={ahead} tokens are more than the models have positions for. Take fewer, "
                "or build the models with more `max_positions`."
            )


class _Checked(Decoder):
    """Gives out the model's steps over a block of tokens: one that was chosen and some guessed.

    The state holds the block's tokens, what the model made of each, how many of them were used,
    and both decoders' states after each.
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
        # guesses reach further than targets do
        self.max_positions = None if longest is None else longest - ahead

    def initial(self, encoded, length=0):
        """See `Decoder`; the caches reach as far as a guess may."""
        reach = length + self.ahead + 1 if length else 0
        context, state = self.model.initial(encoded["models"][0], reach)
        if not length:
            return {"model": context}, {"model": state}
        draft_context, draft_state = self.draft.initial(encoded["models"][1], reach)
        contexts = {"model": context, "draft": draft_context}
        rows, size = ops.shape(encoded["mask"])[0], self.ahead + 1
        tokens = ops.full((rows, 1), self.padding, dtype="int32")
        first = self.model(tokens, context, state, training=False)  # for its shapes alone
        made = {"logits": first.logits, "hidden": first.hidden, "alignment": first.alignment}
        block = {name: x for name, x in made.items() if x is not None}
        return contexts, {
            **tree.map_structure(lambda x: ops.repeat(ops.zeros_like(x), size, axis=1), block),
            "tokens": ops.repeat(tokens, size, axis=1),
            "used": ops.full((rows,), size, dtype="int32"),  # all: the first step fills the block
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
        if "tokens" not in state:
            made = self.model(
                tokens, context["model"], state["model"], position=position, training=training
            )
            return made._replace(state={"model": made.state})
        used, token = state["used"][0], tokens[:, 0]
        guessed = ops.take(state["tokens"], ops.minimum(used, self.ahead), axis=1)
        # a source that has its end is given padding, which is no matter
        right = ops.logical_or(ops.equal(token, guessed), ops.equal(token, self.padding))
        known = ops.logical_and(used <= self.ahead, ops.all(right))
        block = ops.cond(
            known,
            lambda: state,
            lambda: self._filled(token, context, state, position, used),
        )
        place = block["used"][0]
        logits, hidden, alignment = (
            ops.take(block[name], place, axis=1)[:, None] if name in block else None
            for name in ("logits", "hidden", "alignment")
        )
        return Step(logits, hidden, alignment, {**block, "used": block["used"] + 1})

    def _filled(self, token, context, state, position, used):
        """A new block, from the token that was chosen; none of it used."""
        before = _at(self.draft, state["draft"], used)
        guesses, drafts = [token], []
        for offset in range(self.ahead + 1):
            made = self.draft(
                guesses[-1][:, None],
                context["draft"],
                before,
                position=position + offset,
                training=False,
            )
            before = made.state
            drafts.append(before)
            guesses.append(likeliest(made.logits[:, 0]))
        guesses = guesses[:-1]
        made, states = self._checked(guesses, context["model"], state["model"], position, used)
        block = {"logits": made.logits, "hidden": made.hidden, "alignment": made.alignment}
        return {
            **{name: x for name, x in block.items() if x is not None},
            "tokens": ops.stack(guesses, axis=1),
            "used": ops.zeros_like(state["used"]),
            "model": _history(self.model, states),
            "draft": _history(self.draft, drafts),
        }

    def _checked(self, tokens, context, history, position, used):
        """What the model makes of a block, and its states after each token."""
        state = _at(self.model, history, used)
        if self.model.rewinds:
            tokens = ops.stack(tokens, axis=1)
            made = self.model(tokens, context, state, position=position, training=False)
            return made, [made.state]
        steps, states = [], []
        for offset, token in enumerate(tokens):
            made = self.model(
                token[:, None], context, state, position=position + offset, training=False
            )
            state = made.state
            steps.append(made)
            states.append(state)
        joined: list[Any] = [
            None if parts[0] is None else ops.concatenate(parts, axis=1)
            for parts in zip(*(step[:3] for step in steps), strict=True)
        ]
        return Step(*joined, state), states


def _history(decoder, states):
    """States after each token of a block, side by side; the last alone if it rewinds."""
    if decoder.rewinds:
        return states[-1]
    return tree.map_structure(lambda *leaves: ops.stack(leaves, axis=1), *states)


def _at(decoder, history, used):
    """The state after the first `used` tokens of a block."""
    if decoder.rewinds:
        return history
    return tree.map_structure(lambda leaf: ops.take(leaf, used - 1, axis=1), history)
