"""What is written to disk is a format: records carry its number and are upgraded when read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

FORMAT = "format"


def upgraded(
    record: Mapping[str, Any],
    upgrades: Sequence[Callable[[dict[str, Any]], dict[str, Any]]],
    what: str,
) -> dict[str, Any]:
    """Returns a record in today's format, which is `len(upgrades) + 1`.

    Args:
        record: as it was read; without `format` it is of format 1.
        upgrades: the n-th (from 1) makes a record of format n + 1 from one of format n.
        what: names the record in errors, for example the path of its file.

    Raises:
        ValueError: the format is no whole number from 1 on, or a newer one than today's.

    Example:
        >>> from kseq2seq.formats import upgraded
        >>> def renamed(record):
        ...     return {"hidden_dim": record["units"]}
        >>> upgraded({"units": 8}, [renamed], "model.json")
        {'hidden_dim': 8, 'format': 2}
    """
    newest = len(upgrades) + 1
    number = record.get(FORMAT, 1)
    if type(number) is not int or number < 1:
        raise ValueError(f"{what} has format {number!r}; it must be a whole number from 1 on.")
    if number > newest:
        raise ValueError(
            f"{what} has format {number}; this kseq2seq reads formats up to {newest}. Load it with "
            "a newer kseq2seq."
        )
    bare = {name: value for name, value in record.items() if name != FORMAT}
    for upgrade in upgrades[number - 1 :]:
        bare = upgrade(bare)
    return {**bare, FORMAT: newest}
