"""A table of training runs: where they differ, and what they achieved.

    python -m kseq2seq.runs saved_models --sort val_bleu

It reads the `run.json` that `kseq2seq.runs.Record` writes, and loads neither TensorFlow nor Keras.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from kseq2seq.runs.records import MOST, RecordedRun, printable, read_runs

_COMPARED = ("settings", "model", "data", "seed", "optimizer", "loss", "git", "environment")
_LESS_IS_BETTER = ("loss", "perplexity", "error", "wer", "cer", "ter", "mse", "mae")
_CHECKSUM = re.compile(r"[0-9a-f]{40,}")
# Where a table is too wide, columns go in this order, then settings, then sizes; results stay.
_LEFT_OUT = ("checksum", "environment", "git", "loss", "optimizer", "data", "model", "seed")


def runs_table(
    runs: Sequence[RecordedRun], sort: str | None = None, width: int | None = None
) -> str:
    """Returns a table with a line for each run, under the names of its columns.

    The columns are: name, architecture, parameters, the settings and other fields of a record in
    which the runs differ, steps, minutes, minutes spent compiling, the last loss, the last and the
    best of each number from validation, scores added later, state. Of several columns that would
    say the same, one is shown.

    Args:
        runs: from `read_runs`.
        sort: a column. The best come first: the lowest losses, error rates and minutes, the highest
            of other numbers. A name without "best" stands for its best.
        width: the most characters in a line. Columns are left out until the table fits: checksums
            first, then versions, then settings; a last line names them. None keeps them all.

    Raises:
        ValueError: if there is no such column.

    Example:
        >>> record = {"began": "", "minutes": 1.5, "steps": 9, "logs": {}, "scores": {"bleu": 3.},
        ...           "settings": {}, "model": {"class": "GRU", "parameters": 8}, "data": {}}
        >>> print(runs_table([RecordedRun("a", "finished", record)]))
        run  architecture  parameters  steps  minutes  bleu  state
        a    GRU                    8      9     1.50  3.00  finished
    """
    columns = _columns(runs)
    best = f"best {sort}" if f"best {sort}" in columns else sort
    if best is not None:
        if best not in columns:
            raise ValueError(f"There is no column {sort!r}; there are {', '.join(columns)}.")
        order = sorted(range(len(runs)), key=lambda row: _rank(best, columns[best][row]))
        columns = {name: [cells[row] for row in order] for name, cells in columns.items()}
    results = _results([run.record for run in runs])
    texts = {
        name: [printable(name), *(_cell_text(cell, name in results) for cell in cells)]
        for name, cells in columns.items()
    }
    widths = {name: max(map(_width, text)) for name, text in texts.items()}
    fixed = {"run", "state", best, *(name for name in results if f"best {name}" not in results)}
    left_out = [] if width is None else _left_out(columns, widths, width, fixed)
    shown = [name for name in columns if name not in left_out]
    numbers = {name: any(isinstance(x, float | int) for x in columns[name]) for name in shown}

    def padded(name: str, text: str) -> str:
        space = " " * (widths[name] - _width(text))
        return space + text if numbers[name] else text + space

    rows = zip(*([padded(name, text) for text in texts[name]] for name in shown), strict=True)
    lines = ["  ".join(row).rstrip() for row in rows]
    if left_out:
        lines += [
            "",
            f"Left out for width: {', '.join(map(printable, left_out))}. --all shows them.",
        ]
    return "\n".join(lines)


def _left_out(
    columns: dict[str, list[Any]], widths: dict[str, int], width: int, fixed: set[str | None]
) -> list[str]:
    """The columns that a table of `width` characters has no room for, in their order."""

    def importance(name: str) -> int:
        if any(_CHECKSUM.fullmatch(str(cell)) for cell in columns[name]):
            return 0
        if f"best {name}" in columns:
            return _LEFT_OUT.index("data")
        if name in ("architecture", "parameters"):
            return len(_LEFT_OUT) + 1
        field = re.split(r"[. ]", name)[0]
        return _LEFT_OUT.index(field) if field in _LEFT_OUT else len(_LEFT_OUT)

    candidates = sorted((name for name in reversed(columns) if name not in fixed), key=importance)
    total = sum(widths.values()) + 2 * (len(widths) - 1)
    dropped = set()
    while candidates and total > width:
        name = candidates.pop(0)
        dropped.add(name)
        total -= widths[name] + 2
    return [name for name in columns if name in dropped]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; directories that are not runs are named on standard error."""
    parser = argparse.ArgumentParser(prog="kseq2seq-runs", description="Compares training runs.")
    parser.add_argument("directories", nargs="+", help="of runs, or of directories of runs")
    parser.add_argument("--sort", metavar="COLUMN", help="best first; default: by beginning")
    parser.add_argument("--all", action="store_true", help="all columns, however wide")
    parser.add_argument("--json", action="store_true", help="all of the records, unsorted")
    options = parser.parse_args(arguments)
    try:
        runs, skipped = read_runs(options.directories)
        for line in skipped:
            print(f"skipped {line}", file=sys.stderr)
        if options.json:
            whole = [{"name": run.name, **run.record, "state": run.state} for run in runs]
            print(json.dumps(whole, ensure_ascii=False, indent=1))
        elif runs:
            width = None if options.all else shutil.get_terminal_size((100, 24)).columns
            print(runs_table(runs, options.sort, width))
    except (NotADirectoryError, ValueError) as error:
        parser.error(str(error))
    if not runs:
        print("There are no runs; `Record` writes them.", file=sys.stderr)
    return 0 if runs else 1


