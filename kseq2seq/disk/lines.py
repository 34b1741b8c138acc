"""The lines of a text file: a regular file, plain or compressed, that stays as it is meanwhile."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

SUFFIXES = (".gz", ".bz2", ".xz")
HEAD = 2**16  # bytes looked at to tell what a file is
LONGEST = 2**24  # bytes of a line: a few packed ones may stand for more than memory holds

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
        stream: its bytes, decompressed.
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
        >>> from kseq2seq.disk.lines import data_path
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
        >>> from kseq2seq.disk.lines import open_data
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
                f"{path}: expected text, plain or compressed by gzip, bzip2 or xz; this is {name}. "
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


_OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_BINARY = 1 / 8  # share of NUL bytes from which on UTF-8 is no text; UTF-16 has more of them


def numbered_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    r"""Yields the lines of a UTF-8 file with their numbers, one at a time.

    Only a newline byte ends a line, so that U+2028 and its like stay inside the text. A file that
    begins with carriage returns and has no newline there is an old one, whose lines end in
    carriage returns; they are yielded as newlines.

    Args:
        path: the file, which is decompressed on the way if it is a gzip, bzip2 or xz file, whatever
            its name. A byte order mark is left out.

    Returns:
        An iterator of (number from 1, line with its line ending).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a file of text (a directory, a pipe, an archive, UTF-16, binary
            data), for a line of more than 16,777,216 bytes, for bytes that are not UTF-8, with
            line, byte offset and the number of such lines, for a damaged archive, and for a file
            that changes while it is read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "two.txt")
        >>> _ = path.write_text("안녕\nbye\n", encoding="utf-8")
        >>> list(numbered_lines(path))
        [(1, '안녕\n'), (2, 'bye\n')]
    """
    path = data_path(path)
    with open_data(path) as (stream, packed):
        number = offset = 0
        try:
            head = stream.peek(HEAD)
            _check_text(path, head)
            if head.startswith(codecs.BOM_UTF8):
                offset = len(stream.read(len(codecs.BOM_UTF8)))
            old = b"\r" in head[:-1] and b"\n" not in head
            lines = _old_lines(stream) if old else iter(lambda: stream.readline(LONGEST + 1), b"")
            for number, line in enumerate(lines, 1):
                if len(line) > LONGEST:
                    raise ValueError(
                        f"{path}:{number}: the line has more than {LONGEST:,} bytes. Give a file "
                        "with one example on each line."
                    )
                try:
                    text = line.decode()
                except UnicodeDecodeError as error:
                    count = 1 + sum(not _is_utf8(other) for other in lines)
                    raise ValueError(
                        f"{path}:{number}: byte 0x{line[error.start]:02x} at byte offset "
                        f"{offset + error.start} of the {'unpacked ' * bool(packed)}file is not "
                        f"UTF-8 ({count:,} such line{'s' * (count > 1)}); convert the file "
                        "first, for example with `iconv -f CP949 -t UTF-8` (or -f ISO-8859-1, "
                        "-f UTF-16: whatever wrote it)"
                    ) from None
                yield number, text
                offset += len(line)
        except _damages() as error:
            if not packed:
                raise
            raise ValueError(
                f"{path}: damaged {packed} file after line {number}: {error}"
            ) from error


def _check_text(path: Path, head: bytes) -> None:
    for mark, name in _OTHER_MARKS.items():
        if head.startswith(mark):
            raise ValueError(
                f"{path}:1: the file is {name} by its byte order mark, and must be UTF-8; convert "
                f"it first, for example with `iconv -f {name} -t UTF-8`, or save it as UTF-8."
            )
    zeros = head.count(0)
    if zeros and (zeros > _BINARY * len(head) or not _begins_utf8(head)):
        raise ValueError(
            f"{path}:1: the file is not text: {zeros} of its first {len(head)} bytes are "
            "NUL. Give a UTF-8 text file; UTF-16 without a byte order mark can be converted with "
            "`iconv -f UTF-16LE -t UTF-8`."
        )


def _begins_utf8(head: bytes) -> bool:
    """Whether bytes that may be cut within a character are UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _old_lines(stream: io.BufferedReader) -> Iterator[bytes]:
    """Yields the lines of bytes that end in a carriage return, a newline, or both."""
    rest = b""
    while chunk := stream.read(HEAD):
        rest += chunk
        held = rest.endswith(b"\r")  # the newline of a pair may come with the next chunk
        *whole, rest = (
            rest[: len(rest) - held].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        )
        rest += b"\r" * held
        for line in whole:
            yield line + b"\n"
        if len(rest) > LONGEST:
            break  # of which no more is read
    if rest:
        yield rest.removesuffix(b"\r") + (b"\n" if rest.endswith(b"\r") else b"")


def _damages() -> tuple[type[Exception], ...]:
    """What unpacking raises for a damaged file."""
    try:
        from lzma import LZMAError
    except ImportError:  # a Python that was built without it
        return EOFError, OSError, zlib.error
    return EOFError, OSError, zlib.error, LZMAError
