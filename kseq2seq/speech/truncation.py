"""Sound files that end before they should, which decoders read without an error."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

_PAGE = b"OggS"
_LONGEST_PAGE = 65_307  # bytes
_LAST = 4  # the flag of a stream's last page
_UNKNOWN = (0, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF, 0xFFFFFFFF - 36)  # written to a pipe


def truncated(path: Path) -> str:
    """Returns why a wav, aiff or ogg file is truncated; "" if it is not, or of another format.

    A wav or aiff file is if its samples should take more bytes than there are; an ogg file if it
    does not end with the last page of a stream. Decoders of other formats notice by themselves.

    Args:
        path: of an existing file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            return _of_chunks(file, size, b"data", "<")
        if head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
            return _of_chunks(file, size, b"SSND", ">")
        if head[:4] == _PAGE:
            return _of_pages(file, size)
    return ""


def _of_chunks(file: BinaryIO, size: int, wanted: bytes, order: str) -> str:
    """Whether the chunk of samples ends within the file."""
    while len(head := file.read(8)) == 8:
        length = int(struct.unpack(f"{order}I", head[4:])[0])
        if head[:4] == wanted:
            missing = file.tell() + length - size
            if missing > 0 and length not in _UNKNOWN:
                return f"{missing:,} of {length:,} bytes of samples are missing"
            return ""
        file.seek(length + length % 2, os.SEEK_CUR)  # chunks begin at even bytes
    return "it ends before its samples"


def _of_pages(file: BinaryIO, size: int) -> str:
    """Whether the last page is complete, and marked as the last of its stream."""
    file.seek(max(0, size - 2 * _LONGEST_PAGE))
    tail = file.read()
    begin = tail.rfind(_PAGE)
    while begin >= 0 and not _complete(tail[begin:]):
        begin = tail.rfind(_PAGE, 0, begin)
    if begin >= 0 and tail[begin + 5] & _LAST:
        return ""
    return "its last page is missing"


def _complete(page: bytes) -> bool:
    """Whether bytes begin with a whole page."""
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    return 27 + page[26] + sum(page[27 : 27 + page[26]]) <= len(page)