def _columns(runs: Sequence[RecordedRun]) -> dict[str, list[Any]]:
    """Names and cells, one for each run; None for an empty one."""
    records = [run.record for run in runs]
    columns: dict[str, list[Any]] = {
        "run": [run.name for run in runs],
        "architecture": [_architecture(record["model"]) for record in records],
        "parameters": [_number(record["model"].get("parameters")) for record in records],
    }
    results = _results(records) | {"state": [run.state for run in runs]}
    for path, cells in _differences(records):
        name = ".".join(path[1:] if path[0] in ("settings", "model") else path)
        if name in columns or name in results:
            name = f"{path[0]} {name}"
        names = [PurePath(str(cell)).name for cell in cells]  # for example of "output"
        if names != columns["run"] and not any(_alike(path, cells, *x) for x in columns.items()):
            columns[name] = cells
    return columns | results


def _results(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "steps": [record["steps"] for record in records],
        "minutes": [float(record["minutes"]) for record in records],
    }
    compiling = [_number(record.get("compiling")) for record in records]
    if any(compiling):  # how many of the minutes; earlier records lack it
        columns["compiling"] = [None if part is None else float(part) for part in compiling]
    for name in dict.fromkeys(name for record in records for name in record["logs"]):
        if name == "loss" or name.startswith("val_"):
            columns[name] = [_logged(record, name, "last") for record in records]
        if name.startswith("val_"):
            best = "least" if less_is_better(name) else "most"
            columns[f"best {name}"] = [_logged(record, name, best) for record in records]
    for name in dict.fromkeys(name for record in records for name in record["scores"]):
        columns[name] = [_number(record["scores"].get(name)) for record in records]
    return columns


def _alike(path: tuple[str, ...], cells: list[Any], name: str, others: list[Any]) -> bool:
    """Whether a column says what another one does, for example layers and num_layers."""
    here, there = path[-1], name.split(".")[-1]
    return cells == others and (here in there or there in here or name == "architecture")


def _architecture(model: dict[str, Any]) -> str:
    config = model.get("config")
    name = config.get("architecture") if isinstance(config, dict) else None
    return str(name or model.get("class"))


def _logged(record: dict[str, Any], name: str, which: str) -> Any:
    log = record["logs"].get(name)
    value = _number(log.get(which)) if isinstance(log, dict) else None
    return None if value is None else float(value)


def _number(value: Any) -> Any:
    return value if isinstance(value, float) or (type(value) is int and abs(value) < MOST) else None


def _differences(records: list[dict[str, Any]]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Fields that differ between records; a setting that one record lacks differs, too."""
    flat = [dict(_flat(record)) for record in records]
    for path in dict.fromkeys(path for each in flat for path in each):
        cells = [each.get(path) for each in flat]
        compared = cells if path[0] == "settings" else [x for x in cells if x is not None]
        if any(cell != compared[0] for cell in compared):
            yield path, cells


def _flat(record: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Paths and values of the fields that are compared; "config" is left out of paths."""
    waiting: list[tuple[tuple[str, ...], Any]] = [
        ((name,), record[name]) for name in reversed(_COMPARED) if name in record
    ]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            for name, part in reversed(value.items()):
                waiting.append((path if name == "config" else (*path, name), part))
        elif isinstance(value, list):
            yield path, json.dumps(value, ensure_ascii=False)
        else:
            yield path, value


def less_is_better(name: str) -> bool:
    """Returns whether lower is better for a number of this name, for example "loss" or "WER".

    Example:
        >>> less_is_better("WER"), less_is_better("val_chrf")
        (True, False)
        >>> less_is_better("other texts per"), less_is_better("tokens_per_second")
        (True, False)
    """
    words = re.findall("[a-z0-9]+", name.lower()) or [""]
    return words[-1] == "per" or any(word in _LESS_IS_BETTER for word in words)


def _rank(column: str, cell: Any) -> tuple:
    """A key to sort by: the best first, missing values last."""
    if cell is None:
        return (1,)
    if isinstance(cell, str):
        return 0, 1, cell
    least = less_is_better(column) or column in ("minutes", "compiling", "steps", "parameters")
    return 0, 0, cell if least else -cell


def _cell_text(cell: Any, rounded: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.2f}" if rounded and 0.1 <= abs(cell) < 1e6 else f"{cell:.6g}"
    return f"{cell:,}" if isinstance(cell, int) else printable(str(cell))


def _width(text: str) -> int:
    """How many columns a text takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(x) in "WF" for x in text)
    return len(text) + wide - sum(unicodedata.combining(x) > 0 for x in text)
