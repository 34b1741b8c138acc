"""What a recipe writes for use elsewhere, loaded again and given raw input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from kseq2seq.decoding import Beam, Greedy
from kseq2seq.pipeline import Pipeline


def export_served(pipeline: Pipeline, directory: Path) -> Callable[[Any], str]:
    """Writes a SavedModel and loads it again, without the package's classes.

    Args:
        pipeline: what to write.
        directory: where.

    Returns:
        What runs a raw input through the model that was loaded, and returns its best text.
    """
    pipeline.export(directory)
    signatures = tf.saved_model.load(str(directory)).signatures
    signature = signatures["beam" if isinstance(pipeline.search, Beam) else "serving_default"]

    def served(raw: Any) -> str:
        texts = signature(**_given(pipeline.source, raw))["texts"].numpy()
        return texts.reshape(-1)[0].decode()  # of a beam the best comes first

    return served


def export_mobile(pipeline: Pipeline, file: Path, precision: str) -> Callable[[Any], str]:
    """Writes a TFLite file and opens it again, as a phone does.

    Args:
        pipeline: what to write, for greedy search.
        file: where.
        precision: of its weights.

    Returns:
        What runs a raw input through the file.
    """
    import kseq2seq_runtime  # which a user may do without

    pipeline.export(file, format="tflite", precision=precision, search=Greedy())
    opened = kseq2seq_runtime.Pipeline(file)
    return lambda raw: opened.texts([raw])[0]


def _given(source: Any, raw: Any) -> dict[str, tf.Tensor]:
    """Returns a raw input as a signature takes it: a batch of one."""
    if not hasattr(source, "raw"):
        return {"texts": tf.constant([raw])}
    named = zip(
        tf.nest.flatten(source.raw),
        tf.nest.flatten(source.batch([source.read(raw)])),
        strict=True,
    )
    return {spec.name: value for spec, value in named}
