"""Files of any size, line by line, in constant memory, gone on with after an interruption."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from kseq2seq.data.fetch import replacing, sha256
from kseq2seq.data.lines import numbered_lines
from kseq2seq.decoding.checks import check_whole
from kseq2seq.text.files import read_json, write_json

MOST_LINES = 2**20  # held at a time


class Progress(NamedTuple):
    """How far a file is.

    Attributes:
        lines: how many are done, those of an earlier run included.
        total: how many there are.
        seconds_left: estimated from this run's own speed.

    Example:
        >>> from kseq2seq.pipeline import Progress
        >>> print(Progress(1500, 6000, 95.0))
        1,500 of 6,000 lines (25 %), 1:35 left
    """

    lines: int
    total: int
    seconds_left: float

    def __str__(self) -> str:
        """One line for a person."""
        minutes, seconds = divmod(round(self.seconds_left), 60)
        share = round(100 * self.lines / max(self.total, 1))
        done = f"{self.lines:,} of {self.total:,} lines ({share} %)"
        return f"{done}, {minutes}:{seconds:02} left"


def print_progress(progress: Progress) -> None:
    """Writes progress to standard error, over itself where that is a terminal."""
    end = "\r" if sys.stderr.isatty() and progress.lines < progress.total else "\n"
    print(f"{progress}   ", end=end, file=sys.stderr, flush=True)


def generate_lines(
    generate: Callable[[list[str], int], list[str]],
    source: str | os.PathLike,
    target: str | os.PathLike,
    settings: dict[str, str],
    *,
    window: int,
    progress: Callable[[Progress], None] | None,
) -> int:
    """Writes what `generate(lines, number of the first from 0)` makes of each line of a file.

    See `Pipeline.generate_file`; `settings` are what a run that goes on must agree in.
    """
    source, target = Path(source), Path(target)
    check_whole("window", window, most=MOST_LINES)
    if not source.is_file():
        raise FileNotFoundError(f"{source} is no file; give one with a text on each line.")
    if target.exists():
        raise FileExistsError(f"{target} is there already; name another file, or remove it.")
    total = sum(1 for _ in numbered_lines(source))  # also refuses what is not UTF-8 at once
    part = target.with_name(target.name + ".part")
    record = part.with_name(part.name + ".json")
    _begin(part, record, {**settings, "source_sha256": sha256(source)})
    with part.open("rb+") as file:
        _lock(file, part)
        done = first = _whole_lines(file)
        lines = islice((line for _, line in numbered_lines(source)), done, None)
        began = time.monotonic()
        while texts := [line.rstrip("\r\n") for line in islice(lines, window)]:
            try:
                made = generate(texts, done)
            except ValueError as error:
                raise ValueError(
                    f"{source}, of the lines from {done + 1} (text 0) on: {error} What is done "
                    f"is kept; run again to go on."
                ) from error
            # one line each, whatever was generated
            rows = [text.replace("\r", " ").replace("\n", " ") for text in made]
            file.write("".join(f"{row}\n" for row in rows).encode())
            file.flush()
            os.fsync(file.fileno())
            done += len(texts)
            if progress:
                each = (time.monotonic() - began) / (done - first)
                progress(Progress(done, total, each * (total - done)))
        os.replace(part, target)
        record.unlink()
    return total


def _begin(part: Path, record: Path, settings: dict[str, str]) -> None:
    """Makes the files of a run that is new; refuses to go on with what is not its own."""
    if not part.exists():
        part.parent.mkdir(parents=True, exist_ok=True)
        with replacing(record) as path:
            write_json(path, settings)
        part.touch()
        return
    if not record.exists():
        raise ValueError(
            f"{part} is there, but not {record.name}, which says what it was begun with. Remove "
            "or rename it to begin anew."
        )
    known = read_json(record)
    known.pop("format_version")
    if known != settings:
        names = [name for name in {**settings, **known} if known.get(name) != settings.get(name)]
        raise ValueError(
            f"{part} was begun with another {', '.join(names)}; remove {part} and {record} to "
            "begin anew, or go on with what it was begun with."
        )


def _whole_lines(file: BinaryIO) -> int:
    """Returns how many lines are done; cuts off one that was being written at a kill."""
    count = whole = 0
    for line in file:
        if not line.endswith(b"\n"):
            break
        count, whole = count + 1, whole + len(line)
    file.seek(whole)
    file.truncate()
    return count


def _lock(file: BinaryIO, part: Path) -> None:
    """Keeps other processes from the same file, where the system has such locks."""
    try:
        import fcntl
    except ImportError:  # Windows refuses to replace an open file instead
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ValueError(f"Another process is writing {part}; name another target.") from None
    if not part.exists():
        raise ValueError(f"Another process has just finished {part}.")
