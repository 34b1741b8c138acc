"""How often each pair of lengths occurs, in memory that grows with the different ones alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

_MOST_CELLS = 2**27  # of a matrix: a gibibyte
_PENDING = 2**20  # pairs that wait to be merged
_BITS = 32


class Lengths(NamedTuple):
    """The different pairs of lengths of a corpus, and how often each occurs.

    Args:
        sizes: int64 (K, 2), source and target lengths, in rising order, each once.
        counts: int64 (K,), pairs that have them.
        limits: the longest source and the longest target allowed.

    Example:
        >>> matrix = np.zeros((9, 9), int)
        >>> matrix[4, 6] = 10
        >>> Lengths.of(matrix)
        Lengths(sizes=array([[4, 6]]), counts=array([10]), limits=(8, 8))
    """

    sizes: np.ndarray
    counts: np.ndarray
    limits: tuple[int, int]

    @classmethod
    def of(cls, matrix: Any) -> Lengths:
        """Returns the lengths in a matrix of counts, (longest source + 1, longest target + 1).

        Raises:
            ValueError: it is no matrix of whole numbers.
        """
        matrix = np.asarray(matrix)
        if matrix.ndim != 2 or not matrix.size or matrix.dtype.kind not in "iub":
            raise ValueError(
                "`lengths` must be a matrix of counts, (longest source + 1, longest target + 1); "
                f"got {matrix.dtype} of shape {matrix.shape}."
            )
        limits = matrix.shape[0] - 1, matrix.shape[1] - 1
        return cls(np.argwhere(matrix), matrix[matrix.nonzero()].astype(np.int64), limits)

    def matrix(self) -> np.ndarray:
        """Returns int64 (longest source + 1, longest target + 1), as `of` takes it.

        Raises:
            ValueError: it would not fit in memory.
        """
        shape = self.limits[0] + 1, self.limits[1] + 1
        if shape[0] * shape[1] > _MOST_CELLS:
            raise ValueError(
                f"A matrix of {shape[0]:,} x {shape[1]:,} lengths is too large. Use the survey's "
                "`occurring`, whose `sizes` and `counts` hold those that occur."
            )
        dense = np.zeros(shape, np.int64)
        dense[tuple(self.sizes.T)] = self.counts
        return dense

    def side(self, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the lengths of one side, in rising order, and how many pairs have each."""
        values, indices = np.unique(self.sizes[:, axis], return_inverse=True)
        return values, np.bincount(indices, self.counts, len(values)).astype(np.int64)


class LengthCounter:
    """Adds up lengths as they come, a group of pairs at a time.

    Args:
        limits: the longest source and the longest target allowed, below 2**31.

    Example:
        >>> counter = LengthCounter((8, 8))
        >>> counter.add(np.array([[4, 6], [2, 2], [4, 6]]))
        >>> counter.lengths().counts.tolist()
        [1, 2]
    """

    def __init__(self, limits: tuple[int, int]):
        self.limits = limits
        self._keys = np.zeros(0, np.int64)
        self._counts = np.zeros(0, np.int64)
        self._pending: list[np.ndarray] = []
        self._waiting = 0

    def add(self, lengths: np.ndarray) -> None:
        """Counts the pairs of lengths (N, 2)."""
        lengths = lengths.astype(np.int64)  # as keys (N,): source length * 2**32 + target length
        self._pending.append((lengths[:, 0] << _BITS) | lengths[:, 1])
        self._waiting += len(lengths)
        if self._waiting > _PENDING:
            self._merge()

    def lengths(self) -> Lengths:
        """Returns what was counted."""
        self._merge()
        sizes = np.stack([self._keys >> _BITS, self._keys & (2**_BITS - 1)], axis=1)
        return Lengths(sizes, self._counts, self.limits)

    def _merge(self) -> None:
        keys = np.concatenate([self._keys, *self._pending])
        counts = np.concatenate([self._counts, np.ones(self._waiting, np.int64)])
        self._keys, indices = np.unique(keys, return_inverse=True)
        merged = np.zeros(len(self._keys), np.int64)
        np.add.at(merged, indices, counts)
        self._counts, self._pending, self._waiting = merged, [], 0
