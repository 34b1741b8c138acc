"""The file: a flatbuffer, and behind it a zip archive of what goes with it."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kseq2seq_runtime.fields import read_field, read_object

RECORD = "kseq2seq.json"
MOST = 64 * 2**20  # bytes of all entries, unpacked; more would be a zip bomb
AGAIN = "Copy it again, or export the model again."


@dataclass(frozen=True, repr=False)
class Bundle:
    """What a file holds, all of it checked against its hashes.

    Attributes:
        path: the file's.
        record: the content of `kseq2seq.json`.
        files: the other entries of the archive, by name.
        model: the whole file; TFLite reads only the flatbuffer at its front.
    """

    path: Path
    record: dict[str, Any]
    files: dict[str, bytes]
    model: bytes

    def file(self, name: str) -> bytes:
        """Returns a file's content.

        Raises:
            ValueError: there is none of that name.
        """
        if name not in self.files:
            raise ValueError(f"{self.path} lacks {name}. {AGAIN}")
        return self.files[name]


def open_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Reads a file into memory and checks it; nothing is written to disk, nothing executed.

    It is read, not mapped, so later changes of the file have no effect.

    Args:
        path: of a `.tflite` file that kseq2seq exported.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not such a file, truncated, changed, or of a newer format.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; give a .tflite file that kseq2seq exported.")
    if not path.is_file():
        raise ValueError(f"{path} is not a file; give a .tflite file that kseq2seq exported.")
    data = path.read_bytes()
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:  # zipfile has many ways to fail on what is damaged
        raise ValueError(
            f"{path} ({len(data)} bytes) has no archive at its end: it is truncated, or was not "
            f"exported by kseq2seq. {AGAIN}"
        ) from error
    with archive:
        record = read_object(_read(archive, RECORD, MOST, path), f"{path}: {RECORD}")
        _check_model(record, data, path)
        return Bundle(path, record, _files(archive, record, path), data)


def _check_model(record: dict[str, Any], data: bytes, path: Path) -> None:
    where = f"{path}: {RECORD}"
    size = read_field(record, "model_bytes", int, where)
    sha256 = read_field(record, "model_sha256", str, where)
    if not 8 <= size <= len(data) or data[4:8] != b"TFL3":
        raise ValueError(f"{path} has no TFLite model of {size} bytes at its front. {AGAIN}")
    if hashlib.sha256(memoryview(data)[:size]).hexdigest() != sha256:
        raise ValueError(f"{path}: the model is not the one that was exported. {AGAIN}")


def _files(archive: zipfile.ZipFile, record: dict[str, Any], path: Path) -> dict[str, bytes]:
    where, stored, room = f"{path}: {RECORD}", {}, MOST
    files = {}
    for name in read_field(record, "files", dict, where):
        described = read_field(record["files"], name, dict, where)
        entry = read_field(described, "entry", str, f"{where}: {name}")
        if entry not in stored:
            stored[entry] = _read(archive, entry, room, path)
            room -= len(stored[entry])
        sha256 = read_field(described, "sha256", str, f"{where}: {name}")
        if hashlib.sha256(stored[entry]).hexdigest() != sha256:
            raise ValueError(f"{path}: {name} is not the file that was exported. {AGAIN}")
        files[name] = stored[entry]
    return files


def _read(archive: zipfile.ZipFile, name: str, room: int, path: Path) -> bytes:
    """The content of an entry of at most `room` bytes."""
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise ValueError(f"{path}: the archive lacks {name}. {AGAIN}") from None
    if entry.file_size > room:
        raise ValueError(
            f"{path}: {name} would unpack to {entry.file_size} bytes, and the files of a model may "
            f"have {MOST} in all. Don't use this file."
        )
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{path}: {name} is not compressed by deflate. {AGAIN}")
    try:
        return archive.read(entry)
    except Exception as error:  # as above
        raise ValueError(f"{path}: {name} can't be unpacked ({error}). {AGAIN}") from error
