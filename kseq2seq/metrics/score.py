"""A score of texts, and several by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

TextMetric = Callable[[Sequence[str], Sequence[Any]], float]


class Interval(NamedTuple):
    """The bounds between which a score lies with a given confidence; see `interval`."""

    low: float
    high: float


class TextScore(float):
    """A score that says how it was computed.

    Attributes:
        signature: to be reported with the score, in sacreBLEU's style: the number of references,
            the tokenizer ("tok") and the version of the library that counted.
        interval: the bounds of the score, where they were asked for; else None.

    Example:
        >>> from kseq2seq.metrics import bleu
        >>> bleu(["今天天气很好。"], ["今天天气很好。"]).signature
        'nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:...'
    """

    signature: str
    interval: Interval | None

    def __new__(
        cls, value: float, signature: str = "", interval: Interval | None = None
    ) -> TextScore:
        """Makes a float of a value."""
        score = super().__new__(cls, value)
        score.signature = signature
        score.interval = interval
        return score


class Scores(dict[str, float]):
    """Scores by their names; as a string, each with its bounds and its signature.

    Example:
        >>> from kseq2seq.metrics import Interval, Scores, TextScore
        >>> scores = Scores(bleu=TextScore(31.25, "tok:13a"), length=1.0)
        >>> print(scores)
        bleu 31.25 (tok:13a), length 1.00
        >>> scores
        {'bleu': 31.25, 'length': 1.0}
        >>> print(Scores(wer=TextScore(8.0, interval=Interval(6.5, 9.5))))
        wer 8.00 [6.50, 9.50]
    """

    def __str__(self) -> str:
        parts = []
        for name, score in self.items():
            signature, interval = getattr(score, "signature", ""), getattr(score, "interval", None)
            number = f"{score}" if isinstance(score, int) else f"{score:.2f}"
            bounds = f" [{interval.low:.2f}, {interval.high:.2f}]" if interval else ""
            parts.append(f"{name} {number}{bounds}" + (f" ({signature})" if signature else ""))
        return ", ".join(parts)
