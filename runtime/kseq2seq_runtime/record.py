"""What a file says of its model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from kseq2seq_runtime.fields import at_least_one, read_field


class SpecialTokens(NamedTuple):
    """Ids of the tokens that are not text.

    Attributes:
        padding: fills rows up.
        start: what a decoder is given first.
        end: closes a sequence.
        unknown: whatever the vocabulary lacks.
    """

    padding: int = 0
    start: int = 1
    end: int = 2
    unknown: int = 3


@dataclass(frozen=True)
class Record:
    """What a file says of its model.

    Attributes:
        precision: "float32", "float16" or "int8", of the weights.
        parameters: how many numbers the model has learned.
        source_length: S, the most tokens of a source, its end included.
        target_length: T, the most tokens of a target, its end included.
        source_vocabulary: how many ids a source may have.
        target_vocabulary: V, how many ids a target may have.
        special: the target's ids that are not text.
        search: what `generate` runs: its "type", and its settings.
    """

    precision: str
    parameters: int
    source_length: int
    target_length: int
    source_vocabulary: int
    target_vocabulary: int
    special: SpecialTokens
    search: dict[str, Any]


def read_record(given: dict[str, Any], where: str) -> Record:
    """Returns what `kseq2seq.json` says.

    Args:
        given: its content.
        where: what to call it in an error.

    Raises:
        ValueError: a field is missing, of another type, or out of range.
    """
    vocabulary = at_least_one(given, "target_vocabulary", where)
    ids = read_field(given, "special", dict, where)
    special = SpecialTokens(*(read_field(ids, name, int, where) for name in SpecialTokens._fields))
    if len(set(special)) < len(special) or not all(0 <= token < vocabulary for token in special):
        raise ValueError(
            f"{where}: the special ids must be {len(special)} different ones of {vocabulary}, they "
            f"are {tuple(special)}. Export the model again."
        )
    search = read_field(given, "search", dict, where)
    read_field(search, "type", str, where)
    return Record(
        precision=read_field(given, "precision", str, where),
        parameters=at_least_one(given, "parameters", where),
        source_length=at_least_one(given, "source_length", where),
        target_length=at_least_one(given, "target_length", where),
        source_vocabulary=at_least_one(given, "source_vocabulary", where),
        target_vocabulary=vocabulary,
        special=special,
        search=search,
    )
