"""JSON from anywhere, every field of it checked before it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FORMAT_VERSION = 1


def read_object(data: bytes, where: str, later: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Returns a JSON object that has a `format_version` this package reads.

    Args:
        data: the JSON, UTF-8.
        where: what to call it in an error.
        later: field -> the format version that it came with, for fields of later versions.

    Raises:
        ValueError: it is not JSON, not an object, has no format version, or a newer one.

    Example:
        >>> from kseq2seq_runtime.fields import read_object
        >>> read_object(b'{"format_version": 1, "type": "text"}', "source.json")["type"]
        'text'
    """
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is not valid JSON ({error}). Export the model again.") from error
    version = record.get("format_version") if isinstance(record, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError(
            f"{where} must be a JSON object with a whole `format_version` from 1 on. Export the "
            "model again."
        )
    newest = max([FORMAT_VERSION, *(of for name, of in (later or {}).items() if name in record)])
    if version > newest:
        raise ValueError(
            f"{where} has format_version {version}, and this kseq2seq-runtime reads up to "
            f"{newest}. Install a newer kseq2seq-runtime."
        )
    return record


def read_field(record: dict[str, Any], name: str, kind: type, where: str) -> Any:
    """Returns a field, refusing another type.

    Args:
        record: a JSON object.
        name: the field's.
        kind: its exact type: `True` is not an `int`.
        where: what to call the object in an error.

    Raises:
        ValueError: the field is missing or is not of that type.

    Example:
        >>> from kseq2seq_runtime.fields import read_field
        >>> read_field({"source_length": 48}, "source_length", int, "kseq2seq.json")
        48
    """
    value = record.get(name)
    if type(value) is not kind:
        given = f"{value!r:.80}" if name in record else "nothing"
        raise ValueError(
            f"{where} must have {name!r} of type {kind.__name__}, it has {given}. Export the model "
            "again."
        )
    return value


def at_least_one(record: dict[str, Any], name: str, where: str) -> int:
    """Returns a field that is a whole number of at least 1.

    Raises:
        ValueError: it is anything else.

    Example:
        >>> from kseq2seq_runtime.fields import at_least_one
        >>> at_least_one({"source_length": 48}, "source_length", "kseq2seq.json")
        48
    """
    number = read_field(record, name, int, where)
    if number < 1:
        raise ValueError(f"{where} must have at least 1 as {name!r}, it has {number}.")
    return number
