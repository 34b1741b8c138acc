"""The scores of groups of test examples, for example of each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kseq2seq.cli.tables import print_table
from kseq2seq.metrics import TextMetric


def report_groups(
    groups: Sequence[str],
    texts: Mapping[str, Sequence[str]],
    references: Sequence[str] | Sequence[Sequence[str]],
    metrics: Mapping[str, TextMetric],
) -> dict[str, float]:
    """Prints a score for each group, and returns those of the last texts.

    Args:
        groups: the group of each of N examples; if there are not at least two, nothing is printed.
        texts: names of systems -> N texts; the model is the last.
        references: N references, or lists of some.
        metrics: names and functions (texts, references) -> float.

    Returns:
        {"metric group": score} of the model, with the metric in lower case.

    Example:
        >>> from kseq2seq.metrics import chrf
        >>> texts = {"copying": ["a b", "c d"], "model": ["x b", "c d"]}
        >>> scores = report_groups(["fr", "de"], texts, ["x b", "y d"], {"chrF": chrf})
        <BLANKLINE>
        By group: chrF                            copying   model
        fr (1)                                       25.0   100.0
        de (1)                                       25.0    25.0
        >>> {name: round(score, 1) for name, score in scores.items()}
        {'chrf fr': 100.0, 'chrf de': 25.0}
    """
    names = list(dict.fromkeys(groups))
    if len(names) < 2:
        return {}
    rows = {name: [i for i, group in enumerate(groups) if group == name] for name in names}
    found: dict[str, float] = {}
    for metric, function in metrics.items():
        table: dict[str, dict[str, float]] = {}
        for name, which in rows.items():
            own: Any = [references[index] for index in which]
            scores = {
                system: float(function([of[index] for index in which], own))
                for system, of in texts.items()
            }
            table[f"{name} ({len(which)})"] = scores
            *_, found[f"{metric.lower()} {name}"] = scores.values()
        print_table(f"By group: {metric}", table)
    return found
