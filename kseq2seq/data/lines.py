"""The lines of a text file, each with its number."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path


def numbered_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    r"""Yield the lines of a UTF-8 file with their numbers, one at a time.

    Only a newline byte ends a line, so that U+2028 and its like stay inside the text.

    Args:
        path: the file; one that ends in `.gz` is unpacked on the way. A byte order mark is
            left out.

    Returns:
        An iterator of (number from 1, line with its line ending).

    Raises:
        ValueError: for bytes that are not UTF-8, with line and byte offset, and for a damaged
            gzip file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "two.txt")
        >>> _ = path.write_text("안녕\nbye\n", encoding="utf-8")
        >>> list(numbered_lines(path))
        [(1, '안녕\n'), (2, 'bye\n')]
    """
    path = Path(path)
    number = offset = 0
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        try:
            for number, line in enumerate(file, start=1):
                if number == 1 and line.startswith(codecs.BOM_UTF8):
                    offset = len(codecs.BOM_UTF8)
                    line = line[offset:]
                try:
                    text = line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise ValueError(
                        f"{path}:{number}: byte 0x{line[error.start]:02x} at byte offset "
                        f"{offset + error.start} of the {'unpacked ' * (path.suffix == '.gz')}file"
                        " is not UTF-8; convert the file first, for example with `iconv -f CP949"
                        " -t UTF-8` (or -f ISO-8859-1, -f UTF-16: whatever wrote it)"
                    ) from None
                yield number, text
                offset += len(line)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: damaged gzip file after line {number}: {error}") from error
