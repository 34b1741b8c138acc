"""Texts as they are being written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from kseq2seq.decoding import Loop, seeds_of
from kseq2seq.text import TextTarget
from kseq2seq.text.tokenizer import REPLACEMENT


def stream_text(
    model: Any, loop: Loop, inputs: dict, target: TextTarget, seed: int
) -> Iterator[str]:
    """Yields what is written of one target, after each step that adds to it.

    A character whose bytes are not all there is held back until they are.

    Args:
        model: what decodes.
        loop: its loop.
        inputs: one source, {"source": (1, S), "source_mask": (1, S)}.
        target: ids -> texts.
        seed: for searches that draw at random.
    """
    start, run, best, done = _compiled(model, loop)
    carry, shown = start(inputs, seeds_of(seed, 1)), ""
    while not done(carry):
        carry = run(carry)
        text = target.texts(carry.live.ids[:1]).numpy()[0].decode()
        # Later bytes may complete what now can't be read; at the end it is shown as it is.
        text = text.rstrip(REPLACEMENT)
        if text != shown:
            shown = text
            yield text
    text = target.texts(best(carry)).numpy()[0].decode()
    if text != shown:
        yield text


def _compiled(model: Any, loop: Loop) -> tuple:
    """The loop's parts as graphs; kept beside Keras' own attributes, which it would save."""
    key = (loop.search, loop.max_length, loop.filters, loop.special)
    compiled = model.__dict__.setdefault("_compiled_streams", {})
    if key not in compiled:

        def start(inputs, seeds):
            encoded = model.encoder(inputs, training=False)
            return loop.start(encoded, source=inputs["source"], seeds=seeds)

        parts = (
            start,
            lambda carry: loop.run(carry, 1),
            lambda carry: loop.finish(carry).ids[:, 0],
            loop.done,
        )
        compiled[key] = tuple(tf.function(part, reduce_retracing=True) for part in parts)
    return compiled[key]
