"""A table of what was measured of several systems, and a warning where a baseline is not beaten."""

from __future__ import annotations

from collections.abc import Mapping

from kseq2seq.metrics import below_baseline
from kseq2seq.runs import less_is_better

Table = Mapping[str, Mapping[str, float]]


def report_measured(title: str, table: Table) -> tuple[dict[str, float], dict[str, list[str]]]:
    """Prints numbers by system; those that a system does not have are left open.

    Args:
        title: of the table.
        table: systems -> names -> numbers; the last one is the model, the others its baselines.

    Returns:
        The model's numbers by names in lower case; and for each baseline that is not beaten, the
        names of the numbers that are no better.

    Example:
        >>> measured = {"by chance": {"hits@1": 10.0}, "it": {"perplexity": 61.9, "hits@1": 9.5}}
        >>> scores, below = report_measured("Pairs: 500", measured)
        <BLANKLINE>
        Pairs: 500                              hits@1  perplexity
        by chance                                 10.0           -
        it                                         9.5        61.9
        >>> below
        {'by chance': ['hits@1']}
    """
    names = list(dict.fromkeys(name for numbers in table.values() for name in numbers))
    widths = [max(6, len(name)) for name in names]
    print(f"\n{title:<40}{'  '.join(_cells(names, widths))}")
    for system, numbers in table.items():
        cells = [f"{numbers[name]:.1f}" if name in numbers else "-" for name in names]
        print(f"{system:<40}{'  '.join(_cells(cells, widths))}")
    *baselines, (_, own) = table.items()
    below = {
        system: not_better
        for system, numbers in baselines
        if (not_better := below_baseline(_signed(own, numbers), _signed(numbers, own)))
    }
    return {name.lower(): number for name, number in own.items()}, below


def useless(below: Mapping[str, list[str]]) -> bool:
    """Returns whether baselines are not beaten, after a warning that names them.

    Args:
        below: baselines -> the names of the scores in which the model is no better.

    Example:
        >>> useless({})
        False
    """
    if below:
        beaten = ", no better than ".join(
            f"{baseline} by {' and '.join(names)}" for baseline, names in below.items()
        )
        print(
            f"\nWARNING: no better than {beaten}. This model is of no use yet: train it longer "
            "(--steps, --minutes)."
        )
    return bool(below)


def _cells(cells: list[str], widths: list[int]) -> list[str]:
    return [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]


def _signed(numbers: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """The numbers that both have, with the signs that make higher better."""
    return {
        name: -number if less_is_better(name) else number
        for name, number in numbers.items()
        if name in other
    }
