"""The one autoregressive loop, for every decoder, every search and every filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from keras import ops, tree

from kseq2seq.checks import check_whole
from kseq2seq.decoders import Decoder
from kseq2seq.decoding.filters import Filter
from kseq2seq.decoding.requests import check_filters, check_need, check_search
from kseq2seq.decoding.search import Extensions, Hypotheses, Live, Problem, Search
from kseq2seq.decoding.tensors import NEVER, log_softmax, possible, reorder, repeat
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens

MOST_TOKENS = 2**20  # of a target


class Carry(NamedTuple):
    """All that a decoding in progress is; give it back to `Loop.run` to go on.

    Attributes:
        context: the decoder's, of B rows; constant.
        given: what belongs to the sources, and what search and filters were given; constant.
        live: the hypotheses, of B * N rows.
        state: the decoder's, of B * N rows.
        search: the search's own.
        filters: each filter's own, of B * N rows.
    """

    context: Any
    given: Any
    live: Live
    state: Any
    search: Any
    filters: Any


class Loop:
    """Decodes step by step: `start`, then `run` as often as wanted, then `finish`.

    The loop alone owns the `while`, the float32 log-softmax, the tokens so far, the end at the
    limit and what it cuts, and the reordering of all that belongs to a hypothesis. All three
    methods can be traced by `tf.function`, with or without XLA.

    Args:
        decoder: the `Decoder` to step.
        search: the `Search` that picks tokens.
        max_length: the most tokens a target may have, its end included; also the cache's size.
        special: the ids that are not text.
        filters: rules about next tokens, in the order they run.
        partial: if True, hypotheses may end with constraints unmet, and end when no token is
            allowed.

    Raises:
        ValueError: if the search or a filter is none, or makes no sense for the decoder.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Greedy, build_model
        >>> from kseq2seq.decoding import Loop
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> ids = np.array([[7, 8, 2]])
        >>> loop = Loop(model.decoder, Greedy(), max_length=6)
        >>> carry = loop.start(model.encoder({"source": ids, "source_mask": ids != 0}))
        >>> carry = loop.run(carry, steps=2)
        >>> int(carry.live.step)
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
        filters: Sequence[Filter] = (),
        partial: bool = False,
    ):
        check_search(search)
        longest = decoder.max_positions
        max_length = check_whole("max_length", max_length, most=MOST_TOKENS)
        if longest is not None and max_length > longest:
            raise ValueError(
                f"`max_length`={max_length}, but this model has learned positions for {longest} "
                f"tokens. Pass at most {longest}, or build it with more `max_positions`."
            )
        self.decoder = decoder
        self.search = search
        self.max_length = max_length
        self.special = special
        self.filters = check_filters(filters)
        self.partial = partial
        search.check(decoder.vocabulary_size, max_length)
        for rule in self.filters:
            rule.check(decoder.vocabulary_size, max_length, special)
            if rule.banks and not search.uses_banks:
                raise ValueError(
                    f"{type(rule).__name__} needs a search that keeps partially satisfied "
                    f"hypotheses, for example Beam(4); got {search!r}."
                )

    @property
    def key(self) -> tuple:
        """What the loop's graphs depend on, beside the decoder."""
        keys = tuple(rule.key for rule in self.filters)
        return self.search.key, self.max_length, self.special, keys, self.partial

    def partly(self) -> Loop:
        """Returns the same loop, but `partial`."""
        return Loop(
            self.decoder, self.search, self.max_length, self.special, self.filters, partial=True
        )

    def start(
        self,
        encoded: dict,
        limits=None,
        *,
        source=None,
        units=None,
        seeds=None,
        given: Sequence[dict] | None = None,
        numbers: dict | None = None,
        room: int | None = None,
    ) -> Carry:
        """Prepares to decode B sources.

        Args:
            encoded: what the model's encoder made of them.
            limits: int (B,), the most tokens for each, its end included, between 1 and
                `max_length`; None takes `max_length` for all.
            source: int (B, S), the ids that the encoder was given, for filters that ask for them.
            units: int (B,), how many units of each source are real, for filters that compare
                lengths; None counts the positions of the encoded source.
            seeds: int (B,), for searches that draw at random; None takes 0, 1, 2...
            given: what each filter's `given` returned; None asks them.
            numbers: what the search's `given` returned; None leaves its settings as they are, which
                makes constants of them in a graph.
            room: steps that caches have places for, until `grow`; None takes `max_length`.
        """
        rows, places = encoded["mask"].shape
        self._check_need(rows, places)
        context, state = self.decoder.initial(encoded, room or self.max_length)
        self._check_need(rows, places, state)
        sources = ops.shape(encoded["mask"])[0]
        if limits is None:
            limits = ops.full((sources,), self.max_length, dtype="int32")
        of_sources = {
            "limits": ops.clip(ops.cast(limits, "int32"), 1, self.max_length),
            "mask": encoded["mask"],
            "units": ops.sum(ops.cast(encoded["mask"], "int32"), axis=1)
            if units is None
            else units,
            "seeds": ops.arange(sources, dtype="int32") if seeds is None else seeds,
        }
        if source is not None:
            of_sources["source"] = source
        if any(rule.needs_encoded for rule in self.filters):
            of_sources["encoded"] = _for_filters(encoded)
        given = [rule.given() for rule in self.filters] if given is None else given
        constant = {
            "sources": of_sources,
            "filters": tree.map_structure(tf.convert_to_tensor, list(given)),
            "search": tree.map_structure(tf.convert_to_tensor, numbers or {}),
        }
        search = self.search.with_given(constant["search"])
        problem = self._problem(constant)
        rows = sources * self.search.width
        live = Live(
            step=ops.zeros((), dtype="int32"),
            ids=ops.full((rows, self.max_length), self.special.padding, dtype="int32"),
            tokens=ops.full((rows,), self.special.start, dtype="int32"),
        )
        return Carry(
            context=context,
            given=constant,
            live=live,
            state=repeat(state, self.search.width),
            search=search.start(problem),
            filters=[
                rule.start(known, problem)
                for rule, known in zip(self.filters, self._prepared(constant), strict=True)
            ],
        )

    def run(self, carry: Carry, steps: Any = None, left: Any = 0) -> Carry:
        """Goes on for `steps` steps, or to the end; stops early once all but `left` are done."""
        problem, prepared = self._problem(carry.given), self._prepared(carry.given)
        chosen = self.search.with_given(carry.given["search"])
        stop = self.max_length if steps is None else carry.live.step + steps
        stop = ops.minimum(stop, self.max_length)

        def unfinished(live, state, search, filters):
            going = ops.logical_not(chosen.done(search, problem))
            return ops.logical_and(ops.sum(ops.cast(going, "int32")) > left, live.step < stop)

        def advance(live, state, search, filters):
            tokens = live.tokens[:, None]
            made = self.decoder(tokens, carry.context, state, position=live.step, training=False)
            extensions, after_filters = self._extensions(made, live, filters, prepared, problem)
            choice = chosen.advance(extensions, live, search, problem)
            ids, after_state, after_filters = reorder(
                (live.ids, made.state, after_filters), choice.parents
            )
            ids = ops.slice_update(ids, (0, live.step), choice.tokens[:, None])
            after = (Live(live.step + 1, ids, choice.tokens), after_state, choice.state)
            before = (live, state, search, filters)
            return tree.map_structure(_shaped_like, before, (*after, after_filters))

        live, state, search, filters = tf.while_loop(
            unfinished, advance, (carry.live, carry.state, carry.search, carry.filters)
        )
        return carry._replace(live=live, state=state, search=search, filters=filters)

    def grow(self, carry: Carry, room: int) -> Carry:
        """Makes place in the caches for `room` steps in all."""
        return carry._replace(state=self.decoder.grow(carry.state, room))

    def done_sources(self, carry: Carry) -> Any:
        """Returns bool (B,): no step is left that could find anything better for a source."""
        search = self.search.with_given(carry.given["search"])
        done = search.done(carry.search, self._problem(carry.given))
        return ops.logical_or(done, carry.live.step >= self.max_length)

    def done(self, carry: Carry) -> Any:
        """Returns bool: all sources are done."""
        return ops.all(self.done_sources(carry))

    def finish(self, carry: Carry) -> Hypotheses:
        """Returns what was found so far, best first."""
        search, problem = self.search.with_given(carry.given["search"]), self._problem(carry.given)
        found = search.finish(carry.live, carry.search, problem)
        if found.finished is None:
            found = found._replace(finished=found.lengths < problem.limits[:, None])
        return found

    def _check_need(self, *sizes: Any) -> None:
        check_need(self.decoder, self.search, self.filters, self.max_length, *sizes)

    def _problem(self, given) -> Problem:
        sources = given["sources"]
        return Problem(
            limits=sources["limits"],
            source=sources.get("source"),
            units=sources["units"],
            mask=sources["mask"],
            seeds=sources["seeds"],
            max_length=self.max_length,
            width=self.search.width,
            vocabulary=self.decoder.vocabulary_size,
            hidden_width=self.decoder.hidden_width,
            partial=self.partial,
            special=self.special,
            encoded=sources.get("encoded"),
        )

    def _prepared(self, constant):
        problem = self._problem(constant)
        return [
            rule.prepare(given, problem)
            for rule, given in zip(self.filters, constant["filters"], strict=True)
        ]

    def _extensions(self, made, live, states, prepared, problem):
        """Returns what the search chooses from, and the filters' states."""
        # squeezed and not sliced, which TFLite would copy number by number
        logits = tf.squeeze(made.logits, 1)
        log_probs = unfiltered = log_softmax(logits)
        last = problem.per_hypothesis(live.step + 1 >= problem.limits)
        finished = ops.logical_or(ops.logical_not(last), self._ends(logits))
        after, banks = [], None
        for rule, state, given in zip(self.filters, states, prepared, strict=True):
            left, state, own = rule.apply(log_probs, live, state, given, problem)
            after.append(state)
            if own is not None:
                banks = own if banks is None else banks + own
            if own is None or not self.partial:
                log_probs = left
        log_probs = self._restrict(log_probs, last)
        if self.partial:
            stuck = ops.logical_not(ops.any(possible(log_probs), axis=-1, keepdims=True))
            end = ops.equal(ops.arange(problem.vocabulary), self.special.end)
            log_probs = ops.where(ops.logical_and(stuck, end), unfiltered, log_probs)
        alignment = None if made.alignment is None else tf.squeeze(made.alignment, 1)
        hidden = tf.squeeze(made.hidden, 1)
        return Extensions(log_probs, hidden, alignment, banks, finished), after

    def _ends(self, logits):
        """Returns bool (rows,): no token is likelier than the end, whatever the filters say."""
        logits = ops.cast(logits, "float32")
        # the same maximum as the log-softmax takes, so a graph computes it once
        end = logits[:, self.special.end : self.special.end + 1]
        return ops.reshape(end >= ops.max(logits, axis=-1, keepdims=True), (-1,))

    def _restrict(self, log_probs, last):
        """Forbids padding and start everywhere, and all but the end in the rows at their limit."""
        ids = ops.arange(log_probs.shape[-1], dtype="int32")
        hidden = ops.logical_or(
            ops.equal(ids, self.special.padding), ops.equal(ids, self.special.start)
        )
        forbidden = ops.where(last[:, None], ops.not_equal(ids, self.special.end), hidden)
        return ops.where(forbidden, NEVER, log_probs)


def _for_filters(encoded):
    """Returns the part of an encoded source that filters may ask for, of each model."""
    if "models" in encoded:
        return {"models": [_for_filters(one) for one in encoded["models"]]}
    return {name: encoded[name] for name in ("outputs", "mask")}


def _shaped_like(before, after):
    """Gives back the static shape that gathers and reshapes may have lost."""
    after.set_shape(before.shape)
    return after
