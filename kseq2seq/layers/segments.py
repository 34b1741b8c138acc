"""Several sequences in one row, kept apart: what sees what, and where each begins.

A packed row numbers its sequences from 1: the segment of a position is the number of its sequence,
0 at padding. The positions of a segment are side by side:

    tokens     7 8 2 | 9 2 | 0
    segments   1 1 1 | 2 2 | 0
    starts     0 0 0 | 3 3 | 5
"""

from __future__ import annotations

from keras import ops


def together(queries, keys):
    """Returns a mask that is True where a query and a key belong to the same segment.

    Args:
        queries: int (B, T), the segments of the queries.
        keys: int (B, S), the segments of the keys.

    Returns:
        bool (B, T, S), a mask for each query.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers.segments import together
        >>> np.array(together(np.array([[1, 2]]), np.array([[1, 1, 2]]))).astype(int).tolist()
        [[[1, 1, 0], [0, 0, 1]]]
    """
    return ops.equal(queries[:, :, None], keys[:, None, :])


def first_positions(queries, keys):
    """Returns where the segment of each query begins among the keys.

    Args:
        queries: int (B, T), the segments of the queries.
        keys: int (B, S), the segments of the keys.

    Returns:
        int32 (B, T), from 0; S where no key is of the query's segment.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers.segments import first_positions
        >>> segments = np.array([[1, 1, 2, 2, 2, 0]])
        >>> np.array(first_positions(segments, segments)).tolist()
        [[0, 0, 2, 2, 2, 5]]
    """
    length = ops.shape(keys)[1]
    positions = ops.arange(length, dtype="int32")
    return ops.min(ops.where(together(queries, keys), positions, length), axis=-1)  # over (B, T, S)
