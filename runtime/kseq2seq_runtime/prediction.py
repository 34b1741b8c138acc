"""What a pipeline returns for a text, at once or while it is being generated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class _Scored(NamedTuple):
    text: str
    score: float


class Alternative(_Scored):
    """A further target of a text: a pair (text, score) that also says whether it is finished.

    Args:
        text: the target.
        score: as in `Prediction`.
        finished: as in `Prediction`.

    Example:
        >>> from kseq2seq_runtime import Alternative
        >>> text, score = Alternative("a b", -1.5, finished=False)
        >>> Alternative("a b", -1.5, finished=False).finished
        False
    """

    finished: bool | None = True

    def __new__(cls, text: str, score: float, finished: bool | None = True) -> Alternative:  # noqa: D102
        pair = super().__new__(cls, text, score)
        pair.finished = finished
        return pair


@dataclass(frozen=True)
class Prediction:
    """What a pipeline returns for one text.

    Attributes:
        text: the best target.
        score: what the search ranks by, in nats; for beam search over the length penalty.
        alternatives: further (text, score), best first, each an `Alternative`.
        finished: False if the best target was cut: its end stands at the model's limit, and
            another token was likelier there. None where the file's own search does not say (it was
            exported by an earlier version).
    """

    text: str
    score: float
    alternatives: list[tuple[str, float]] = field(default_factory=list)
    finished: bool | None = True


class Stream(Iterator[str]):
    """An iterator over one target while it is being generated: each time all of it so far.

    Attributes:
        finished: after the last text, whether the target is finished: False if it was cut at the
            model's limit. None before.
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
