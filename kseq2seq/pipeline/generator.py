"""Raw in, raw out: what a pipeline generates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import numpy as np

from kseq2seq.checks import check_whole
from kseq2seq.contracts import Source, Target
from kseq2seq.decoding import (
    Beam,
    Ensemble,
    Filter,
    Greedy,
    Search,
    Speculative,
    UnsatisfiedError,
    decode,
    prepare,
    seeds_of,
)
from kseq2seq.decoding.decode import HINTS
from kseq2seq.decoding.requests import check_filters, check_search
from kseq2seq.decoding.search import keywords
from kseq2seq.models import BuiltModel
from kseq2seq.pipeline.matching import check_parts
from kseq2seq.pipeline.prediction import Prediction, joined, predictions
from kseq2seq.pipeline.raws import Parts, chosen_too_long, fitting_parts, raw_graphs
from kseq2seq.pipeline.streaming import Stream, stream_text
from kseq2seq.pipeline.unknown import with_source_words

MOST_WORKERS = 256

Item = TypeVar("Item")
Result = TypeVar("Result")


class Generator:
    """A model with its source, its target and its search, which generates.

    `Pipeline`, the public class, adds how it is scored, saved and exported.
    """

    def __init__(
        self,
        model: BuiltModel | Ensemble | Speculative,
        source: Source,
        target: Target,
        search: Search | str | None = None,
    ):
        check_parts(model, source, target)
        self.model = model
        self.source = source
        self.target = target
        default = Beam() if hasattr(model, "decoder") else Greedy()
        self.search = default if search is None else check_search(search)

    @keywords(HINTS)
    def __call__(
        self,
        texts: Any,
        *,
        search: Search | str | None = None,
        max_length: int | None = None,
        filters: Sequence[Filter] = (),
        unsatisfied: str = "error",
        seed: Any = 0,
        alignments: bool = False,
        replace_unknown: bool = False,
        too_long: str | None = None,
        batch_size: int = 64,
        workers: int = 1,
    ) -> list[Prediction]:
        """Generates a target for each text.

        Args:
            texts: one text, or several.
            search: in place of the pipeline's own: a `Search`, or its name, for example "beam".
            max_length: the most tokens of a target in this call, its end included;
                `target.max_length` by default. A larger number compiles anew.
            filters: rules about next tokens; see `kseq2seq.decoding.Filter`. Filters that treat
                sources differently have a row for each text. `phrases` makes ids of words.
            unsatisfied: what happens to a text for which the filters leave no target: "error" or
                "partial"; see `decode`.
            seed: for searches that draw at random: a whole number, or one for each text. A text's
                draws depend on it and on the text's place among `texts`, not on `batch_size`.
            alignments: also return the attention of each target token to the source.
            replace_unknown: in the best text, replace each unknown token by the source word that
                the model attended to most; needs a model with attention.
            too_long: what happens to a text of more than `source.max_length` tokens: "error";
                "split" at the ends of its sentences (scores then add up, and there are no
                alternatives and no alignment); or "cut", with a warning that counts such texts.
                `source.too_long` by default.
            batch_size: how many texts are decoded together, at most.
            workers: how many batches are decoded at once, each on a thread of its own. The matrix
                products of a step are too small to fill several cores, so on a CPU two workers are
                faster than one; a GPU is filled by one.

        Returns:
            A `Prediction` for each text, in their order.

        Raises:
            TypeError: if `texts` holds anything but strings.
            ValueError: if a text, or a sentence of it, is too long, or holds a lone surrogate.
            UnsatisfiedError: a ValueError, if the filters leave a text no target, those of the
                source included.
        """
        check_whole("batch_size", batch_size)
        check_whole("workers", workers, most=MOST_WORKERS)
        search = self.search if search is None else check_search(search)
        # 1. N raws, of which those that are too long are split into parts.
        raws = self.source.several(texts)
        too_long = chosen_too_long(self.source, too_long)
        graphs = raw_graphs(self, too_long)
        parts = fitting_parts(graphs, self.source, raws, too_long)
        filters = (*self._filters(), *(check_filters(filters) if filters else ()))
        _check_rows(filters, parts, self.source.noun)
        seeds = parts.seeds(seeds_of(seed, len(raws)).numpy().tolist())
        longest, limit = _lengths(self.target.max_length, max_length)

        # 2. A batch of B parts: the model's inputs (B, S, ...), ids (B, N, L), texts.
        def generate(batch: list[int]) -> list[Prediction]:
            of_batch = [parts.raws[index] for index in batch]
            inputs = graphs.inputs(of_batch)
            try:
                decoded = decode(
                    self.model,
                    inputs,
                    search,
                    max_length=longest,
                    limits=None if limit is None else [limit] * len(batch),
                    filters=[rule.of(batch) for rule in filters],
                    unsatisfied=unsatisfied,
                    seed=[seeds[index] for index in batch],
                    special=self.target.special,
                    alignments=alignments or replace_unknown,
                )
            except UnsatisfiedError as error:
                which = sorted(batch[row] for row in error.sources)
                least = {batch[row]: tokens for row, tokens in error.least.items()}
                noun = self.source.noun.lower()
                raise UnsatisfiedError(which, len(raws), noun, least) from None
            rows = predictions(self, inputs, decoded, partial(graphs.read, raws=of_batch))
            if replace_unknown:
                best = decoded.ids[:, 0].numpy()
                rows = [
                    with_source_words(self, parts.raws[index], row, ids)
                    for index, row, ids in zip(batch, rows, best, strict=True)
                ]
            return rows

        # 3. All batches; the predictions of a raw's parts become one.
        results = iter(in_batches(generate, parts, batch_size, workers))
        return [joined([next(results) for _ in range(n)], self.target) for n in parts.counts]

    def texts(self, texts: Any, **options: Any) -> list[str]:
        """Returns only the best text for each of `texts`, one or several; options as for a call."""
        return [prediction.text for prediction in self(texts, **options)]

    def phrases(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the target ids of words or phrases, as filters take them.

        A tokenizer may cut a word in other ways too, for example inside a longer one. A filter
        forbids or requires the ids that are returned here, and no others.

        Args:
            texts: a list of raw words or phrases.

        Raises:
            TypeError: if one is not a string.
            ValueError: if one has no token, or `texts` is not a list.
        """
        return self.target.phrases(texts)

    @keywords(HINTS)
    def stream(
        self,
        text: Any,
        *,
        search: Search | str | None = None,
        max_length: int | None = None,
        filters: Sequence[Filter] = (),
        seed: int = 0,
    ) -> Stream:
        """Yields the target while it is being generated: each time all of it so far.

        A step is computed only when the next text is asked for. A character is held back until
        all of its bytes are there. A search with several hypotheses shows the best at the time, so
        a text need not begin with the one before.

        Args:
            text: one raw text.
            search: `Greedy()` by default, whatever the search of the pipeline.
            max_length: as for a call.
            filters: as for a call.
            seed: as for a call.

        Returns:
            A `Stream`, an iterator; afterwards its `finished` is False if the target was cut.

        Raises:
            ValueError: if the text is too long.
            UnsatisfiedError: a ValueError, at the end of the stream, if the filters leave no
                target.

        Example:
            ::

                stream = pipeline.stream("A long sentence.")
                for written in stream:
                    print(written, flush=True)
                if not stream.finished:
                    print("... and here it was cut.")
        """
        (raw,) = self.source.several([text])
        too_long = "cut" if self.source.too_long == "cut" else "error"
        graphs = raw_graphs(self, too_long)
        parts = fitting_parts(graphs, self.source, [raw], too_long)
        longest, limit = _lengths(self.target.max_length, max_length)
        loop, tensors = prepare(
            self.model,
            graphs.inputs([raw]),
            Greedy() if search is None else check_search(search),
            max_length=longest,
            limits=None if limit is None else [limit],
            filters=(*self._filters(), *check_filters(filters)),
            seed=seed,
            special=self.target.special,
        )
        if parts.empty[0]:
            return Stream(iter(()), finished=True)
        read = partial(graphs.read, raws=[raw])
        return Stream(stream_text(self.model, loop, tensors, read))

    def _filters(self) -> tuple[Filter, ...]:
        """The filters that the source asks for; a model without a decoder has none."""
        return self.source.filters(self.target) if hasattr(self.model, "decoder") else ()


