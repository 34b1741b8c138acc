"""Opening a file of data: a regular file, plain or compressed, that stays as it is meanwhile."""

from __future__ import annotations

import gzip
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

SUFFIXES = (".gz", ".bz2", ".xz")
HEAD = 2**16  # bytes looked at to tell what a file is

_STARTS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_BZIP2 = (b"1AY&SY", b"\x17rE8P\x90")  # a plain text may begin with "BZh" as well
_FOREIGN = {
    b"PK\x03\x04": "a zip archive (.xlsx and .ods sheets are such archives too)",
    b"PK\x05\x06": "an empty zip archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x1f\x9d": "a file of `compress`",
}
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class DataFile(NamedTuple):
    """An open file of data.

    Attributes:
        stream: its bytes, unpacked.
        packed: "gzip", "bzip2" or "xz", or "" for a plain file.
    """

    stream: io.BufferedReader[Any]
    packed: str


def data_path(path: str | os.PathLike[str]) -> Path:
    """Returns the path of a file that can be read again and again.

    Args:
        path: any path. A pipe is refused without being opened, which could wait for ever.

    Raises:
        TypeError: if it is no path.
        FileNotFoundError: if there is no such file.
        ValueError: if it is a directory, a pipe, a socket or a device.

    Example:
        >>> from kseq2seq.data.opening import data_path
        >>> data_path(Path.home())
        Traceback (most recent call last):
        ...
        ValueError: ...: expected a file of data, and this is a directory. Give one of its files.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise TypeError(f"The path of a file of data must be a string or a Path; got {path!r:.80}.")
    if not os.fspath(path):
        raise ValueError("The path of a file of data must not be empty; got ''.")
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"no such file: {path}") from None
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        todo = "Give one of its files" if stat.S_ISDIR(mode) else "Write it to a file first"
        raise ValueError(f"{path}: expected a file of data, and this is {kind}. {todo}.")
    return path


@contextmanager
def open_data(path: str | os.PathLike[str]) -> Iterator[DataFile]:
    """Opens a file of data, unpacking gzip, bzip2 and xz by content, whatever the file's name is.

    Args:
        path: the file.

    Raises:
        ValueError: if it is another archive; on closing, if it was changed meanwhile, and in place
            of any error of a damaged archive.

    Example:
        >>> import tempfile
        >>> from kseq2seq.data.opening import open_data
        >>> path = Path(tempfile.mkdtemp(), "packed.txt")
        >>> _ = path.write_bytes(gzip.compress(b"one line"))
        >>> with open_data(path) as file:
        ...     print(file.packed, file.stream.read())
        gzip b'one line'
    """
    path = data_path(path)
    with io.BufferedReader(io.FileIO(path), HEAD) as raw:
        before = os.fstat(raw.fileno())
        packed = _packing(path, raw.peek(16)[:16])
        yield DataFile(_unpacked(raw, packed), packed)
        after = os.fstat(raw.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ValueError(
                f"{path}: the file changed while it was read ({before.st_size:,} bytes before, "
                f"{after.st_size:,} after). Read it again once nothing writes to it any more."
            )


def _packing(path: Path, start: bytes) -> str:
    for magic, name in _FOREIGN.items():
        if start.startswith(magic):
            raise ValueError(
                f"{path}: expected text, plain or packed by gzip, bzip2 or xz; this is {name}. "
                "Unpack it, or save a sheet as CSV."
            )
    for magic, name in _STARTS.items():
        if start.startswith(magic) and (name != "bzip2" or start[4:10] in _BZIP2):
            return name
    if start and path.suffix == ".gz":
        raise ValueError(
            f"{path}: damaged gzip file after line 0: it doesn't begin as gzip files do. Rename it "
            "if it is plain text."
        )
    return ""


def _unpacked(raw: io.BufferedReader[Any], packed: str) -> io.BufferedReader[Any]:
    if not packed:
        return raw
    if packed == "gzip":
        file: object = gzip.GzipFile(fileobj=raw)
    elif packed == "bzip2":
        import bz2

        file = bz2.BZ2File(cast(BinaryIO, raw))
    else:
        import lzma

        file = lzma.LZMAFile(cast(BinaryIO, raw))  # noqa: SIM115
    return io.BufferedReader(cast(io.RawIOBase, file), HEAD)
