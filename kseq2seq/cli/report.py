"""What came of a run: minutes, steps, scores beside those of copying the source, samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

from kseq2seq.data import Pair
from kseq2seq.decoding import Search
from kseq2seq.metrics import TextMetric, below_baseline, bleu, chrf
from kseq2seq.runs import read_runs
from kseq2seq.training import BetterWeights

_METRICS = {"BLEU": bleu, "chrF": chrf}
_SAMPLES = 6


def report(
    pairs: Sequence[Pair],
    hypotheses: Sequence[str],
    search: Search,
    metrics: Mapping[str, TextMetric] | None = None,
) -> tuple[dict[str, float], list[str]]:
    """Prints scores of generated texts and of the sources themselves, and a few of the texts.

    Args:
        pairs: N sources and references.
        hypotheses: N generated texts.
        search: what generated them.
        metrics: names and functions (hypotheses, references) -> float, higher for better; BLEU and
            chrF where None.

    Returns:
        The scores, by names in lower case, and the names of those in which the generated texts are
        no better than the sources; see `below_baseline`.

    Example:
        >>> from kseq2seq import Beam
        >>> scores, below = report([Pair("a b c d", "x b c d", "")], ["x b c d"], Beam(4))
        <BLANKLINE>
        Held-out pairs: 1                         BLEU    chrF
        copying the source                        59.5    47.9
        Beam(width=4, length_penalty=0.6)        100.0   100.0
        <BLANKLINE>
          a b c d
          = x b c d
          ~ x b c d
        >>> below
        []
    """
    metrics = metrics or _METRICS
    widths = [max(8, len(name) + 2) for name in metrics]
    widths[0] -= 2
    print(f"\n{_row(f'Held-out pairs: {len(pairs)}', list(metrics), widths)}")
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    found = []
    for name, texts in (("copying the source", sources), (search_name(search), hypotheses)):
        scores = {name: metric(texts, references) for name, metric in metrics.items()}
        print(_row(name, [f"{score:.1f}" for score in scores.values()], widths))
        found.append(scores)
    for index in range(0, len(pairs), max(1, len(pairs) // _SAMPLES))[:_SAMPLES]:
        print(f"\n  {sources[index]}\n  = {hypotheses[index]}\n  ~ {references[index]}")
    copied, made = found
    return {name.lower(): score for name, score in made.items()}, below_baseline(made, copied)


def report_training(output: Path, better: BetterWeights, warmup: int) -> None:
    """Prints minutes and steps of a run, and which weights it ended with; says if it was too short.

    Args:
        output: the directory of a `Record`.
        better: has chosen the weights, by chrF on validation pairs.
        warmup: for how many steps the learning rate rises; fewer are no training.
    """
    found, _ = read_runs([output])
    if not found:  # what can't be written ends no training
        return
    kept = found[0].record
    print(
        f"\nTrained for {kept['minutes'] - kept['compiling']:.1f} minutes, {kept['steps']:,} "
        f"steps, after {kept['compiling']:.1f} minutes of compiling."
    )
    if better.chosen:
        scores = ", ".join(f"{name} {score:.1f}" for name, score in better.scores.items())
        print(f"Kept the {better.chosen} weights; chrF on validation pairs: {scores}.")
    if kept["steps"] < warmup:
        print(
            f"WARNING: {kept['steps']:,} steps are too few: the learning rate rises for {warmup}. "
            "Give more --minutes, or make steps cheaper (--batch-tokens, --hidden-dim, --layers)."
        )


def search_name(search: Search) -> str:
    """Returns a search with the settings that do something.

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


def _row(name: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(cells, widths, strict=True)
    return f"{name:<40}" + "".join(f"{cell:>{width}}" for cell, width in pairs)
