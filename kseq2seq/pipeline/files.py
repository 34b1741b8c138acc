"""Files of any size, line by line, in constant memory, continued after an interruption."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from kseq2seq.checks import check_whole
from kseq2seq.data.jsonl import json_line, jsonl_texts
from kseq2seq.disk import whole_file
from kseq2seq.disk.files import read_json, sha256, write_json
from kseq2seq.disk.lines import SUFFIXES, numbered_lines
from kseq2seq.pipeline.prediction import Prediction

CUT = "cut_at_the_limit"  # the field of the record for `_Cut`, beside the settings
JSONL = ".jsonl"
MOST_LINES = 2**20  # in a window


class FileProgress(NamedTuple):
    """How much of a file is done.

    Attributes:
        lines: how many lines are done, those of an interrupted call included.
        total: how many lines there are.
        seconds_left: estimated from the speed of this call.
        unfinished: how many of the targets that are done were cut at their limit, as in
            `Prediction`; those of an interrupted call included.

    Example:
        >>> from kseq2seq.pipeline import FileProgress
        >>> print(FileProgress(1500, 6000, 95.0))
        1,500 of 6,000 lines (25 %), 1:35 left
        >>> print(FileProgress(1500, 6000, 95.0, unfinished=2))
        1,500 of 6,000 lines (25 %), 1:35 left; 2 cut at the limit
    """

    lines: int
    total: int
    seconds_left: float
    unfinished: int = 0

    def __str__(self) -> str:
        """One line for a person."""
        minutes, seconds = divmod(round(self.seconds_left), 60)
        share = round(100 * self.lines / max(self.total, 1))
        done = f"{self.lines:,} of {self.total:,} lines ({share} %)"
        cut = f"; {self.unfinished:,} cut at the limit" if self.unfinished else ""
        return f"{done}, {minutes}:{seconds:02} left{cut}"


def print_progress(progress: FileProgress) -> None:
    """Writes progress to standard error, over itself where that is a terminal."""
    end = "\r" if sys.stderr.isatty() and progress.lines < progress.total else "\n"
    print(f"{progress}   ", end=end, file=sys.stderr, flush=True)


def generate_lines(
    generate: Callable[[list[str], int], Sequence[str | Prediction]],
    input_path: str | os.PathLike,
    output_path: str | os.PathLike,
    settings: dict[str, str],
    *,
    window: int,
    progress: Callable[[FileProgress], None] | None,
) -> int:
    """Writes a text or prediction for each line of a file; see `Pipeline.generate_file`.

    Args:
        generate: maps some lines and the number of the first one, from 0, to a text or a
            `Prediction` for each. Of predictions the text is written; unfinished ones are counted.
        input_path: see `Pipeline.generate_file`.
        output_path: see `Pipeline.generate_file`.
        settings: names and values, which must be those of an interrupted call to continue it.
        window: see `Pipeline.generate_file`.
        progress: see `Pipeline.generate_file`.
    """
    input_path, output_path = Path(input_path), Path(output_path)
    check_whole("window", window, most=MOST_LINES)
    if not input_path.is_file():
        raise FileNotFoundError(f"{input_path} is not a file; pass one with a text on each line.")
    if output_path.exists():
        raise FileExistsError(f"{output_path} exists already; name another file, or remove it.")
    if output_path.suffix.lower() in SUFFIXES:
        raise ValueError(
            f"{output_path}: texts are written as they are, not compressed; leave out "
            f"{output_path.suffix!r}, and compress the file when it is done."
        )
    # 1. Read the whole input once: a line that is not UTF-8, or not JSON, is refused at once.
    total = sum(1 for _ in _texts(input_path))
    # 2. Open the partial output and its record, of this call or of an interrupted one.
    part = output_path.with_name(output_path.name + ".part")
    record = part.with_name(part.name + ".json")
    settings = {**settings, "source_sha256": sha256(input_path)}
    cut = _begin(part, record, settings)
    with part.open("rb+") as file:
        _lock(file, part)
        done = first = _whole_lines(file)
        cut = cut.of(done)
        # 3. Generate a window of lines at a time. The numbers of targets that were cut go to the
        #    record first, then the window to the partial output.
        lines = islice(_texts(input_path), done, None)
        began = time.monotonic()
        while texts := [*islice(lines, window)]:
            try:
                results = generate(texts, done)
            except ValueError as error:
                raise ValueError(
                    f"{input_path}, of the lines from {done + 1} (text 0) on: {error} The lines "
                    f"before are kept in {part.name}; the same call continues after them."
                ) from error
            if numbers := [done + n for n, one in enumerate(results) if not _finished(one)]:
                cut = _Cut(cut.before + len(cut.lines), numbers)
                _write_record(record, settings, cut)
            texts = [one if isinstance(one, str) else one.text for one in results]
            rows = [_row(output_path, text) for text in texts]
            file.write("".join(f"{row}\n" for row in rows).encode())
            file.flush()
            os.fsync(file.fileno())
            done += len(rows)
            if progress:
                each = (time.monotonic() - began) / (done - first)
                count = cut.before + len(cut.lines)
                progress(FileProgress(done, total, each * (total - done), count))
        # 4. All is done.
        os.replace(part, output_path)
        record.unlink()
    return total


def _is_json(path: Path) -> bool:
    return JSONL in [suffix.lower() for suffix in path.suffixes[-2:]]


def _texts(path: Path) -> Iterator[str]:
    """The text of each line: the line itself, or what its JSON object has as "text"."""
    if _is_json(path):
        return jsonl_texts(path)
    return (line.rstrip("\r\n") for _, line in numbered_lines(path))


def _row(path: Path, text: str) -> str:
    """A text as one line: as JSON, or with spaces where it has line breaks."""
    if _is_json(path):
        return json_line({"text": text}).rstrip("\n")
    return text.replace("\r", " ").replace("\n", " ")


class _Cut(NamedTuple):
    """The lines whose targets were cut at their limit; recorded before they are written.

    Attributes:
        before: how many there are before the last window that has any.
        lines: the numbers, from 0, of those in that window.
    """

    before: int
    lines: list[int]

    def of(self, done: int) -> _Cut:
        """Returns those among the first `done` lines: a kill may have come before the writing."""
        return self._replace(lines=[number for number in self.lines if number < done])


def _finished(result: str | Prediction) -> bool:
    return isinstance(result, str) or result.finished


def _write_record(record: Path, settings: dict[str, str], cut: _Cut) -> None:
    with whole_file(record, wait=False) as path:
        write_json(path, {**settings, CUT: cut._asdict()})


def _begin(part: Path, record: Path, settings: dict[str, str]) -> _Cut:
    """Makes the files of a new call; refuses to continue one with other settings."""
    if not part.exists():
        part.parent.mkdir(parents=True, exist_ok=True)
        nothing = _Cut(0, [])
        _write_record(record, settings, nothing)
        part.touch()
        return nothing
    if not record.exists():
        raise ValueError(
            f"{part} is there, but not {record.name}, which has the settings of the call that "
            "wrote it. Remove or rename it to begin anew."
        )
    known = read_json(record)
    known.pop("format_version")
    cut: Any = known.pop(CUT, {"before": 0, "lines": []})
    if known != settings:
        names = [name for name in {**settings, **known} if known.get(name) != settings.get(name)]
        raise ValueError(
            f"{part} was begun with another {', '.join(names)}; remove {part} and {record} to "
            "begin anew, or pass the settings, model and input that it was begun with."
        )
    return _Cut(**cut)


def _whole_lines(file: BinaryIO) -> int:
    """Returns how many lines are done, after removing one that a kill left incomplete."""
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
        raise ValueError(f"Another process is writing {part}; name another file.") from None
    if not part.exists():
        raise ValueError(f"Another process has just finished {part}; its output is there.")
