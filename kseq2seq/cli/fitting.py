"""Trains the model of a recipe: how fast it learns, what is watched, where a run is kept."""

from __future__ import annotations

import argparse
import errno
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras

from kseq2seq.cli.batches import Batches
from kseq2seq.data import Corpus
from kseq2seq.metrics import TokenAccuracy
from kseq2seq.runs import Record, Run, less_is_better
from kseq2seq.training import (
    BetterWeights,
    GenerationScore,
    InverseSquareRoot,
    Progress,
    TimeLimit,
    TokenCrossEntropy,
)


class Pace(NamedTuple):
    """How fast a model learns.

    Attributes:
        peak: of the learning rate.
        warmup: steps in which it rises.
        momentum: of the average of weights.
    """

    peak: float
    warmup: int
    momentum: float

    @classmethod
    def of(cls, options: argparse.Namespace, peak: float) -> Pace:
        """Fine-tuning: lower rate, faster-moving average. Short runs warm up faster.

        Example:
            >>> Pace.of(argparse.Namespace(init="translator", steps=None), 2e-3)
            Pace(peak=0.0005, warmup=100, momentum=0.99)
        """
        if options.init:
            return cls(peak / 4, 100, 0.99)
        return cls(peak, 200 if options.steps else 400, 0.998)


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
) -> BetterWeights:
    """Trains until `--steps` or `--minutes`, in the run directory `--output`.

    Args:
        options: also recorded, all of them.
        batches: what to fit.
        score: of generated texts, after each epoch.
        watch: the metric of `score` that chooses between raw and averaged weights.
        pace: of learning.
        model: to be described in the record.
        corpora: to be named in the record.
        loss: label-smoothed cross-entropy of tokens where None.

    Returns:
        What left the better of raw and averaged weights.
    """
    batches.model.compile(
        keras.optimizers.Adam(
            InverseSquareRoot(pace.peak, pace.warmup),
            beta_2=0.98,
            global_clipnorm=1.0,
            use_ema=True,
            ema_momentum=pace.momentum,
        ),
        loss or TokenCrossEntropy(label_smoothing=0.1),
        metrics=None if loss else [TokenAccuracy()],
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
            steps_per_epoch=10 if options.smoke else 500,
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
    """Returns what measures one metric, with the sign that makes higher better."""
    sign = -1 if less_is_better(watch) else 1
    return lambda: sign * score.measure()[watch.lower()]
