"""Tables of numbers by system, and what says that a model is no better than a baseline."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kseq2seq.metrics import below_baseline
from kseq2seq.runs import less_is_better

Table = Mapping[str, Mapping[str, float]]


def print_table(
    title: str, table: Mapping[str, Mapping[str, float | str]], decimals: int = 1
) -> None:
    """Prints a table with a line for each row; what a row does not have is left open.

    Args:
        title: of the table, above the names of its rows.
        table: rows -> columns -> numbers, or texts.
        decimals: of numbers.

    Example:
        >>> print_table("Pairs: 500", {"by chance": {"hits@1": 10.0}, "it": {"perplexity": 61.94}})
        <BLANKLINE>
        Pairs: 500                              hits@1  perplexity
        by chance                                 10.0           -
        it                                           -        61.9
    """
    columns = list(dict.fromkeys(name for cells in table.values() for name in cells))
    widths = [max(8, len(name) + 2) - 2 * (not index) for index, name in enumerate(columns)]
    lines = {title: dict(zip(columns, columns, strict=True)), **table}
    print()
    for row, cells in lines.items():
        texts = [
            cell if isinstance(cell, str) else f"{cell:.{decimals}f}"
            for cell in (cells.get(name, "-") for name in columns)
        ]
        line = "".join(f"{text:>{width}}" for text, width in zip(texts, widths, strict=True))
        print(f"{row:<40}{line}")


def not_better(
    own: Mapping[str, float], baselines: Table, names: Collection[str] | None = None
) -> dict[str, list[str]]:
    """Returns the baselines that are not beaten, and in which of the numbers.

    Args:
        own: the model's numbers; lower is better for losses and error rates.
        baselines: systems -> numbers.
        names: which numbers count; if None, all that a baseline and the model share.

    Example:
        >>> not_better({"perplexity": 61.9, "hits@1": 9.5}, {"by chance": {"hits@1": 10.0}})
        {'by chance': ['hits@1']}
        >>> not_better({"perplexity": 61.9}, {"counts": {"perplexity": 80.0}})
        {}
    """
    below = {}
    for system, numbers in baselines.items():
        shared = [name for name in own if name in numbers and (names is None or name in names)]
        below[system] = below_baseline(_signed(own, shared), _signed(numbers, shared))
    return {system: worse for system, worse in below.items() if worse}


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


def _signed(numbers: Mapping[str, float], names: Collection[str]) -> dict[str, float]:
    """Returns numbers with the signs that make higher better."""
    return {name: -numbers[name] if less_is_better(name) else numbers[name] for name in names}
