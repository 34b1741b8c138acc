"""Many sources, decoded in batches of like length."""

from __future__ import annotations

from typing import Any

import numpy as np

from kseq2seq.contracts import Source, Target
from kseq2seq.decoding import Filter, Search, UnsatisfiedError, decode
from kseq2seq.pipeline.graphs import SourceGraphs
from kseq2seq.pipeline.prediction import Prediction, predictions
from kseq2seq.pipeline.unknown import known
from kseq2seq.pipeline.workers import in_parallel


def in_batches(
    model: Any,
    source: Source,
    target: Target,
    raws: list[Any],
    lengths: np.ndarray,
    empty: np.ndarray,
    graphs: SourceGraphs,
    search: Search,
    *,
    batch_size: int,
    workers: int,
    filters: tuple[Filter, ...],
    unsatisfied: str,
    seeds: list[int],
    alignments: bool,
    replace_unknown: bool,
) -> list[Prediction]:
    """Returns predictions in the order of the raws, none of which is too long.

    `lengths` are those of the raws, in units, and `empty` says which hold nothing; `graphs` are
    those of source and target. The other arguments, and errors, are those of a call of `Pipeline`,
    with a seed for each raw.
    """
    if not raws:
        return []
    made = {index: Prediction("", 0.0) for index in np.flatnonzero(empty).tolist()}
    order = [index for index in np.argsort(lengths, kind="stable").tolist() if index not in made]
    for rule in filters:
        counts = {len(rows) for rows in rule.given().values()} if rule.of_sources else set()
        if counts - {len(raws)}:
            raise ValueError(
                f"{type(rule).__name__} is for {counts.pop()} {source.noun.lower()}s, but there "
                f"are {len(raws)}."
            )

    def generate(batch: list[int]) -> list[Prediction]:
        inputs = graphs.inputs([raws[index] for index in batch])
        try:
            decoded = decode(
                model,
                inputs,
                search,
                max_length=target.max_length,
                filters=[rule.of(batch) for rule in filters],
                unsatisfied=unsatisfied,
                seed=[seeds[index] for index in batch],
                special=target.special,
                alignments=alignments or replace_unknown,
            )
        except UnsatisfiedError as error:
            which = sorted(batch[row] for row in error.sources)
            raise UnsatisfiedError(which, len(raws), source.noun.lower()) from None
        rows = predictions(model, source, target, inputs, decoded, graphs.read)
        if replace_unknown:
            of_batch = zip(batch, rows, decoded.ids[:, 0].numpy(), strict=True)
            rows = [known(source, target, raws[index], row, ids) for index, row, ids in of_batch]
        return rows

    # the longest first, so that no worker is left with them in the end
    batches = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
    batches.reverse()
    for batch, rows in zip(batches, in_parallel(generate, batches, workers), strict=True):
        made.update(zip(batch, rows, strict=True))
    return [made[index] for index in range(len(raws))]
