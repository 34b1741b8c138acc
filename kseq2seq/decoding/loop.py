"""The autoregressive loop, one for every decoder, search and filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from keras import ops, tree

from kseq2seq.checks import check_whole
from kseq2seq.decoders import Decoder
from kseq2seq.decoding.filters import Filter
from kseq2seq.decoding.requests import check_filters, check_need, check_search
from kseq2seq.decoding.search import Candidates, Hypotheses, Live, Request, Search
from kseq2seq.decoding.sources import ids_of, units_of
from kseq2seq.decoding.tensors import NEVER, log_softmax, possible, reorder, repeat
from kseq2seq.deprecation import renamed_attributes
from kseq2seq.special_tokens import SPECIAL_TOKENS, SpecialTokens

MOST_TOKENS = 2**20  # of a target


class Carry(NamedTuple):
    """The state of a decoding in progress; pass it to `Loop.run` to continue.

    Attributes:
        context: the decoder's, of B rows; constant.
        constants: the sources' own tensors, and the inputs of search and filters; constant.
        live: the hypotheses, of B * N rows.
        state: the decoder's, of B * N rows.
        search: the search's own.
        filters: each filter's own, of B * N rows.
    """

    context: Any
    constants: Any
    live: Live
    state: Any
    search: Any
    filters: Any


Carry.__getattr__ = renamed_attributes(given="constants")  # type: ignore[attr-defined]


class Loop:
    """Decodes step by step: `start` once, `run` as often as needed, then `finish`.

    The loop alone owns the `while`, the float32 log-softmax, the tokens so far, the end at the
    limit, and the reordering of everything that belongs to a hypothesis. All three methods can be
    traced by `tf.function`, with or without XLA.

    Args:
        decoder: the `Decoder` to step.
        search: the `Search` that picks tokens.
        max_length: the most tokens a target may have, its end included; also the cache's size.
        special: the ids that are not text.
        filters: rules about next tokens, in the order they run.
        partial: if True, hypotheses may end with constraints unmet, and end when no token is
            allowed.

    Raises:
        ValueError: if the search or a filter makes no sense for the decoder.

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
        search: Search | str,
        max_length: int,
        special: SpecialTokens = SPECIAL_TOKENS,
        filters: Sequence[Filter] = (),
        partial: bool = False,
    ):
        search = check_search(search)
        longest = decoder.max_positions
        max_length = check_whole("max_length", max_length, most=MOST_TOKENS)
        if longest is not None and max_length > longest:
            raise ValueError(
                f"`max_length`={max_length}, but this model has learned positions for {longest} "
                f"tokens. Pass at most {longest}, or build it with more `max_positions`."
            )
        self.decoder = decoder
        self.search = search
        self.num_hypotheses = search.num_hypotheses
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
        """What the loop's graphs depend on, apart from the decoder."""
        keys = tuple(rule.key for rule in self.filters)
        return self.search.key, self.max_length, self.special, keys, self.partial

    def partly(self) -> Loop:
        """Returns the same loop, but `partial`."""
        same = self.decoder, self.search, self.max_length, self.special, self.filters
        return Loop(*same, partial=True)

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
            source: int (B, S), the ids that the encoder was given, for filters that use them.
            units: int (B,), how many units of each source are real, for filters that compare
                lengths; None counts the positions of the encoded source.
            seeds: int (B,), for searches that draw at random; None takes 0, 1, 2...
            given: what each filter's `given` returned; None calls them.
            numbers: what the search's `given` returned; None compiles its settings in.
            room: steps that the caches hold, until `grow`; None takes `max_length`.
        """
        # 1. The decoder's context (B, ...) and state (B, ...), if memory holds them.
        sizes = encoded["mask"].shape
        self._check_need(*sizes)
        context, state = self.decoder.initial(encoded, room or self.max_length)
        self._check_need(*sizes, state)

        # 2. The constants: what belongs to the sources, and the inputs of search and filters.
        mask, sources = encoded["mask"], ops.shape(encoded["mask"])[0]
        if limits is None:
            limits = ops.full((sources,), self.max_length, dtype="int32")
        of_sources = {
            "limits": ops.clip(ops.cast(limits, "int32"), 1, self.max_length),
            "mask": mask,
            "units": ops.sum(ops.cast(mask, "int32"), axis=1) if units is None else units,
            "seeds": ops.arange(sources, dtype="int32") if seeds is None else seeds,
        }
        if source is not None:
            of_sources["source"] = source
        if any(rule.needs_encoded for rule in self.filters):
            of_sources["encoded"] = _for_filters(encoded)
        given = [rule.given() for rule in self.filters] if given is None else given
        constants = {
            "sources": of_sources,
            "filters": tree.map_structure(tf.convert_to_tensor, list(given)),
            "search": tree.map_structure(tf.convert_to_tensor, numbers or {}),
        }

        # 3. N hypotheses for each source, all of them the start token: rows are B * N from here.
        request, rows = self._request(constants), sources * self.num_hypotheses
        prepared = self._prepared(constants, request)
        return Carry(
            context=context,
            constants=constants,
            live=Live(
                step=ops.zeros((), dtype="int32"),
                ids=ops.full((rows, self.max_length), self.special.padding, dtype="int32"),
                tokens=ops.full((rows,), self.special.start, dtype="int32"),
            ),
            state=repeat(state, self.num_hypotheses),
            search=self._search(constants).start(request),
            filters=[
                rule.start(own, request) for rule, own in zip(self.filters, prepared, strict=True)
            ],
        )

    def begin(self, encoded: dict, tensors: dict, room: int | None = None) -> Carry:
        """Returns what `start` does, for encoded sources and the tensors of `prepare`."""
        source = tensors["source"]
        rest = {name: x for name, x in tensors.items() if name != "source"}
        return self.start(encoded, source=ids_of(source), units=units_of(source), room=room, **rest)

    def run(self, carry: Carry, steps: Any = None, left: Any = 0) -> Carry:
        """Runs `steps` steps, or to the end; stops early once all but `left` sources are done."""
        request, searching = self._request(carry.constants), self._search(carry.constants)
        prepared = self._prepared(carry.constants, request)
        stop = self.max_length if steps is None else carry.live.step + steps
        stop = ops.minimum(stop, self.max_length)

        def unfinished(live, state, search, filters):
            going = ops.logical_not(searching.done(search, request))
            return ops.logical_and(ops.sum(ops.cast(going, "int32")) > left, live.step < stop)

        def advance(live, state, search, filters):
            # 1. One step of the decoder, from the last tokens (B * N, 1) to logits (B * N, 1, V).
            tokens = live.tokens[:, None]
            step = self.decoder(tokens, carry.context, state, position=live.step, training=False)
            # 2. The candidates: log-probabilities (B * N, V) that the filters leave.
            candidates, filters_after = self._candidates(step, live, filters, prepared, request)
            # 3. The search chooses the next tokens (B * N,), and which row each continues.
            choice = searching.advance(candidates, live, search, request)
            # 4. All that belongs to a hypothesis moves to its row, and the token is appended.
            ids, state_after, filters_after = reorder(
                (live.ids, step.state, filters_after), choice.parents
            )
            ids = ops.slice_update(ids, (0, live.step), choice.tokens[:, None])
            live_after = Live(live.step + 1, ids, choice.tokens)
            after = (live_after, state_after, choice.state, filters_after)
            return tree.map_structure(_shaped_like, (live, state, search, filters), after)

        live, state, search, filters = tf.while_loop(
            unfinished, advance, (carry.live, carry.state, carry.search, carry.filters)
        )
        return carry._replace(live=live, state=state, search=search, filters=filters)

    def grow(self, carry: Carry, room: int) -> Carry:
        """Grows the caches until they hold `room` steps in all."""
        return carry._replace(state=self.decoder.grow(carry.state, room))

    def done_sources(self, carry: Carry) -> Any:
        """Returns bool (B,): no further step can improve what was found for a source."""
        constants = carry.constants
        done = self._search(constants).done(carry.search, self._request(constants))
        return ops.logical_or(done, carry.live.step >= self.max_length)

    def done(self, carry: Carry) -> Any:
        """Returns bool: all sources are done."""
        return ops.all(self.done_sources(carry))

    def finish(self, carry: Carry) -> Hypotheses:
        """Returns what was found so far, best first."""
        request, search = self._request(carry.constants), self._search(carry.constants)
        found = search.finish(carry.live, carry.search, request)
        if found.finished is None:
            found = found._replace(finished=found.lengths < request.limits[:, None])
        return found

    def _check_need(self, *sizes: Any) -> None:
        check_need(self.decoder, self.search, self.filters, self.max_length, *sizes)

    def _request(self, constants) -> Request:
        sources = constants["sources"]
        return Request(
            limits=sources["limits"],
            source_ids=sources.get("source"),
            units=sources["units"],
            mask=sources["mask"],
            seeds=sources["seeds"],
            max_length=self.max_length,
            num_hypotheses=self.num_hypotheses,
            vocabulary_size=self.decoder.vocabulary_size,
            hidden_dim=self.decoder.hidden_width,
            partial=self.partial,
            special=self.special,
            encoded=sources.get("encoded"),
        )

    def _search(self, constants) -> Search:
        """The search, with the numbers that are inputs of the loop."""
        numbers = constants["search"]
        return self.search.with_given(numbers) if numbers else self.search

    def _prepared(self, constants, request):
        """What each filter computes once, for all steps."""
        return [
            rule.prepare(given, request)
            for rule, given in zip(self.filters, constants["filters"], strict=True)
        ]

    def _candidates(self, step, live, states, prepared, request):
        """Returns what the search chooses from, and the filters' states."""
        # squeezed and not sliced, which TFLite would copy number by number
        logits = tf.squeeze(step.logits, 1)
        log_probs = unfiltered = log_softmax(logits)
        last = repeat(live.step + 1 >= request.limits, self.num_hypotheses)
        finished = ops.logical_or(ops.logical_not(last), self._ends(logits))

        # Each filter changes what the one before left. Those that require something sum their
        # banks; with `partial` they forbid nothing, so that requirements may stay unmet.
        states_after, banks = [], None
        for rule, state, given in zip(self.filters, states, prepared, strict=True):
            filtered, state, own = rule.apply(log_probs, live, state, given, request)
            states_after.append(state)
            if own is not None:
                banks = own if banks is None else banks + own
            if own is None or not self.partial:
                log_probs = filtered
        log_probs = self._restrict(log_probs, last)

        if self.partial:  # a hypothesis without any allowed token ends
            stuck = ops.logical_not(ops.any(possible(log_probs), axis=-1, keepdims=True))
            end = ops.equal(ops.arange(request.vocabulary_size), self.special.end)
            log_probs = ops.where(ops.logical_and(stuck, end), unfiltered, log_probs)
        alignment = None if step.alignment is None else tf.squeeze(step.alignment, 1)
        hidden = tf.squeeze(step.hidden, 1)
        return Candidates(log_probs, hidden, alignment, banks, finished), states_after

    def _ends(self, logits):
        """Returns bool (rows,): no token is likelier than the end, whatever the filters say."""
        logits = ops.cast(logits, "float32")
        # the same maximum as the log-softmax takes, so a graph computes it once
        end = logits[:, self.special.end : self.special.end + 1]
        return ops.reshape(end >= ops.max(logits, axis=-1, keepdims=True), (-1,))

    def _restrict(self, log_probs, last):
        """Forbids padding and start everywhere, and all but the end in the rows at their limit."""
        ids = ops.arange(log_probs.shape[-1], dtype="int32")
        padding, start = (ops.equal(ids, id) for id in (self.special.padding, self.special.start))
        never = ops.logical_or(padding, start)
        forbidden = ops.where(last[:, None], ops.not_equal(ids, self.special.end), never)
        return ops.where(forbidden, NEVER, log_probs)


def _for_filters(encoded):
    """Returns the part of an encoded source that filters may use, of each model."""
    if "models" in encoded:
        return {"models": [_for_filters(one) for one in encoded["models"]]}
    return {name: encoded[name] for name in ("outputs", "mask")}


def _shaped_like(before, after):
    """Restores the static shape, which gathers and reshapes may have lost."""
    after.set_shape(before.shape)
    return after
