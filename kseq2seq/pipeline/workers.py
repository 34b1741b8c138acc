"""The same work for several batches at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST_WORKERS = 256

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_parallel(
    function: Callable[[Given], Made], items: Iterable[Given], workers: int
) -> Iterator[Made]:
    """Yields what a function makes of each item, in their order.

    One worker is the caller's own thread, with its devices and strategies. Where an item fails,
    those that have not begun are left.

    Example:
        >>> from kseq2seq.pipeline.workers import in_parallel
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
