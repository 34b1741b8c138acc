"""What a decoding needs of memory, refused before it begins where there is not as much."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from keras import tree

from kseq2seq.memory import check_memory

if TYPE_CHECKING:
    from kseq2seq.decoding.loop import Loop

COPIES = 4  # of the log-probabilities: logits, what filters leave, totals, their order


def check_need(loop: Loop, sources: int | None, places: int | None, state: Any = None) -> None:
    """Refuses to decode where memory would not do.

    What is counted is a lower bound: for each hypothesis the log-probabilities of all ids, a few
    times, its tokens, and what the decoder and the search keep of it.

    Args:
        loop: the decoding.
        sources: B; None, which an export may have, counts as 1.
        places: S, of a source; None counts as 1.
        state: the decoder's, of B rows, once it is known.

    Raises:
        ValueError: it needs more than `kseq2seq.memory.available_memory()`.
    """
    search, decoder, length = loop.search, loop.decoder, loop.max_length
    sources, places, width = sources or 1, places or 1, search.width
    vocabulary = decoder.vocabulary_size
    carried = 2 * sum(map(_row_bytes, tree.flatten(state))) if state is not None else 0
    each = 4 * COPIES * vocabulary + 12 * length + carried
    if getattr(search, "coverage_penalty", None) is not None and search.uses("coverage_penalty"):
        each += 8 * places
    of_source = width * each + search.footprint(vocabulary, length, decoder.hidden_width)
    if search.uses_banks and any(rule.banks for rule in loop.filters):
        likely = min(2 * width, vocabulary)  # of each hypothesis, compared with the furthest
        of_source += width * likely * (likely + 80)
    check_memory(
        sources * of_source,
        f"{type(search).__name__} over {sources:,} sources x {width:,} hypotheses, each with "
        f"{vocabulary:,} log-probabilities and up to {length:,} tokens,",
        "Decode fewer sources at a time, keep fewer hypotheses, or lower `max_length`.",
    )


def _row_bytes(leaf: Any) -> int:
    """How much a row of a tensor takes; sizes that are not known count as 1."""
    if leaf is None:
        return 0
    size = getattr(leaf.dtype, "size", None) or 4
    return size * prod(size or 1 for size in leaf.shape[1:])
