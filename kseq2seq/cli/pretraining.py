"""An encoder that first learns to guess hidden tokens of the training sources."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import keras

from kseq2seq.data import Corpus, fit_buckets, masked_batches, survey, train_batches
from kseq2seq.models import build_model, warm_start
from kseq2seq.pipeline import Pipeline
from kseq2seq.training import TimeLimit, TokenCrossEntropy

_RATE = 1e-3
_BUCKETS = 6
_STEPS = 50  # between looks at the clock's limit and the loss


def pretrain(
    options: argparse.Namespace,
    pipeline: Pipeline,
    train: Corpus,
    minutes: float,
    sizes: Mapping[str, Any],
) -> float:
    """Starts the encoder of a new model from one that guesses hidden tokens of the sources.

    Args:
        options: `seed`, `batch_tokens`, `graph` and `smoke`.
        pipeline: whose model has the encoder of a "masked_lm", and whose source is ids.
        train: the training examples, whose targets are not looked at.
        minutes: of guessing, the first step left out.
        sizes: those of the model.

    Returns:
        The loss of the last guesses, in nats.

    Raises:
        ValueError: if the two encoders differ.
    """
    source = pipeline.source
    masked = build_model("masked_lm", source.vocabulary_size, **sizes)
    buckets = fit_buckets(survey(train, source, pipeline.target), 1 if options.smoke else _BUCKETS)
    budget = {"seed": options.seed, "tokens_per_batch": options.batch_tokens}
    batches = train_batches(train, source, pipeline.target, buckets=buckets, **budget)
    batches = masked_batches(batches, source, seed=options.seed)
    compiles = not (options.graph or options.smoke)
    masked.compile(keras.optimizers.Adam(_RATE), TokenCrossEntropy(), jit_compile=compiles)
    limit = TimeLimit(minutes)
    losses = masked.fit(
        batches,
        steps_per_epoch=_STEPS,
        epochs=10**6,
        verbose=0,
        shuffle=False,
        callbacks=[limit],
    )
    warm_start(pipeline.model, masked)
    return losses.history["loss"][-1]
