"""Texts as they are being written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kseq2seq.decoding import Loop, UnsatisfiedError, compiled, traced
from kseq2seq.text import TextTarget
from kseq2seq.text.tokenizer import REPLACEMENT


def stream_text(model: Any, loop: Loop, started: dict, target: TextTarget) -> Iterator[str]:
    """Yields what is written of one target, after each step that adds to it.

    A character whose bytes are not all there is held back until they are.

    Args:
        model: what decodes.
        loop: its loop.
        started: what `prepare` made of one source.
        target: ids -> texts.

    Raises:
        UnsatisfiedError: once it is sure that the filters leave no target.
    """
    start, run, finish, done = compiled(model, ("stream", loop.key), lambda: _graphs(model, loop))
    carry, shown = start(started), ""
    while not done(carry):
        carry = run(carry)
        text = target.texts(carry.live.ids[:1]).numpy()[0].decode()
        # Later bytes may complete what now can't be read; at the end it is shown as it is.
        text = text.rstrip(REPLACEMENT)
        if text != shown:
            shown = text
            yield text
    ids, lengths = finish(carry)
    if not lengths[0, 0]:
        raise UnsatisfiedError([0], 1, "text")
    text = target.texts(ids[:, 0]).numpy()[0].decode()
    if text != shown:
        yield text


def _graphs(model: Any, loop: Loop) -> tuple:
    """The loop's parts as graphs."""

    def start(started):
        return loop.start(
            model.encoder(started["source"], training=False),
            source=started["source"]["source"],
            seeds=started["seeds"],
            given=started["given"],
            numbers=started["numbers"],
        )

    def run(carry):
        return loop.run(carry, 1)

    def finish(carry):
        return loop.finish(carry)[:2]

    return tuple(map(traced, (start, run, finish, loop.done)))
