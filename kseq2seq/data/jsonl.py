"""Pairs from lines of JSON objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kseq2seq.data.lines import numbered_lines
from kseq2seq.data.pairs import SURROGATE, Pair
from kseq2seq.data.problems import Problem, checked
from kseq2seq.data.shown import shown_names


def jsonl_pairs(path: Path, columns: Sequence[str]) -> Iterator[Pair | Problem]:
    r"""Yields the pair of each line that holds a JSON object, and a problem for each other line.

    Args:
        path: the file.
        columns: keys of the source, the target and perhaps the key that decides the split.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "corpus.jsonl")
        >>> _ = path.write_text('{"en": "hello", "ko": "안녕"}\n[1]\n', encoding="utf-8")
        >>> pair, problem = jsonl_pairs(path, ["en", "ko"])
        >>> pair.target, problem.message
        ('안녕', 'expected a JSON object, got list')
    """
    quoted = [json.dumps(column) for column in columns]
    for number, line in numbered_lines(path):
        if line.isspace():
            continue
        try:
            entry = json.loads(line)
            if "\\u00" in line or any(line.count(name) != 1 for name in quoted):
                _refuse_repeats(line, columns)
        except (ValueError, RecursionError) as error:
            array = "; an array must be written as an object a line" * (line.strip() == "[")
            yield Problem(str(path), number, f"bad JSON: {error}{array}")
            continue
        if not isinstance(entry, dict):
            kind = type(entry).__name__
            yield Problem(str(path), number, f"expected a JSON object, got {kind}")
        elif missing := [column for column in columns if column not in entry]:
            yield Problem(str(path), number, f"no {missing[0]!r} among {shown_names(list(entry))}")
        else:
            yield _pair([entry[column] for column in columns], str(path), number)


def _pair(values: list[Any], path: str, line: int) -> Pair | Problem:
    for role, value in zip(("source", "target", "key"), values, strict=False):
        if isinstance(value, str):
            if SURROGATE.search(value):
                return Problem(path, line, "half of a surrogate pair, which no text can hold")
        elif role != "key" or not isinstance(value, int) or isinstance(value, bool):
            kind = type(value).__name__
            return Problem(path, line, f"the {role} is {kind} {value!r:.80}, expected text")
    return checked([str(value) for value in values], path, line)


def _refuse_repeats(line: str, columns: Sequence[str]) -> None:
    """Raises for an object that has one of the columns twice: which of them counts?"""
    outermost: list[tuple[str, Any]] = []

    def remember(entries: list[tuple[str, Any]]) -> dict[str, Any]:
        outermost[:] = entries  # an object is complete only after those in it
        return dict(entries)

    made = json.loads(line, object_pairs_hook=remember)
    names = [name for name, _ in outermost] if isinstance(made, dict) else []
    for column in columns:
        if names.count(column) > 1:
            raise ValueError(f"{column!r} stands {names.count(column)} times in the object")
