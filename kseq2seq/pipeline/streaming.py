"""Texts as they are being written."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from kseq2seq.decoding import Loop, UnsatisfiedError, compiled, traced
from kseq2seq.decoding.unsatisfied import too_many
from kseq2seq.special_tokens import REPLACEMENT


class Stream(Iterator[str]):
    """An iterator over one target while it is being generated: each time all of it so far.

    Args:
        written: a generator of the texts, which returns whether the target is finished.
        finished: of a target that is known from the start, without a text.

    Attributes:
        finished: after the last text, whether the target is finished: False if it was cut at its
            limit, as in `Prediction`. None before.

    Example:
        >>> from kseq2seq.pipeline import Stream
        >>> stream = Stream(iter([]), finished=True)
        >>> list(stream), stream.finished
        ([], True)
    """

    def __init__(self, written: Iterator[str], finished: bool | None = None):
        self._written = written
        self.finished = finished

    def __next__(self) -> str:
        """Computes steps until there is more to show."""
        try:
            return next(self._written)
        except StopIteration as end:
            if end.value is not None:
                self.finished = end.value
            raise

    def close(self) -> None:
        """Ends the iterator; nothing more is computed."""
        self._written = iter(())


def stream_text(
    model: Any, loop: Loop, tensors: dict, read: Callable[[Any], list[str]]
) -> Generator[str, None, bool]:
    """Yields the text of one target so far, after each step that adds to it.

    A character is held back until all of its bytes are there.

    Args:
        model: encodes the source.
        loop: of `prepare`.
        tensors: of `prepare`, for one source.
        read: ids (1, T) -> a text.

    Returns:
        Whether the target is finished.

    Raises:
        UnsatisfiedError: at the end, if the filters leave no target.
    """
    start, run, finish, done = compiled(loop, ("stream",), lambda: _graphs(model, loop))
    carry, shown = start(tensors), ""
    while not done(carry):
        carry = run(carry)
        (text,) = read(carry.live.ids[:1])  # of (1, L), the best row
        # Bytes that can't be read yet may be completed by later ones; at the end they are shown.
        text = text.rstrip(REPLACEMENT)
        if text != shown:
            shown = text
            yield text
    hypotheses = finish(carry)
    if not hypotheses.lengths[0, 0]:
        raise UnsatisfiedError([0], 1, "text", too_many(loop, tensors))
    (text,) = read(hypotheses.ids[:, 0])
    if text != shown:
        yield text
    return bool(hypotheses.finished[0, 0])


def _graphs(model: Any, loop: Loop) -> tuple:
    """The parts of a loop as graphs; a step is `run` for one token."""

    def start(tensors):
        return loop.begin(model.encoder(tensors["source"], training=False), tensors)

    def run(carry):
        return loop.run(carry, 1)

    return tuple(map(traced, (start, run, loop.finish, loop.done)))
