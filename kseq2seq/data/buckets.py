"""A few static lengths to pad to, chosen to pad least, and how much padding is left."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kseq2seq.data.survey import Survey

Bucket = tuple[int, int]
_LEVELS = 40


def fit_buckets(survey: Survey, count: int = 6, multiple_of: int = 1) -> list[Bucket]:
    """Chooses nested length buckets that leave the least padding.

    Each pair goes to the first bucket that holds both its sides. So with C(S, T) the number of
    pairs no longer than (S, T), batches of the buckets 1..K have
    `sum_k (C(S_k, T_k) - C(S_k-1, T_k-1)) * (S_k + T_k)` positions. The least is a shortest path
    over the grid of lengths, found by dynamic programming: exactly while the corpus has at most 40
    different lengths a side, else over 40 of them that cover its distribution.

    Args:
        survey: the lengths of the corpus.
        count: the most buckets, so the most shapes that XLA compiles.
        multiple_of: lengths are rounded up to a multiple of this, but never beyond the longest
            allowed; 8 suits the tensor cores of a GPU.

    Returns:
        Buckets (source units, target ids) from short to long, neither side ever shrinking.
        The last holds the longest kept source and the longest kept target.

    Raises:
        ValueError: if the survey kept no pair.

    Example:
        >>> lengths = np.zeros((17, 17), int)
        >>> lengths[4, 4], lengths[5, 4], lengths[16, 12] = 90, 9, 1
        >>> fit_buckets(Survey(lengths), count=2)
        [(5, 4), (16, 12)]
    """
    if count < 1 or multiple_of < 1:
        raise ValueError(
            f"`count` and `multiple_of` must be at least 1; got {count} and {multiple_of}."
        )
    survey.longest()  # raises if no pair is kept
    lengths = survey.occurring
    sides = [_levels(*lengths.side(axis), multiple_of, lengths.limits[axis]) for axis in (0, 1)]

    # 1. Each of the P points of the grid is a possible bucket: grid (P, 2) has its lengths, size
    #    (P,) their sum, and fitting (P,) how many pairs are no longer.
    grid = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 2)
    cell = [
        np.searchsorted(levels, side) for levels, side in zip(sides, lengths.sizes.T, strict=True)
    ]
    pairs = np.zeros([len(levels) for levels in sides])
    np.add.at(pairs, tuple(cell), lengths.counts)
    fitting = pairs.cumsum(axis=0).cumsum(axis=1).reshape(-1)
    size = grid.sum(axis=1)

    # 2. step[q, p] is the cost of the pairs that fit in bucket p but not in the smaller bucket q:
    #    the positions that they take in batches of p; infinite where q is not smaller. (P, P)
    nested = (grid[:, None] <= grid[None]).all(axis=-1)
    step = np.where(nested, (fitting[None] - fitting[:, None]) * size, np.inf)

    # 3. cost[p] (P,) is that of all pairs that fit in p, with p the largest of k buckets. Add
    #    buckets one at a time, and remember the one below p that is cheapest; the last point holds
    #    all pairs.
    cost = fitting * size
    came_from: list[np.ndarray] = []
    best_costs = [cost[-1]]
    for _ in range(count - 1):
        total = cost[:, None] + step
        came_from.append(total.argmin(axis=0))
        cost = total.min(axis=0)
        best_costs.append(cost[-1])

    # 4. Walk back from the last point, from the fewest buckets that reach the least cost.
    point = len(grid) - 1
    chain = [point]
    for back in reversed(came_from[: int(np.argmin(best_costs))]):
        point = int(back[point])
        chain.append(point)
    return [(int(s), int(t)) for s, t in grid[chain[::-1]]]


def bucket_fill(survey: Survey, buckets: list[Bucket]) -> list[tuple[int, float]]:
    """Counts the pairs of each bucket, and how much of it is padding.

    Args:
        survey: the lengths of the corpus.
        buckets: nested buckets, from short to long.

    Returns:
        (pairs, share of padding from 0 to 1) of each bucket.

    Example:
        >>> lengths = np.zeros((9, 9), int)
        >>> lengths[2, 2], lengths[8, 4] = 3, 1
        >>> bucket_fill(Survey(lengths), [(2, 2), (8, 8)])
        [(3, 0.0), (1, 0.25)]
    """
    lengths = survey.occurring
    which = first_bucket(lengths.sizes, buckets)
    fills = []
    for number, bucket in enumerate(buckets):
        counts = lengths.counts[which == number]
        pairs = int(counts.sum())
        real = int(lengths.sizes[which == number].sum(axis=1) @ counts)
        fills.append((pairs, 1 - real / max(pairs * sum(bucket), 1)))
    return fills


def first_bucket(sizes: np.ndarray, buckets: list[Bucket]) -> np.ndarray:
    """Returns the number (K,) of the first bucket that holds lengths (K, 2), or how many there are.

    Example:
        >>> first_bucket(np.array([[2, 2], [3, 2], [9, 9]]), [(2, 2), (8, 8)]).tolist()
        [0, 1, 2]
    """
    which = np.full(len(sizes), len(buckets))
    for number, bucket in reversed(list(enumerate(buckets))):
        which[np.all(sizes <= bucket, axis=1)] = number
    return which


def bucket_table(survey: Survey, buckets: list[Bucket]) -> str:
    """Returns a table of the survey, and of the padding of each bucket and of all of them.

    Args:
        survey: the lengths of the corpus.
        buckets: nested buckets, from short to long.

    Returns:
        A table of several lines.

    Example:
        >>> lengths = np.zeros((9, 9), int)
        >>> lengths[2, 2], lengths[8, 4] = 3, 1
        >>> print(bucket_table(Survey(lengths), [(2, 2), (8, 8)]))
        pairs               4  100.0%
        kept                4  100.0%  14 source, 10 target tokens
        too long            0    0.0%  more than 8 x 8 tokens
        empty               0    0.0%  a side without a token
        <BLANKLINE>
        bucket          pairs  padding
        2 x 2               3    0.0%
        8 x 8               1   25.0%
        all                 4   14.3%
    """
    fills = bucket_fill(survey, buckets)
    cells = sum(pairs * sum(bucket) for (pairs, _), bucket in zip(fills, buckets, strict=True))
    overall = 1 - (survey.source_tokens + survey.target_tokens) / max(cells, 1)
    rows = [
        f"{f'{source} x {target}':<9}{pairs:>12,}{share:>8.1%}"
        for (source, target), (pairs, share) in zip(buckets, fills, strict=True)
    ]
    head = f"{'bucket':<9}{'pairs':>12}{'padding':>9}"
    foot = f"{'all':<9}{sum(pairs for pairs, _ in fills):>12,}{overall:>8.1%}"
    return "\n".join([str(survey), "", head, *rows, foot])


def _levels(
    occurring: np.ndarray, counts: np.ndarray, multiple_of: int, longest: int
) -> np.ndarray:
    """The lengths that a bucket may have: all that occur, or 40 that cover them."""
    rounded = np.minimum(-(-occurring // multiple_of) * multiple_of, longest)
    levels = np.unique(rounded)
    if len(levels) <= _LEVELS:
        return levels
    share = counts.cumsum() / counts.sum()
    wanted = np.arange(1, _LEVELS // 2 + 1) / (_LEVELS // 2)
    by_pairs = rounded[np.searchsorted(share, wanted - 1e-9)]
    by_length = levels[np.linspace(0, len(levels) - 1, _LEVELS // 2).astype(int)]
    return np.unique(np.concatenate([by_pairs, by_length]))


def padding_share(batches: tf.data.Dataset, count: int = 100, padding: int = 0) -> float:
    """Measures the share of padding in batches, of both sides together.

    Args:
        batches: from `train_batches`, `eval_batches` or `packed_batches`.
        count: how many batches to look at.
        padding: the id of padding.

    Returns:
        The share, from 0 to 1.

    Raises:
        ValueError: if there are no batches.

    Example:
        >>> inputs = {"source": tf.constant([[5, 2, 0, 0]])}
        >>> batches = tf.data.Dataset.from_tensors((inputs, tf.constant([[7, 6, 2, 0]])))
        >>> padding_share(batches)
        0.375
    """
    padded = positions = 0
    for inputs, labels in batches.take(count):
        if "source_mask" in inputs:
            unreal = tf.cast(inputs["source_mask"], tf.int32) == 0
        else:
            unreal = inputs["source"] == padding
        for side in (unreal, labels == padding):
            padded += int(tf.math.count_nonzero(side))
            positions += int(tf.size(side))
    if not positions:
        raise ValueError("There are no batches to measure.")
    return padded / positions
