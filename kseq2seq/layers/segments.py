"""Several sequences in one row, kept apart: what sees what, and where each begins.

A segment is the number, from 1, of the sequence that a place of a row belongs to; 0 is padding.
The places of a segment lie side by side.
"""

from __future__ import annotations

from keras import ops


def together(queries, keys):
    """Returns a mask that is True where a query and a key are of the same segment.

    Args:
        queries: int (B, T), the segments of the queries.
        keys: int (B, S), the segments of the keys.

    Returns:
        bool (B, T, S), a mask for each query.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import together
        >>> np.array(together(np.array([[1, 2]]), np.array([[1, 1, 2]]))).astype(int).tolist()
        [[[1, 1, 0], [0, 0, 1]]]
    """
    return ops.equal(queries[:, :, None], keys[:, None, :])


def first_places(queries, keys):
    """Returns where the segment of each query begins among the keys.

    Args:
        queries: int (B, T), the segments of the queries.
        keys: int (B, S), the segments of the keys.

    Returns:
        int32 (B, T), from 0; S where no key is of the query's segment.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import first_places
        >>> segments = np.array([[1, 1, 2, 2, 2, 0]])
        >>> np.array(first_places(segments, segments)).tolist()
        [[0, 0, 2, 2, 2, 5]]
    """
    length = ops.shape(keys)[1]
    places = ops.arange(length, dtype="int32")
    return ops.min(ops.where(together(queries, keys), places, length), axis=-1)
