"""Reading a recording while it grows: what two passes agree on stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from kseq2seq.contracts import ArraySource
from kseq2seq.pipeline.words import Word


class Heard(NamedTuple):
    """What is known of a recording so far.

    Attributes:
        seconds: of the recording that were heard.
        words: those that stay, each a `Word`.
        rest: the words after them, which may still change.

    Example:
        >>> from kseq2seq.pipeline import Heard, Word
        >>> Heard(1.0, [Word("one", 0.1, 0.5, 0.9)], []).text
        'one'
    """

    seconds: float
    words: list[Word]
    rest: list[Word]

    @property
    def text(self) -> str:
        """The words that stay."""
        return " ".join(word.text for word in self.words)


def live(pipeline: Any, pieces: Iterable[Any], **options: Any) -> Iterator[Heard]:
    """Yields what is known after each piece of a recording, from a model made for whole ones.

    After each piece all that was not dropped yet is read anew. Words that this pass and the one
    before agree on, from the first on that does not stay yet, stay from then on; at the end, all
    do. When more than half of the source's `max_length` is kept, what lies before the end of the
    last word that stays is dropped; without a word in it, what is more than that half.

    Args:
        pipeline: a `Pipeline` whose source is an `ArraySource` in time (`unit_seconds`), of a model
            that knows where it looks, by attention or CTC.
        pieces: arrays (L, ...), one after the other as they are recorded, for example half a second
            each; as the source takes them. One of more than half of `max_length` counts as several.
        **options: of a call of the pipeline.

    Returns:
        A `Heard` for each piece, and a last one when there are no more.

    Raises:
        TypeError: the source is of another kind.

    Example:
        ::

            pieces = (samples[at : at + rate // 2] for at in range(0, len(samples), rate // 2))
            for heard in live(pipeline, pieces):
                print(heard.text, [word.text for word in heard.rest])

    Source:
        Liu et al. 2020, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by
        Partial Hypothesis Selection", section 2.2, "local agreement" of two, for words. There the
        decoder is forced to begin with what stays; here words that no longer agree with it are
        left out by their times.
    """
    source = pipeline.source
    if not isinstance(source, ArraySource) or not source.unit_seconds:
        raise TypeError(
            f"`pipeline` must have a source of arrays in time; got {type(source).__name__}. Its "
            "units have no seconds."
        )
    second = source.step / source.unit_seconds  # items in a second
    kept, dropped, heard = source.read(np.zeros((0, *source.shape), source.dtype)), 0, 0
    stays: list[Word] = []
    before: list[Word] = []  # what the last pass found after the words that stay
    most = max(source.max_length * source.step // 2, 1)
    for piece in _small(pieces, source, most):
        kept, heard = np.concatenate([kept, piece]), heard + len(piece)
        now = _after(stays, _words(pipeline, kept, dropped / second, options))
        agreed = _agreed(before, now)
        stays, before = stays + now[:agreed], now[agreed:]
        yield Heard(heard / second, list(stays), list(before))
        if len(kept) > most:
            said = round(stays[-1].end * second) - dropped if stays else 0
            drop = min(said, len(kept)) if said > 0 else len(kept) - most
            kept, dropped = kept[drop:], dropped + drop
    now = _after(stays, _words(pipeline, kept, dropped / second, options))
    yield Heard(heard / second, [*stays, *now], [])


def _small(pieces: Iterable[Any], source: ArraySource, most: int) -> Iterator[np.ndarray]:
    """Pieces of at most so many items, so that no pass has more than `max_length` to read."""
    for piece in pieces:
        items = source.read(piece)
        for first in range(0, max(len(items), 1), most):
            yield items[first : first + most]


def _words(pipeline: Any, samples: np.ndarray, begin: float, options: dict) -> list[Word]:
    """The words of samples that begin at some second; none of nothing."""
    if not len(samples):
        return []
    (found,) = pipeline([samples], alignments=True, **{"too_long": "cut", **options})
    return [word._replace(begin=word.begin + begin, end=word.end + begin) for word in found.words]


def _after(stays: list[Word], words: list[Word]) -> list[Word]:
    """The words that are not yet among those that stay, by their times: their middle is later."""
    end = stays[-1].end if stays else -1.0
    return [word for word in words if (word.begin + word.end) / 2 > end]


def _agreed(before: list[Word], now: list[Word]) -> int:
    """How many words of two passes are the same, from the first on."""
    count = 0
    for one, other in zip(before, now, strict=False):
        if one.text != other.text:
            break
        count += 1
    return count
