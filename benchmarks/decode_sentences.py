"""Held-out sentences as ids, and their decoding by us: our side of `decode_peers.py`."""

import time
from itertools import islice

import kseq2seq as ks
from kseq2seq.pipeline.generator import in_parallel

# isort: split
import numpy as np
import tensorflow as tf

ROWS = 64


def held_out(pipeline: ks.Pipeline, corpus: str, count: int) -> list[list[int]]:
    """Returns at most `count` test sources as ids, the shortest first, in full batches."""
    pairs = ks.data.split_corpora(ks.data.named_pairs(corpus))["test"]
    texts = [pair.source for pair in islice(pairs, 2 * count)]
    lengths = pipeline.source.lengths(texts).numpy()
    fits = (lengths > 1) & (lengths <= pipeline.source.max_length)
    texts = [text for text, fit in zip(texts, fits, strict=True) if fit][:count]
    texts = texts[: len(texts) // ROWS * ROWS]
    if not texts:
        raise SystemExit(f"{corpus} has fewer than {ROWS} held-out sentences; name a larger one.")
    given = pipeline.source(texts)
    rows = zip(given["source"].numpy(), given["source_mask"].numpy(), strict=True)
    return sorted((ids[mask].tolist() for ids, mask in rows), key=len)


def batches(sources: list[list[int]], rows: int, multiple: int) -> list[dict]:
    """Returns the inputs of our model, padded to a multiple of some length."""
    made = []
    for first in range(0, len(sources), rows):
        some = sources[first : first + rows]
        width = -(-max(map(len, some)) // multiple) * multiple
        ids = np.zeros((len(some), width), "int32")
        for row, source in zip(ids, some, strict=True):
            row[: len(source)] = source
        made.append({"source": tf.constant(ids), "source_mask": tf.constant(ids != 0)})
    return made


def decode(model: ks.Seq2Seq, given: list[dict], search, longest: int, jit: bool, workers: int = 1):
    """Returns our best targets, their scores, and seconds."""

    def find(batch):
        made = ks.decode(model, batch, search, max_length=longest, jit_compile=jit)
        return made.ids.numpy(), made.lengths.numpy(), made.scores.numpy()

    began = time.perf_counter()
    found = list(in_parallel(find, reversed(given), workers))[::-1]
    seconds = time.perf_counter() - began
    targets = [
        row[0, : length[0]].tolist()
        for ids, lengths, _ in found
        for row, length in zip(ids, lengths, strict=True)
    ]
    return targets, np.concatenate([scores[:, 0] for *_, scores in found]), seconds
