"""The report on a run: minutes, steps, scores beside those of baselines, samples."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from kseq2seq.decoding import Search
from kseq2seq.metrics import TextMetric, TextScore, below_baseline, bleu, chrf, significance
from kseq2seq.metrics.scoring import scored
from kseq2seq.runs import less_is_better, read_runs
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
    widths = [max(8, len(name) + 2) for name in metrics]
    widths[0] -= 2
    print(f"\n{_row(f'{title}: {len(pairs)}', list(metrics), widths)}")
    references = references_of(pairs)
    table = {}
    others = (*baselines.items(), *(ceilings or {}).items())
    for name, texts in (*others, (search_name(search), hypotheses)):
        table[name] = scored(metrics, texts, references, bounds=interval and texts is hypotheses)
        print(_row(name, [f"{score:.1f}" for score in table[name].values()], widths))
    own = table[search_name(search)]
    if interval:
        for name, cells in certainty(own, hypotheses, references, baselines, metrics).items():
            print(_row(name, cells, widths))
        for name, score in own.items():
            if isinstance(score, TextScore) and score.signature:
                print(f"  {name}: {score.signature}")
    for index in range(0, len(pairs), max(1, len(pairs) // _SAMPLES))[:_SAMPLES]:
        pair = pairs[index]
        print(f"\n  {as_text(pair.source)}\n  = {hypotheses[index]}\n  ~ {pair.target}")
    below = {
        name: below_baseline(_signed(own, names), _signed(table[name], names)) for name in baselines
    }
    scores = {name.lower(): float(score) for name, score in own.items()}
    return scores, {name: not_better for name, not_better in below.items() if not_better}


def certainty(
    scores: Mapping[str, float],
    hypotheses: Sequence[str],
    references: Sequence[Any],
    baselines: Mapping[str, Sequence[str]],
    metrics: Mapping[str, TextMetric],
) -> dict[str, list[str]]:
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
        (['  at 95 %, at least', '  and at most', '  p-value, b'], ['50.0'])
    """
    bounds = [getattr(score, "interval", None) or ("-", "-") for score in scores.values()]
    low, high = ([_number(bound[side]) for bound in bounds] for side in (0, 1))
    rows = {"  at 95 %, at least": low, "  and at most": high}
    for name, texts in baselines.items():
        tests = (significance(each, hypotheses, texts, references) for each in metrics.values())
        rows[f"  p-value, {name}"] = [f"{test.p_value:.3f}" for test in tests]
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
    """Returns a raw input as a line shows it: a text as it is, an array by its shape."""
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
        print(
            f"WARNING: {record['steps']:,} steps are too few: the learning rate rises for "
            f"{warmup}. Give more --minutes, or make steps cheaper (--batch-tokens, --hidden-dim, "
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


def _signed(scores: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Returns scores of these names with the signs that make higher better."""
    return {name: -scores[name] if less_is_better(name) else scores[name] for name in names}


def _number(bound: float | str) -> str:
    return bound if isinstance(bound, str) else f"{bound:.1f}"


def _row(name: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(cells, widths, strict=True)
    return f"{name:<40}" + "".join(f"{cell:>{width}}" for cell, width in pairs)
