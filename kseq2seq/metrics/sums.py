"""What most metrics of texts are: a score of numbers that are counted text by text and added up."""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, cast

import numpy as np

from kseq2seq.checks import raw_texts
from kseq2seq.metrics.references import Reference, reference_lists
from kseq2seq.metrics.score import TextScore

P = ParamSpec("P")
_version = functools.cache(importlib.metadata.version)


class Sums(NamedTuple):
    """Numbers that add up over texts, and the score of their sums.

    Attributes:
        rows: (N, K), K numbers of each text.
        score: the score of sums (K,).
        signature: of the score.
    """

    rows: np.ndarray
    score: Callable[[np.ndarray], float]
    signature: str = ""


class SummedMetric(Protocol[P]):
    """A metric of texts, and what it counts of each of them."""

    sums: Callable[Concatenate[Sequence[str], Sequence[Reference], P], Sums]

    def __call__(
        self,
        hypotheses: Sequence[str],
        references: Sequence[Reference],
        *args: P.args,
        **settings: P.kwargs,
    ) -> TextScore:
        """Returns the score of N texts by N references, or lists of some."""
        raise NotImplementedError


def summed(
    count: Callable[Concatenate[list[str], list[list[str]], P], Sums],
) -> SummedMetric[P]:
    """Makes a metric of a function that counts; its attribute `sums` is that function, checked.

    Both take hypotheses and references as users give them, which `count` gets as N texts and N
    lists of texts. With `sums`, `interval` and `significance` count each text once.

    Args:
        count: (N hypotheses, N lists of references, settings) -> Sums.

    Returns:
        A metric: (N hypotheses, N references or lists of some, settings) -> TextScore.

    Raises:
        TypeError: if an item is not a text; by the metric, as what follows.
        ValueError: if the two differ in number or are empty, or no reference holds any text.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.metrics.sums import Sums, summed
        >>> @summed
        ... def words(hypotheses, references):
        ...     return Sums(np.array([[len(text.split())] for text in hypotheses]), np.sum)
        >>> words(["a b", "c"], ["a", "d"])
        3.0
        >>> words.sums(["a b", "c"], ["a", "d"]).rows
        array([[2], [1]])
    """

    @functools.wraps(count)
    def sums(
        hypotheses: Sequence[str],
        references: Sequence[Reference],
        *args: P.args,
        **settings: P.kwargs,
    ) -> Sums:
        return count(*checked_pairs(hypotheses, references), *args, **settings)

    @functools.wraps(count, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    def metric(
        hypotheses: Sequence[str],
        references: Sequence[Reference],
        *args: P.args,
        **settings: P.kwargs,
    ) -> TextScore:
        counted = sums(hypotheses, references, *args, **settings)
        return TextScore(counted.score(counted.rows.sum(axis=0)), counted.signature)

    # What users see is the metric's own signature, with the settings of `count`.
    own, given = inspect.signature(metric, follow_wrapped=False), inspect.signature(count)
    settings = list(given.parameters.values())[2:]
    kept = [*list(own.parameters.values())[:2], *settings]
    metric.__dict__.update(__signature__=own.replace(parameters=kept), sums=sums)
    return cast(SummedMetric[P], metric)


def share(sums: np.ndarray | tuple[int, int]) -> float:
    """Returns 100 times the first sum over the second; over 1 where that is 0.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.metrics.sums import share
        >>> share(np.array([1, 4]))
        25.0
    """
    return float(100 * sums[0] / (sums[1] or 1))


def mean(values: Sequence[float], signature: str = "") -> Sums:
    """Returns sums whose score is 100 times the mean of a value of each text."""
    return Sums(np.column_stack([values, np.ones(len(values))]), share, signature)


def signature(references: list[list[str]], library: str = "", **facts: str) -> str:
    """Returns a signature in sacreBLEU's style.

    Args:
        references: lists, whose lengths it names.
        library: the distribution that counts, whose version it names.
        **facts: what else the score depends on.

    Example:
        >>> from kseq2seq.metrics.sums import signature
        >>> signature([["a"], ["b"]], case="mixed")
        'nrefs:1|case:mixed'
    """
    numbers = {len(row) for row in references}
    parts = {"nrefs": str(numbers.pop()) if len(numbers) == 1 else "var", **facts}
    if library:
        parts[library] = _version(library)
    return "|".join(f"{name}:{value}" for name, value in parts.items())


def best(
    hypotheses: list[Any],
    references: list[list[Any]],
    value: Callable[[Any, Any], Any],
    key: Callable[[Any], Any] | None = None,
) -> list[Any]:
    """Returns what each hypothesis is worth by the reference that suits it best."""
    pairs = zip(hypotheses, references, strict=True)
    return [max((value(text, one) for one in row), key=key) for text, row in pairs]


def checked_pairs(
    hypotheses: Sequence[str], references: Sequence[Reference]
) -> tuple[list[str], list[list[str]]]:
    """Returns N texts and N lists of references, or raises as `summed` says."""
    if isinstance(hypotheses, str | bytes) or isinstance(references, str | bytes):
        raise ValueError(
            "`hypotheses` and `references` must be lists of texts; got a single text. Put it in a "
            "list."
        )
    texts, rows = raw_texts(hypotheses, "hypotheses"), reference_lists(references)
    if len(texts) != len(rows) or not texts:
        raise ValueError(
            f"There must be one reference for each hypothesis, or one list of some, and at least "
            f"one hypothesis; got {len(texts)} hypotheses and {len(rows)} references."
        )
    if not any(text.strip() for row in rows for text in row):
        raise ValueError(f"The {len(rows)} references hold no text. Are they the right ones?")
    return texts, rows
