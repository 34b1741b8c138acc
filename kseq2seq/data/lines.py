"""The lines of a text file, each with its number."""

from __future__ import annotations

import codecs
import io
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from kseq2seq.data.opening import HEAD, data_path, open_data

_OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_BINARY = 1 / 8  # share of NUL bytes from which on UTF-8 is no text; UTF-16 has more of them


def numbered_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    r"""Yield the lines of a UTF-8 file with their numbers, one at a time.

    Only a newline byte ends a line, so that U+2028 and its like stay inside the text. A file that
    begins with carriage returns and has no newline there is an old one, whose lines end in
    carriage returns; they are yielded as newlines.

    Args:
        path: the file; one packed by gzip, bzip2 or xz is unpacked on the way, whatever its name. A
            byte order mark is left out.

    Returns:
        An iterator of (number from 1, line with its line ending).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a file of text (a directory, a pipe, an archive, UTF-16, binary
            data), for bytes that are not UTF-8, with line, byte offset and the number of such
            lines, for a damaged archive, and for a file that changes while it is read.

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
            lines: Iterable[bytes] = _old_lines(stream) if old else stream
            for number, line in enumerate(lines, 1):
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
    if rest:
        yield rest.removesuffix(b"\r") + (b"\n" if rest.endswith(b"\r") else b"")


def _damages() -> tuple[type[Exception], ...]:
    """What unpacking raises for a damaged file."""
    try:
        from lzma import LZMAError
    except ImportError:  # a Python that was built without it
        return EOFError, OSError, zlib.error
    return EOFError, OSError, zlib.error, LZMAError
