"""Trains the model of a recipe: its batches, its learning rate, its run directory."""

from __future__ import annotations

import argparse
import errno
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from kseq2seq.data import (
    Corpus,
    Survey,
    bucket_table,
    fit_buckets,
    fit_row,
    packed_batches,
    padding_share,
    survey,
    train_batches,
)
from kseq2seq.metrics import Scores
from kseq2seq.models import Seq2Seq
from kseq2seq.pipeline import Pipeline
from kseq2seq.runs import Record, Run, less_is_better
from kseq2seq.training import (
    BetterWeights,
    GenerationScore,
    InverseSquareRoot,
    Progress,
    TimeLimit,
    loss_for,
    metrics_for,
    packed,
)

_LARGE = 30_000  # pairs that fill many buckets


class Batches(NamedTuple):
    """A model and the batches that it is fitted to.

    Attributes:
        model: the pipeline's, or a view of it.
        dataset: of batches, endless.
        shapes: how many shapes of batches are compiled.
        compiles: whether XLA compiles them.
        too_long: how many pairs are left out because a side is too long.
    """

    model: keras.Model
    dataset: tf.data.Dataset
    shapes: int
    compiles: bool
    too_long: int


def make_batches(options: argparse.Namespace, pipeline: Pipeline, corpus: Corpus) -> Batches:
    """Counts a corpus, prints the counts, and returns batches of it.

    Args:
        options: `batch_tokens`, `seed`, `packed`, `graph` and `smoke`.
        pipeline: whose model, source and target are used.
        corpus: for training.

    Raises:
        ValueError: no pair can be trained on, or the model can't be trained on packed rows.
    """
    sides = pipeline.source, pipeline.target
    counts = survey(corpus, *sides)
    budget = {"seed": options.seed, "tokens_per_batch": options.batch_tokens}
    compiles = _compiles(options, pipeline.model)
    if options.packed:
        assert isinstance(pipeline.model, Seq2Seq)  # the flag is for these
        view, row = packed(pipeline.model), fit_row(counts)
        dataset = packed_batches(corpus, *sides, shape=row, **budget)
        empty = padding_share(dataset, 20)
        print(f"Training pairs\n{counts}\nin rows of {row[0]} + {row[1]}, {empty:.1%} padding\n")
        return Batches(view, dataset, 1, compiles, counts.too_long)
    buckets = fit_buckets(counts, _how_many(options, counts, compiles))
    print(f"Training pairs\n{bucket_table(counts, buckets)}\n")
    dataset = train_batches(corpus, *sides, buckets=buckets, **budget)
    shapes = len(buckets) if compiles else 1
    return Batches(pipeline.model, dataset, shapes, compiles, counts.too_long)


def _how_many(options: argparse.Namespace, counts: Survey, compiles: bool) -> int:
    """Returns a number of buckets: few if each is compiled, one with `--smoke`."""
    if options.smoke:
        return 1
    return 40 if counts.kept > _LARGE and not compiles else 6


def _compiles(options: argparse.Namespace, model: keras.Model) -> bool:
    """Returns whether to compile by XLA, which on CPUs does not multiply in bfloat16."""
    if options.smoke or options.graph:
        return False
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return on_gpu or model.dtype_policy.name != "mixed_bfloat16"


class ModelScore(GenerationScore):
    """Scores of generated texts and, beside them, numbers that are measured without texts.

    Args:
        measures: names and functions without arguments, called after the texts are scored.
        *generation: as for `GenerationScore`.
    """

    def __init__(self, measures: Mapping[str, Callable[[], float]], *generation: Any):
        super().__init__(*generation)
        self.measures = dict(measures)

    def measure(self) -> Scores:
        """See `GenerationScore`."""
        measured = {name.lower(): measure() for name, measure in self.measures.items()}
        return Scores({**super().measure(), **measured})


class Pace(NamedTuple):
    """How fast a model learns.

    Attributes:
        peak: of the learning rate.
        warmup: the steps in which the learning rate rises.
        momentum: of the average of weights.
    """

    peak: float
    warmup: int
    momentum: float

    @classmethod
    def of(cls, options: argparse.Namespace, peak: float) -> Pace:
        """Fine-tuning: lower rate, faster-moving average. Short runs warm up faster.

        Args:
            options: `init`, `steps` and `learning_rate`, which replaces the peak.
            peak: of a new model.

        Example:
            >>> options = argparse.Namespace(init="translator", steps=None, learning_rate=None)
            >>> Pace.of(options, 2e-3)
            Pace(peak=0.0005, warmup=100, momentum=0.99)
        """
        if options.init:
            return cls(options.learning_rate or peak / 4, 100, 0.99)
        return cls(options.learning_rate or peak, 200 if options.steps else 400, 0.998)


def fit_batches(
    options: argparse.Namespace,
    batches: Batches,
    score: GenerationScore,
    watch: str,
    pace: Pace,
    *,
    model: keras.Model,
    corpora: Mapping[str, Corpus],
    loss: Any = None,
    label_smoothing: float = 0.1,
) -> BetterWeights:
    """Trains until `--steps` or `--minutes`, in the run directory `--output`.

    Args:
        options: of the recipe, all of which are recorded.
        batches: what to fit.
        score: of generated texts, after each epoch.
        watch: the metric of `score` that chooses between raw and averaged weights.
        pace: of learning.
        model: described in the record.
        corpora: named in the record.
        loss: if None, that of `loss_for`.
        label_smoothing: of that.

    Returns:
        The callback that put the better of raw and averaged weights into the model.
    """
    batches.model.compile(
        keras.optimizers.Adam(
            InverseSquareRoot(pace.peak, pace.warmup),
            beta_2=0.98,
            global_clipnorm=1.0,
            use_ema=True,
            ema_momentum=pace.momentum,
        ),
        loss or loss_for(model, label_smoothing),
        metrics=None if loss else metrics_for(model),
        jit_compile=batches.compiles,
    )
    minutes = options.minutes or (math.inf if options.steps else 10)
    limit = TimeLimit(minutes)
    better = BetterWeights(_watched(score, watch))
    settings = {name: value for name, value in vars(options).items() if name != "resume"}
    try:
        Run(options.output, every_minutes=min(5, minutes / 4), keep=2).fit(
            batches.model,
            batches.dataset,
            steps=options.steps or 10**9,
            steps_per_epoch=max(10, (options.steps or 0) // 2) if options.smoke else 500,
            callbacks=[
                score,
                Record(options.output, settings=settings, model=model, data=corpora),
                limit,
                Progress(options.steps, limit),
                better,
            ],
            compile_ahead=batches.shapes,
        )
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"\n{error}")  # the model is ready all the same
    return better


def _watched(score: GenerationScore, watch: str) -> Callable[[], float]:
    """Returns a function that measures one metric, with the sign that makes higher better."""
    sign = -1 if less_is_better(watch) else 1
    return lambda: sign * score.measure()[watch.lower()]
