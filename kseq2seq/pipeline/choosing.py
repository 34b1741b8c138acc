"""The likeliest of some known texts: recognition with a closed vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole, raw_texts
from kseq2seq.decoding import compiled, traced
from kseq2seq.decoding.tensors import log_softmax
from kseq2seq.heads import Ctc
from kseq2seq.heads.ctc_loss import POSSIBLE, labels_of, log_likelihood
from kseq2seq.pipeline.prediction import Alternative, Prediction
from kseq2seq.pipeline.raws import chosen_too_long, raw_graphs

SHOWN = 5  # texts of a prediction
_MOST_ROWS = 4096  # sources times texts that are compared at once


def choose(
    pipeline: Any, sources: Sequence[Any], texts: Sequence[str], *, batch_size: int = 16
) -> list[Prediction]:
    """Returns the texts that CTC holds for the likeliest, of those that may have been said.

    Args:
        pipeline: a `Pipeline` whose model has the head "ctc" or "joint".
        sources: N raws.
        texts: K texts, for example commands, of which one was said each time.
        batch_size: how many sources are run together, at most.

    Returns:
        N predictions of up to five texts, the likeliest first; of a source that is empty, or too
        short for each of the texts, an empty text. A score is the log-probability of a text, of all
        K together 1: its exponential says how sure the choice is.

    Raises:
        ValueError: the model has no CTC head, or a text is too long.

    Example:
        ::

            said = choose(pipeline, ["door.wav"], ["open the door", "close the door"])[0].text
    """
    model, target = pipeline.model, pipeline.target
    head = getattr(model, "head", None)
    if not isinstance(head, Ctc):
        raise ValueError("`pipeline` must have a model with head='ctc' or 'joint', which has CTC.")
    check_whole("batch_size", batch_size)
    texts = raw_texts(texts, "texts")
    ids = target.ids(texts).to_tensor()
    if not len(texts) or ids.shape[1] > target.max_length:
        raise ValueError(f"`texts` must be texts of at most {target.max_length} {target.unit}.")
    raws = pipeline.source.several(sources)
    graphs = raw_graphs(pipeline, chosen_too_long(pipeline.source, None))
    lengths, empty = graphs.measure(raws)
    if (lengths > pipeline.source.max_length).any():
        raise ValueError(f"A source is longer than {pipeline.source.max_length}. Shorten it.")
    batch_size = max(1, min(batch_size, _MOST_ROWS // len(texts)))
    score = compiled(model, ("choose",), lambda: traced(_scores(model)))
    found = [Prediction("", 0.0)] * len(raws)
    order = [index for index in np.argsort(lengths, kind="stable").tolist() if not empty[index]]
    for first in range(0, len(order), batch_size):
        batch = order[first : first + batch_size]
        scores = score(graphs.inputs([raws[index] for index in batch]), ids).numpy()
        for index, row in zip(batch, scores, strict=True):
            best = [n for n in np.argsort(-row, kind="stable")[:SHOWN] if np.isfinite(row[n])]
            if not best:
                continue
            ranked = [Alternative(texts[n], float(row[n])) for n in best]
            found[index] = Prediction(*ranked[0], alternatives=[*ranked[1:]])
    return found


def _scores(model: Any) -> Any:
    """Returns a function from inputs and ids (K, T) to log-probabilities (B, K); in graph."""

    def scores(inputs: dict[str, tf.Tensor], ids: tf.Tensor) -> tf.Tensor:
        encoded = model.encoder({name: inputs[name] for name in model.encoder.input})
        logs = log_softmax(model.head(encoded, training=False))
        labels, count = labels_of(ids, model.head.end)
        rows, texts = tf.shape(logs)[0], tf.shape(ids)[0]
        likely = log_likelihood(
            tf.repeat(logs, texts, axis=0), tf.tile(labels, [rows, 1]), tf.tile(count, [rows])
        )
        likely = tf.reshape(likely, [rows, texts])
        shares = tf.nn.log_softmax(likely)
        return tf.where(likely > POSSIBLE, shares, -np.inf)

    return scores
