"""Sound files that end before they should, which decoders read without an error."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

_PAGE = b"OggS"
_LONGEST_PAGE = 65_307  # bytes
_LAST = 4  # the flag of a stream's last page
_UNKNOWN = (0x7FFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF, 0xFFFFFFFF - 36)  # written to a pipe

# Of MPEG layer III: kilobits and samples a second by the numbers in a frame's header.
_KILOBITS = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2 and 2.5
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1
)
_RATES = {0: (11_025, 12_000, 8_000), 2: (22_050, 24_000, 16_000), 3: (44_100, 48_000, 32_000)}


def truncated(path: Path, frames: int) -> str:
    """Returns why a wav, aiff, ogg or mp3 file is truncated; "" if it is not, or of another format.

    A wav or aiff file is if its samples should take more bytes than there are; an ogg file if it
    does not end with the last page of a stream; an mp3 file if it has fewer frames than its first
    one counts, or a part of one. Decoders of other formats notice by themselves.

    Args:
        path: of an existing file.
        frames: samples of each channel that a decoder read.
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
        if head[:3] == b"ID3":
            a, b, c, d = head[6:10]
            footer = 10 * bool(head[5] & 16)
            return _of_frames(file, 10 + (a << 21 | b << 14 | c << 7 | d) + footer, frames)
        return _of_frames(file, 0, frames)


def _of_chunks(file: BinaryIO, size: int, wanted: bytes, order: str) -> str:
    """Whether the chunk of samples ends within the file."""
    while len(head := file.read(8)) == 8:
        length = int(struct.unpack(f"{order}I", head[4:])[0])
        if head[:4] == wanted:
            missing = file.tell() + length - size
            if not length and not file.read(4).strip().decode("latin-1").isalnum() and missing:
                return "its header counts no samples, and some follow"
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


class _Frame(NamedTuple):
    """What the header of a frame of layer III says."""

    bytes: int
    samples: int


def _frame(head: bytes) -> _Frame | None:
    """The frame that 4 bytes begin; None if they are no header."""
    if len(head) < 4 or head[0] != 255 or head[1] & 0xE6 != 0xE2:
        return None
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bits in (0, 15) or rate == 3:
        return None
    first = int(version == 3)
    per_second = _RATES[version][rate]
    length = (72 << first) * 1000 * _KILOBITS[first][bits] // per_second + (head[2] >> 1 & 1)
    return _Frame(length, 576 << first)


def _of_frames(file: BinaryIO, begin: int, read: int) -> str:
    """Whether there are as many frames as the first one counts, the last is whole, all are read."""
    file.seek(begin)
    first = _frame(file.read(4))
    if first is None:
        return ""  # of another format, or no sound
    file.seek(begin)
    content = file.read()
    count = place = samples = 0
    while frame := _frame(content[place : place + 4]):
        if place + frame.bytes > len(content):
            return "its last frame is cut"
        count, place, samples = count + 1, place + frame.bytes, samples + frame.samples
    head = content[: first.bytes][:64]
    tag = max(head.find(b"Xing"), head.find(b"Info"))
    if tag > 0 and head[tag + 7] & 1:
        counted = int.from_bytes(head[tag + 8 : tag + 12], "big")
        if count - 1 < counted:
            return f"{counted - count + 1:,} of {counted:,} frames are missing"
    elif read < samples - 3 * first.samples:
        return "it has no count of its frames, and decoders stop early"
    return ""
