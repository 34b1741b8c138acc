"""Reads a recording as if it were being made, and prints what is known of it."""

from __future__ import annotations

from time import perf_counter

from kseq2seq.decoding import Greedy
from kseq2seq.pipeline import Pipeline, live

PIECE = 0.5  # seconds


def listen(pipeline: Pipeline, file: str) -> None:
    """Prints what is known of a recording after each half second, the words, and the pace.

    Words in brackets may still change. The real-time factor is the time that all passes took, over
    the length of the recording: below 1, the machine keeps up.

    Args:
        pipeline: of a source of arrays in time, for example an `AudioSource`.
        file: of the recording.
    """
    source = pipeline.source
    samples = source.read(file)
    second = source.step / source.unit_seconds
    piece = round(PIECE * second)
    began, words = perf_counter(), []
    for heard in live(
        pipeline,
        (samples[at : at + piece] for at in range(0, len(samples), piece)),
        search=Greedy(),
    ):
        rest, words = " ".join(word.text for word in heard.rest), heard.words
        print(f"{heard.seconds:6.1f} s  {heard.text}" + f"  [{rest}]" * bool(rest))
    spent, seconds = perf_counter() - began, len(samples) / second
    for word in words:
        print(f"  {word.begin:6.2f} to {word.end:6.2f} s  {word.confidence:4.0%}  {word.text}")
    factor = spent / seconds if seconds else 0.0
    print(f"{seconds:.1f} s of sound in {spent:.1f} s: real-time factor {factor:.2f}")
