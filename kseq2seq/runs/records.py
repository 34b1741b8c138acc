"""The `run.json` of runs, which `Record` writes: read, checked, added to.

Neither TensorFlow nor Keras is loaded.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from kseq2seq.disk import whole_file
from kseq2seq.disk.files import FORMAT_VERSION, json_text, read_json

FILE = "run.json"
MOST = 2**53  # steps or minutes
_WIDEST = 24  # characters of a name
_KINDS: dict[str, type | tuple[type, ...]] = {
    "state": str,
    "began": str,
    "minutes": (int, float),
    "steps": int,
    "logs": dict,
    "scores": dict,
    "settings": dict,
    "model": dict,
    "data": dict,
}


@dataclass(frozen=True)
class RecordedRun:
    """A run as its record describes it.

    Attributes:
        name: of its directory.
        state: "finished", "running", "interrupted", or "unfinished" where the system can't say
            whether a process is still training it.
        record: the content of `run.json`.
    """

    name: str
    state: str
    record: dict[str, Any]


def read_runs(
    directories: Sequence[str | os.PathLike[str]],
) -> tuple[list[RecordedRun], list[str]]:
    """Reads the runs in some directories; nothing in them is executed.

    Args:
        directories: of runs, or of directories of runs.

    Returns:
        The runs, in the order in which they began, and a line for each directory that is not a run.

    Raises:
        NotADirectoryError: if one of `directories` is not a directory.

    Example:
        >>> import tempfile
        >>> home = Path(tempfile.mkdtemp())
        >>> (home / "pictures").mkdir()
        >>> read_runs([home])
        ([], ['pictures: it has no run.json'])
    """
    runs, skipped = [], []
    for path in _directories_of_runs(directories):
        try:
            record = _read(path / FILE)
        except (OSError, ValueError) as error:
            skipped.append(f"{printable(path.name)}: {error}")
        else:
            runs.append(RecordedRun(path.name, _state(path, record), record))
    return sorted(runs, key=lambda run: run.record["began"]), skipped


def add_scores(directory: str | os.PathLike[str], scores: Mapping[str, float]) -> None:
    """Adds scores to the record of a run, for example those of its test set.

    Args:
        directory: of the run.
        scores: names and finite numbers, for example from `Pipeline.evaluate`; they replace
            earlier scores of the same names.

    Raises:
        FileNotFoundError: if there is no record.
        ValueError: if a score is not a finite number, or the record is damaged.
    """
    path = Path(directory) / FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; pass the directory of a `Record`.")
    for name, score in scores.items():
        if not isinstance(score, Real) or not math.isfinite(score):
            raise ValueError(f"The score {name!r} must be a finite number; got {score!r}.")
    record = read_record(path)
    added = {name: float(score) for name, score in scores.items()}
    write_record(path, {**record, "scores": {**record["scores"], **added}})


def read_record(path: Path) -> dict[str, Any]:
    """Reads a record that a run can continue.

    Raises:
        ValueError: if it is damaged; the message begins with its path.
    """
    record = read_json(path)
    name = _unusable(record)
    if name is None and not isinstance(record.get("resumed"), list):
        name = "resumed"
    for parts in ("logs", "data"):
        if name is None and not all(isinstance(part, dict) for part in record[parts].values()):
            name = parts
    if name is not None:
        raise ValueError(
            f"{path} is damaged: it has no usable {name!r}. Put a copy of it back, or rename it to "
            "begin a new record."
        )
    return record


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Writes a record, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(json_text(record), encoding="utf-8", newline="\n")


def printable(text: str) -> str:
    """Returns a text for a line of a terminal: not too long, without control characters."""
    text = "".join(x if x.isprintable() else "�" for x in text)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _directories_of_runs(directories: Sequence[str | os.PathLike[str]]) -> Iterator[Path]:
    """Each directory that may be a run."""
    for home in map(Path, directories):
        if not home.is_dir():
            raise NotADirectoryError(f"{home} is not a directory; pass a directory of runs.")
        if (home / FILE).exists():
            yield home.resolve()
        else:
            yield from sorted(
                path for path in home.iterdir() if path.is_dir() and path.name[0] != "."
            )


def _read(path: Path) -> dict[str, Any]:
    """Reads a record for the table, which needs less than continuing a run."""
    if not path.is_file():
        raise ValueError("it has no run.json")
    try:
        record = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"run.json is not valid JSON: {error}") from error
    version = record.get("format_version") if isinstance(record, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError("run.json has no format_version, so no `Record` wrote it")
    if version > FORMAT_VERSION:
        raise ValueError(f"run.json has format_version {version}; a newer kseq2seq reads it")
    if (name := _unusable(record)) is not None:
        raise ValueError(f"run.json has no usable {name!r}")
    return record


def _unusable(record: dict[str, Any]) -> str | None:
    """The name of a field of a record that is missing or impossible; None if there is none."""
    for name, kind in _KINDS.items():
        if not isinstance(record.get(name), kind):
            return name
    numbers = ("minutes", "steps")
    return next((name for name in numbers if not 0 <= record[name] < MOST), None)  # NaN is neither


def _state(path: Path, record: dict[str, Any]) -> str:
    """What has become of a run: a process that trains it holds a lock."""
    if record["state"] == "finished":
        return "finished"
    try:
        import fcntl

        if (path / "lock").exists() and not (path / "lock").is_file():
            return "unfinished"
        with open(path / "lock", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return "running"
    except FileNotFoundError:
        pass
    except (ImportError, OSError):
        return "unfinished"
    return "interrupted"
