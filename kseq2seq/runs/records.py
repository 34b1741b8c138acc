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
WIDEST = 24
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
class KeptRun:
    """A run as its record tells it.

    Attributes:
        name: of its directory.
        state: "finished", "running", "interrupted", or "unfinished" where the system does not
            tell if a process still trains it.
        record: all that is in `run.json`.
    """

    name: str
    state: str
    record: dict[str, Any]


def read_runs(directories: Sequence[str | os.PathLike[str]]) -> tuple[list[KeptRun], list[str]]:
    """Reads the runs in some directories; nothing in them is executed.

    Args:
        directories: of runs, or of directories of runs.

    Returns:
        The runs, in the order of their beginnings, and a line for each directory that is none.

    Raises:
        NotADirectoryError: if one of `directories` is none.

    Example:
        >>> import tempfile
        >>> home = Path(tempfile.mkdtemp())
        >>> (home / "pictures").mkdir()
        >>> read_runs([home])
        ([], ['pictures: it has no run.json'])
    """
    runs, skipped = [], []
    for path in _places(directories):
        try:
            record = _read(path / "run.json")
        except (OSError, ValueError) as error:
            skipped.append(f"{printable(path.name)}: {error}")
        else:
            runs.append(KeptRun(path.name, _state(path, record), record))
    return sorted(runs, key=lambda run: run.record["began"]), skipped


def add_scores(directory: str | os.PathLike[str], scores: Mapping[str, float]) -> None:
    """Adds scores to the record of a run, such as those of its test set; the same names anew.

    Args:
        directory: of the run.
        scores: names and finite numbers, such as `Pipeline.evaluate` returns.

    Raises:
        FileNotFoundError: if there is no record.
        ValueError: if a score is not a finite number, or the record is damaged.
    """
    path = Path(directory) / FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; give the directory of a `Record`.")
    for name, score in scores.items():
        if not isinstance(score, Real) or not math.isfinite(score):
            raise ValueError(f"The score {name!r} must be a finite number; got {score!r}.")
    record = read_record(path)
    added = {name: float(score) for name, score in scores.items()}
    write_record(path, {**record, "scores": {**record["scores"], **added}})


def _places(directories: Sequence[str | os.PathLike[str]]) -> Iterator[Path]:
    """Each directory that may be a run."""
    for place in map(Path, directories):
        if not place.is_dir():
            raise NotADirectoryError(f"{place} is no directory; give one of runs.")
        if (place / "run.json").exists():
            yield place.resolve()
        else:
            yield from sorted(
                path for path in place.iterdir() if path.is_dir() and path.name[0] != "."
            )


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ValueError("it has no run.json")
    try:
        record = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"run.json is no valid JSON: {error}") from error
    version = record.get("format_version") if isinstance(record, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError("run.json has no format_version, so it is of something else")
    if version > FORMAT_VERSION:
        raise ValueError(f"run.json has format_version {version}; a newer kseq2seq reads it")
    if (name := unusable(record)) is not None:
        raise ValueError(f"run.json has no usable {name!r}")
    return record


def unusable(record: dict[str, Any]) -> str | None:
    """Returns the name of a field of a record that is missing or can't be; None if there is none.

    Args:
        record: the content of a `run.json`.

    Example:
        >>> unusable({"state": "finished", "began": 3})
        'began'
    """
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


def read_record(path: Path) -> dict[str, Any]:
    """Reads a record that a run can continue."""
    record = read_json(path)
    name = unusable(record)
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
    """A text in a line, not too long, without what would command a terminal."""
    text = "".join(x if x.isprintable() else "�" for x in text)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
