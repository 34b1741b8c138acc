"""How artifacts lie on disk: versioned JSON, and files checked by their hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FORMAT_VERSION = 1


def json_text(record: Mapping[str, Any]) -> str:
    """Returns a record as JSON with the format version first."""
    text = json.dumps({"format_version": FORMAT_VERSION, **record}, ensure_ascii=False, indent=1)
    return text + "\n"


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Writes what `json_text` makes of a record, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json_text(record), encoding="utf-8", newline="\n")


def read_json(
    path: Path, later: Callable[[dict[str, Any]], Mapping[str, int]] | None = None
) -> dict[str, Any]:
    """Reads what `write_json` wrote.

    Args:
        path: of the file.
        later: a record -> its fields that came with later format versions, and these. A record is
            written in the oldest version that has all its fields, so without them it is of none of
            these.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a JSON object, has no format version, or a newer one.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; give the directory that save() wrote.")
    try:
        record = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON, it may be truncated: {error}") from error
    version = record.get("format_version") if isinstance(record, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError(f"{path} must be a JSON object with a whole `format_version` from 1 on.")
    versions = later(record) if later else {}
    newest = max([FORMAT_VERSION, *(of for name, of in versions.items() if name in record)])
    if version > newest:
        raise ValueError(
            f"{path} has format_version {version}, this kseq2seq reads up to {newest}; "
            "load it with a newer kseq2seq."
        )
    return record


def read_field(record: dict[str, Any], name: str, kind: type, path: Path) -> Any:
    """Returns a field of a record that was read from `path`, refusing another type.

    Raises:
        ValueError: the field is missing or is not of that type.
    """
    if type(record.get(name)) is not kind:
        given = repr(record.get(name, "nothing"))
        given = given if len(given) <= 80 else given[:77] + "..."
        raise ValueError(f"{path} must have a {kind.__name__} as {name!r}, it has {given}.")
    return record[name]


def sha256(content: bytes | str | os.PathLike[str]) -> str:
    """Returns the SHA-256 of bytes, or of the file of a path, which is read in blocks.

    Raises:
        OSError: the file can't be read.

    Example:
        >>> from kseq2seq.disk.files import sha256
        >>> sha256(b"")[:16], sha256(os.devnull)[:16]
        ('e3b0c44298fc1c14', 'e3b0c44298fc1c14')
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with open(content, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checked(path: Path, data: bytes) -> str:
    """Writes bytes and returns their SHA-256, to be kept in the JSON beside them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return sha256(data)


def read_checked(path: Path, expected: str) -> bytes:
    """Reads bytes that must have the given SHA-256.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: its content is not what was saved.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; save it again.")
    data = path.read_bytes()
    if sha256(data) != expected:
        raise ValueError(
            f"{path} ({len(data)} bytes) is not the file that was saved: it is truncated or "
            "changed. Copy it again, or save it again."
        )
    return data
