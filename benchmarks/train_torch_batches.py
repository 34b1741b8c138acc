"""PyTorch has no batches of sentences of its own: a budget of tokens over sorted pairs."""

import numpy as np
import torch


def sorted_batches(sources, targets, settings):
    """Yields batches without end: each epoch is sorted by length and cut to the budget.

    A batch is no longer than its longest sentence, so that hardly any place is padding; equally
    long pairs, and the batches, come in a new order each time.
    """
    drawn, budget = np.random.default_rng(settings["seed"]), settings["batch_tokens"]
    lengths = np.array([list(map(len, sources)), list(map(len, targets))])
    while True:
        order = drawn.permutation(len(sources))
        order = order[np.lexsort((*lengths[:, order], lengths[:, order].max(axis=0)))]
        batches, rows = [], []
        for row in order:  # each is at least as long as those before
            if (len(rows) + 1) * lengths[:, row].max() > budget:
                batches.append(rows)
                rows = []
            rows.append(row)
        batches.append(rows)
        for index in drawn.permutation(len(batches)):
            rows, longest = batches[index], lengths[:, batches[index]].max(axis=1)
            yield padded([sources[row] for row in rows], [targets[row] for row in rows], longest)


def bucketed_batches(sources, targets, settings):
    """Yields batches without end, padded to the few static shapes that we use."""
    drawn, buckets = np.random.default_rng(settings["seed"]), np.array(settings["buckets"])
    lengths = np.array([list(map(len, sources)), list(map(len, targets))]).T
    bucket_of = (lengths[:, None] <= buckets).all(axis=-1).argmax(axis=1)
    sizes = settings["batch_tokens"] // buckets.max(axis=1)
    waiting = [[] for _ in buckets]
    while True:
        for row in drawn.permutation(len(sources)):
            bucket = bucket_of[row]
            waiting[bucket].append(row)
            if len(waiting[bucket]) == sizes[bucket]:
                rows, waiting[bucket] = waiting[bucket], []
                given = [sources[row] for row in rows], [targets[row] for row in rows]
                yield padded(*given, buckets[bucket])


def padded(sources, targets, lengths):
    """Returns source, target (start first) and labels (end last), int64 (B, S) and (B, T)."""
    source, labels = (
        np.zeros((len(rows), length), "int64")
        for rows, length in zip((sources, targets), lengths, strict=True)
    )
    for array, rows in ((source, sources), (labels, targets)):
        for place, row in zip(array, rows, strict=True):
            place[: len(row)] = row
    target = np.ones_like(labels)
    target[:, 1:] = np.where(labels[:, 1:] == 0, 0, labels[:, :-1])
    return torch.from_numpy(source), torch.from_numpy(target), torch.from_numpy(labels)


BATCHES = {"sorted": sorted_batches, "bucketed": bucketed_batches}
