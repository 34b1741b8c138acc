"""What a recipe prints and records of a trained model: scores, and other numbers, by system."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from kseq2seq.cli.by_group import report_groups
from kseq2seq.cli.outputs import resumable
from kseq2seq.cli.report import references_of, report, search_name
from kseq2seq.cli.tables import Table, not_better, print_table, useless
from kseq2seq.metrics import TextMetric
from kseq2seq.pipeline import Pipeline
from kseq2seq.runs import add_scores

# A row of each table: what a model of these texts would score if it did not look at its sources.
SHUFFLED = "its answers to other sources"


def shuffled(items: Sequence[Any]) -> list[Any]:
    """Returns items of which each stands at the place of another one, if there are two at least.

    Example:
        >>> shuffled("abcde")
        ['c', 'd', 'e', 'a', 'b']
    """
    half = len(items) // 2
    return [*items[half:], *items[:half]]


class Evaluating:
    """The steps of a `Recipe` after training, and before the export.

    Attributes:
        options: the values of its flags.
        metrics: names and functions (texts, references) -> float.
        decisive: names of the metrics in which a useful model beats each baseline; all if None.
        useless: whether the model is no better than a baseline.
    """

    options: argparse.Namespace
    metrics: dict[str, TextMetric]
    decisive: Sequence[str] | None = None
    useless: bool = False

    def evaluate(
        self,
        pipeline: Pipeline,
        test: Sequence[Any],
        baselines: Mapping[str, Sequence[str]],
        *,
        ceilings: Mapping[str, Sequence[str]] | None = None,
        groups: Sequence[str] = (),
        metrics: Mapping[str, TextMetric] | None = None,
        name: str = "",
        **settings: Any,
    ) -> list[str]:
        """Prints scores on test examples beside those of baselines, and records them.

        One baseline is always there: the generated texts themselves, each scored as if it were of
        another example. A model that does not beat it does not look at its sources.

        Args:
            pipeline: with its own search, unless `settings` have another.
            test: N examples.
            baselines: name -> N texts that need no training, for example the sources.
            ceilings: name -> N texts that are shown beside the scores and need not be beaten: made
                with a look at the references, or by another form of the model.
            groups: the group of each of the N examples, for example its language; the scores of
                each are reported, too.
            metrics: further ones, for example of these very sources.
            name: of examples beside those of the test, which the record shows before each score.
            **settings: of a call of the pipeline, for example `filters`.

        Returns:
            The N texts that were generated.
        """
        with resumable(self.options.output):
            texts = self.texts(pipeline, [pair.source for pair in test], **settings)
        asked = {**self.metrics, **(metrics or {})}
        search = settings.get("search", pipeline.search)
        if len(texts) > 1:
            baselines = {**baselines, SHUFFLED: shuffled(texts)}
        scores, below = report(
            test,
            texts,
            search,
            baselines,
            asked,
            title=name or "Held-out pairs",
            ceilings=ceilings,
            decisive=self.decisive and [*self.decisive, *(metrics or ())],
            interval=self.options.interval,
        )
        both = {**baselines, search_name(search): texts}
        scores |= report_groups(groups, both, references_of(test), asked)
        self._record({f"{name} {key}".strip().lower(): score for key, score in scores.items()})
        self.useless |= useless(below)
        return texts

    def compare(self, title: str, table: Table) -> None:
        """Prints what was measured of systems, records it of the last one, and warns.

        Args:
            title: of the table.
            table: systems -> names -> numbers; the last one is the model, which must be better than
                the others in all numbers that they share.
        """
        print_table(title, table)
        *baselines, last = table
        self._record({name.lower(): number for name, number in table[last].items()})
        self.useless |= useless(not_better(table[last], {name: table[name] for name in baselines}))

    def shares(
        self,
        shares: Mapping[str, TextMetric],
        texts: Mapping[str, Sequence[str]],
        others: Sequence[Any] = (),
    ) -> None:
        """Prints shares of texts in percent, and records those of the last texts.

        Args:
            shares: names and functions (texts, others) -> percent.
            texts: names of systems -> their texts.
            others: what the texts are compared with, for example their sources.
        """
        table = {
            system: {name: float(share(of, others)) for name, share in shares.items()}
            for system, of in texts.items()
        }
        print_table("Shares in percent", table, decimals=2)
        *_, own = table.values()
        self._record({name.lower(): share for name, share in own.items()})

    def texts(self, pipeline: Pipeline, raws: list[Any], **settings: Any) -> list[str]:
        """Returns the texts of a pipeline; too long raws are split if `--too-long` says so.

        Args:
            pipeline: with its own search.
            raws: N inputs.
            **settings: of a call of the pipeline.
        """
        if self.options.too_long == "split":
            settings["too_long"] = "split"
        return pipeline.texts(raws, **settings)

    def _record(self, scores: Mapping[str, float]) -> None:
        """Adds scores to the record of the run, but those that are no finite numbers."""
        known = {name: score for name, score in scores.items() if isfinite(score)}
        add_scores(self.options.output, known)