def in_batches(
    generate: Callable[[list[int]], list[Prediction]], parts: Parts, batch_size: int, workers: int
) -> list[Prediction]:
    """Returns a prediction for each part, in their order.

    Args:
        generate: the indices of some parts -> their predictions.
        parts: what to decode. Parts of similar length are decoded together, empty ones not at all.
        batch_size: how many parts at once, at most.
        workers: how many batches at once.
    """
    results = {index: Prediction("", 0.0) for index in np.flatnonzero(parts.empty).tolist()}
    order = np.argsort(parts.lengths, kind="stable").tolist()
    order = [index for index in order if index not in results]
    batches = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
    batches.reverse()  # the longest first, so that no worker has to run one alone at the end
    for batch, rows in zip(batches, in_parallel(generate, batches, workers), strict=True):
        results.update(zip(batch, rows, strict=True))
    return [results[index] for index in range(len(parts.raws))]


def in_parallel(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Yields the result of a function for each item, in their order.

    One worker is the caller's own thread, with its devices and strategies. If an item fails, no
    further one is begun.

    Example:
        >>> from kseq2seq.pipeline.generator import in_parallel
        >>> list(in_parallel(str.upper, ["a", "b", "c"], workers=2))
        ['A', 'B', 'C']
    """
    if workers == 1:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)


def _check_rows(filters: Sequence[Filter], parts: Parts, noun: str) -> None:
    """Refuses filters with rows, if a raw was split or there is not one row for each raw."""
    rules = [rule for rule in filters if rule.of_sources]
    if rules and len(parts.raws) != len(parts.counts):
        raise ValueError(
            "A text was split, so the rows of a filter do not match the parts; split the texts "
            "yourself, and give the filter a row for each part."
        )
    for rule in rules:
        if other := {len(rows) for rows in rule.given().values()} - {len(parts.raws)}:
            raise ValueError(
                f"{type(rule).__name__} is for {other.pop()} {noun.lower()}s, but there are "
                f"{len(parts.raws)}. Give it a row for each {noun.lower()}."
            )


def _lengths(usual: int, asked: int | None) -> tuple[int, int | None]:
    """Returns the length that a loop is compiled for, and the limit of targets if it is shorter."""
    if asked is None:
        return usual, None
    asked = check_whole("max_length", asked)
    return (usual, asked) if asked < usual else (asked, None)
