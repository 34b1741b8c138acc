"""Names of columns in messages, however many there are."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 10
_LONGEST = 40


def shown_names(names: Sequence[str]) -> str:
    """Returns a list of names for a message, with at most ten of them, each cut to 40 characters.

    Args:
        names: the fields of a header, or the keys of an object.

    Example:
        >>> from kseq2seq.data.shown import shown_names
        >>> shown_names(["source", "target"])
        "['source', 'target']"
        >>> shown_names(["n"] * 1000)[-23:]
        "'n', 'n', ... 990 more]"
    """
    parts = [
        repr(name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "...")
        for name in names[:_MOST]
    ]
    more = [f"... {len(names) - _MOST:,} more"] if len(names) > _MOST else []
    return f"[{', '.join(parts + more)}]"
