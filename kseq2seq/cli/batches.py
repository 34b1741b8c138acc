"""What a recipe fits, and on what: packed rows, or batches of a few shapes."""

from __future__ import annotations

import argparse
from typing import NamedTuple

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
from kseq2seq.models import Seq2Seq
from kseq2seq.pipeline import Pipeline
from kseq2seq.training import packed

_LARGE = 30_000  # pairs that fill many buckets


class Batches(NamedTuple):
    """What is fitted.

    Attributes:
        model: the pipeline's, or a view of it.
        dataset: of batches, without end.
        shapes: in how many shapes they come, where each is compiled.
        compiles: whether XLA compiles.
    """

    model: keras.Model
    dataset: tf.data.Dataset
    shapes: int
    compiles: bool


def make_batches(options: argparse.Namespace, pipeline: Pipeline, corpus: Corpus) -> Batches:
    """Counts a corpus, prints the counts, and returns batches of it.

    Args:
        options: `batch_tokens`, `seed`, `packed`, `graph` and `smoke`.
        pipeline: whose model, source and target are used.
        corpus: for training.

    Raises:
        ValueError: if no pair can be trained on, or rows can't be packed for such a model.
    """
    assert isinstance(pipeline.model, Seq2Seq)  # others are not trained
    sides = pipeline.source, pipeline.target
    found = survey(corpus, *sides)
    budget = {"seed": options.seed, "tokens_per_batch": options.batch_tokens}
    compiles = _compiles(options, pipeline.model)
    if options.packed:
        view, row = packed(pipeline.model), fit_row(found)
        dataset = packed_batches(corpus, *sides, shape=row, **budget)
        empty = padding_share(dataset, 20)
        print(f"Training pairs\n{found}\nin rows of {row[0]} + {row[1]}, {empty:.1%} padding\n")
        return Batches(view, dataset, 1, compiles)
    buckets = fit_buckets(found, _how_many(options, found, compiles))
    print(f"Training pairs\n{bucket_table(found, buckets)}\n")
    dataset = train_batches(corpus, *sides, buckets=buckets, **budget)
    return Batches(pipeline.model, dataset, len(buckets) if compiles else 1, compiles)


def _how_many(options: argparse.Namespace, found: Survey, compiles: bool) -> int:
    """Returns a number of buckets: few where each is compiled, one where seconds count."""
    if options.smoke:
        return 1
    return 40 if found.kept > _LARGE and not compiles else 6


def _compiles(options: argparse.Namespace, model: keras.Model) -> bool:
    """XLA's products for CPUs are not in bfloat16, TensorFlow's own are. It compiles each shape."""
    if options.smoke or options.graph:
        return False
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return on_gpu or model.dtype_policy.name != "mixed_bfloat16"
