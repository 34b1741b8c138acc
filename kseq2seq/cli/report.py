"""The report on a run: minutes, steps, scores beside those of baselines, samples."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from kseq2seq.cli.tables import not_better, print_table
from kseq2seq.decoding import Search
from kseq2seq.metrics import TextMetric, TextScore, bleu, chrf, significance
from kseq2seq.metrics.scoring import scored
from kseq2seq.runs import read_runs
from kseq2seq.training import BetterWeights

METRICS: dict[str, TextMetric] = {"BLEU": bleu, "chrF": chrf}
_SAMPLES = 6


def report(
    pairs: Sequence[Any],
    hypotheses: Sequence[str],
    search: Search,
    baselines: Mapping[str, Sequence[str]],
    metrics: Mapping[str, TextMetric] | None = None,
    *,
    title: str = "Held-out pairs",
    ceilings: Mapping[str, Sequence[str]] | None = None,
    decisive: Collection[str] | None = None,
    interval: bool = False,
) -> tuple[dict[str, float], dict[str, list[str]]]:
    """Prints scores of generated texts and of baselines, and a few of the texts.

    Args:
        pairs: N sources and references.
        hypotheses: N generated texts.
        search: generated them.
        baselines: name -> N texts that need no model.
        metrics: names and functions (hypotheses, references) -> float; higher is better except for
            losses and error rates. BLEU and chrF if None.
        title: the name of the pairs.
        ceilings: name -> N texts made with a look at the references, which no model can.
        decisive: names of the metrics that say whether a baseline is beaten; all if None.
        interval: whether to print, too, between which bounds the scores lie at 95 %, how likely
            chance alone makes the difference from each baseline (`metrics.interval` and
            `metrics.significance`), and how the scores were computed (their signatures).

    Returns:
        The scores, by names in lower case; and for each baseline that is not beaten, the metrics in
        which the generated texts are no better, see `below_baseline`.

    Example:
        >>> from kseq2seq import Beam
        >>> from kseq2seq.data import Pair
        >>> pairs, made = [Pair("a b c d", "x b c d", "")], ["x b c d"]
        >>> copying = {"copying the source": [pair.source for pair in pairs]}
        >>> scores, below = report(pairs, made, Beam(4), copying)
        <BLANKLINE>
        Held-out pairs: 1                         BLEU    chrF
        copying the source                        59.5    47.9
        Beam(beam_width=4, length_penalty=0.6)   100.0   100.0
        <BLANKLINE>
          a b c d
          = x b c d
          ~ x b c d
        >>> below
        {}
    """
    metrics = metrics or METRICS
    names = list(metrics) if decisive is None else checked_names("decisive", decisive, metrics)
    references = references_of(pairs)
    others = {
        name: scored(metrics, texts, references)
        for name, texts in (*baselines.items(), *(ceilings or {}).items())
    }
    own = scored(metrics, hypotheses, references, bounds=interval)
    table: dict[str, Mapping[str, float | str]] = {**others, search_name(search): own}
    if interval:
        table |= certainty(own, hypotheses, references, baselines, metrics)
    print_table(f"{title}: {len(pairs)}", table)
    if interval:
        for name, score in own.items():
            if isinstance(score, TextScore) and score.signature:
                print(f"  {name}: {score.signature}")
    for index in range(0, len(pairs), max(1, len(pairs) // _SAMPLES))[:_SAMPLES]:
        pair = pairs[index]
        print(f"\n  {as_text(pair.source)}\n  = {hypotheses[index]}\n  ~ {pair.target}")
    below = not_better(own, {name: others[name] for name in baselines}, names)
    return {name.lower(): float(score) for name, score in own.items()}, below


def certainty(
    scores: Mapping[str, float],
    hypotheses: Sequence[str],
    references: Sequence[Any],
    baselines: Mapping[str, Sequence[str]],
    metrics: Mapping[str, TextMetric],
) -> dict[str, dict[str, float | str]]:
    """Returns rows of a report: the bounds of each score, and its p-values against baselines.

    Args:
        scores: by the names of the metrics, with their intervals.
        hypotheses: N generated texts.
        references: N references, or lists of some.
        baselines: name -> N texts.
        metrics: names and functions.

    Example:
        >>> from kseq2seq.metrics import Interval, TextScore, exact_match
        >>> scores = {"right": TextScore(75.0, "", Interval(50, 100))}
        >>> rows = certainty(scores, [*"aab"], [*"aaa"], {"b": [*"bbb"]}, {"right": exact_match})
        >>> list(rows), rows["  at 95 %, at least"]
        (['  at 95 %, at least', '  and at most', '  p-value, b'], {'right': 50})
    """
    bounds = {name: getattr(score, "interval", None) for name, score in scores.items()}
    known = {name: bound for name, bound in bounds.items() if bound}
    rows: dict[str, dict[str, float | str]] = {
        "  at 95 %, at least": {name: low for name, (low, _) in known.items()},
        "  and at most": {name: high for name, (_, high) in known.items()},
    }
    for name, texts in baselines.items():
        rows[f"  p-value, {name}"] = {
            metric: f"{significance(function, hypotheses, texts, references).p_value:.3f}"
            for metric, function in metrics.items()
        }
    return rows


def references_of(pairs: Sequence[Any]) -> list[Any]:
    """Returns the references of metrics: targets, or lists of all that an example accepts.

    Example:
        >>> from kseq2seq.data import Pair
        >>> references_of([Pair("a", "b", "")])
        ['b']
    """
    others = [getattr(pair, "references", ()) for pair in pairs]
    if not any(others):
        return [pair.target for pair in pairs]
    rows = zip(pairs, others, strict=True)
    return [list(dict.fromkeys((pair.target, *more))) for pair, more in rows]


def as_text(raw: Any) -> str:
    """Returns a raw input as a line shows it: a text as it is, an array by its shape, else bytes.

    Example:
        >>> as_text("a text"), as_text(1000 * b"x")
        ('a text', '1,000 bytes')
    """
    if isinstance(raw, bytes):
        return f"{len(raw):,} bytes"
    shape = getattr(raw, "shape", None)
    return str(raw) if shape is None else f"{type(raw).__name__} {tuple(shape)}"


def report_training(output: Path, better: BetterWeights, warmup: int, metric: str = "chrF") -> None:
    """Prints minutes and steps of a run and the weights that it kept; warns if it was too short.

    Args:
        output: the directory of a `Record`.
        better: the callback that chose the weights.
        warmup: for how many steps the learning rate rises; fewer steps bring a warning.
        metric: the name of the metric that chose them, on validation pairs.
    """
    runs, _ = read_runs([output])
    if not runs:  # a record that can't be written does not end training
        return
    record = runs[0].record
    print(
        f"\nTrained for {record['minutes'] - record['compiling']:.1f} minutes, "
        f"{record['steps']:,} steps, after {record['compiling']:.1f} minutes of compiling."
    )
    if better.chosen:
        scores = ", ".join(f"{name} {abs(score):.1f}" for name, score in better.scores.items())
        print(f"Kept the {better.chosen} weights; {metric} on validation pairs: {scores}.")
    if record["steps"] < warmup:
        steps = record["settings"].get("steps")
        limit = "--steps" if steps and record["steps"] >= steps else "--minutes"
        print(
            f"WARNING: {record['steps']:,} steps are too few: the learning rate rises for "
            f"{warmup}. Give more {limit}, or make steps cheaper (--batch-tokens, --hidden-dim, "
            "--layers)."
        )


def search_name(search: Search) -> str:
    """Returns a search as text, with the settings that have an effect.

    Example:
        >>> from kseq2seq import Greedy
        >>> search_name(Greedy())
        'Greedy()'
    """
    if not is_dataclass(search):
        return repr(search)
    settings = {field.name: getattr(search, field.name) for field in fields(search)}
    shown = ", ".join(f"{name}={value}" for name, value in settings.items() if value)
    return f"{type(search).__name__}({shown})"


def checked_names(
    argument: str, names: Collection[str], metrics: Mapping[str, TextMetric]
) -> list[str]:
    """Returns names of metrics, or raises ValueError if there is no such metric."""
    unknown = [name for name in names if name not in metrics]
    if isinstance(names, str) or unknown:
        raise ValueError(
            f"`{argument}` must be a list of names of metrics ({', '.join(metrics)}); got "
            f"{names!r}."
        )
    return list(names)
