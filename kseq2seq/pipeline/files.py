"""Files of any size, line by line, in constant memory, gone on with after an interruption."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from kseq2seq.data.fetch import sha256
from kseq2seq.data.lines import numbered_lines
from kseq2seq.text.files import read_json, write_json


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
    generate: Callable[[list[str]], list[str]],
    source: str | os.PathLike,
    target: str | os.PathLike,
    settings: dict[str, Any],
    *,
    window: int,
    progress: Callable[[Progress], None] | None,
) -> int:
    """Writes what `generate` makes of each line of a file; see `Pipeline.generate_file`."""
    source, target = Path(source), Path(target)
    if window < 1:
        raise ValueError(f"`window` must be at least 1 line; got {window!r}.")
    if not source.is_file():
        raise FileNotFoundError(f"{source} is no file; give one with a text on each line.")
    if target.exists():
        raise FileExistsError(f"{target} is there already; name another file, or remove it.")
    total = sum(1 for _ in numbered_lines(source))  # also refuses what is not UTF-8 at once
    part = target.with_name(target.name + ".part")
    record = part.with_name(part.name + ".json")
    settings = {**settings, "source_sha256": sha256(source)}
    done = _resumed(part, record, settings)
    lines = islice((line for _, line in numbered_lines(source)), done, None)
    began, first = time.monotonic(), done
    with part.open("ab") as file:
        while texts := [line.rstrip("\r\n") for line in islice(lines, window)]:
            try:
                made = generate(texts)
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


def _resumed(part: Path, record: Path, settings: dict[str, Any]) -> int:
    """Returns how many lines are done; makes the files of a run that is new."""
    if not record.exists():
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(b"")
        write_json(record, settings)
        return 0
    known = read_json(record)
    known.pop("format_version")
    if known != settings:
        names = [name for name in settings if known.get(name) != settings[name]]
        raise ValueError(
            f"{part} was begun with other settings ({', '.join(names)}); remove {part} and "
            f"{record} to begin anew, or go on with the old ones: {known}."
        )
    count, whole = 0, 0
    with part.open("ab+") as file:
        file.seek(0)
        for line in file:
            if not line.endswith(b"\n"):
                break
            count, whole = count + 1, whole + len(line)
        file.truncate(whole)  # a line that was being written when the run was killed
    return count
