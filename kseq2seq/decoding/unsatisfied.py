"""Sources for which filters leave no target, and what says so."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kseq2seq.decoding.loop import Loop
from kseq2seq.decoding.sources import ids_of


def too_many(loop: Loop, tensors: dict) -> dict[int, int]:
    """Returns the sources that alone ask for longer targets than their limits, and how long; eager.

    Args:
        loop: of `prepare`.
        tensors: of `prepare`.
    """
    ids, limits = ids_of(tensors["source"]), tensors["limits"]
    limits = np.asarray(loop.max_length if limits is None else limits)
    found: dict[int, int] = {}
    for rule in loop.filters if ids is not None else ():
        if (least := rule.least(ids)) is not None:
            least = np.asarray(least)
            for row in np.flatnonzero(least > limits).tolist():
                found[row] = max(found.get(row, 0), int(least[row]))
    return found


class UnsatisfiedError(ValueError):
    """Raised where filters leave sources no target.

    Args:
        sources: the indices of those sources.
        count: how many sources there are.
        what: how messages call a source.
        least: the index of each source that asks for a longer target than its limit, by what it
            holds, and the fewest tokens of its target, the end included.

    Attributes:
        sources: the indices of those sources.
        least: as above.
    """

    def __init__(
        self,
        sources: list[int],
        count: int,
        what: str = "source",
        least: Mapping[int, int] | None = None,
    ):
        self.sources = sources
        self.least = {row: tokens for row, tokens in (least or {}).items() if row in sources}
        first = sources[0]
        which = f"for {what} {first} ({len(sources)} of {count})"
        if first in self.least:
            message = (
                f"There is no target within the limit {which}: it has {self.least[first] - 1} "
                "tokens that its target must have, too, and these and the end are more than "
                "`max_length`. Raise it, split the source"
            )
        else:
            message = (
                f"The filters leave no target within the limit {which}. Loosen them, raise "
                "`max_length`, widen the beam"
            )
        super().__init__(f"{message}, or pass unsatisfied='partial'.")
