"""Lines of JSON objects: texts that may hold line breaks, read and written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kseq2seq.data.bad_lines import BadLine, as_pair, shown_names
from kseq2seq.data.pairs import SURROGATE, Example, Pair
from kseq2seq.disk.lines import numbered_lines

_HALF = "half of a surrogate pair, which no text can hold"


def jsonl_pairs(
    path: Path, columns: Sequence[str], references: str | None = None
) -> Iterator[Pair | Example | BadLine]:
    r"""Yields the pair of each line that holds a JSON object, and a `BadLine` for each other line.

    Args:
        path: the file.
        columns: keys of the source, the target and, optionally, the key that decides the split.
        references: key of a list of further targets that count as right; a line may lack it.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "corpus.jsonl")
        >>> _ = path.write_text('{"en": "hello", "ko": "안녕"}\n[1]\n', encoding="utf-8")
        >>> pair, bad = jsonl_pairs(path, ["en", "ko"])
        >>> pair.target, bad.message
        ('안녕', 'expected a JSON object, got list')
    """
    wanted = [*columns, references] if references else columns
    for number, line in numbered_lines(path):
        if line.isspace():
            continue
        try:
            entry = _entry(line, columns, wanted)
        except (ValueError, RecursionError) as error:
            yield BadLine(str(path), number, str(error))
            continue
        values = [entry[column] for column in columns]
        pair: Pair | Example | BadLine = _pair(values, str(path), number)
        if references and isinstance(pair, Pair):
            pair = _with_references(pair, entry.get(references), str(path), number)
        yield pair


def jsonl_texts(path: Path, column: str = "text") -> Iterator[str]:
    r"""Yields the text of each line, one for each line of the file.

    Args:
        path: the file.
        column: key of the text.

    Raises:
        ValueError: a line, even a blank one, holds no such text: line n is text n.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "texts.jsonl")
        >>> _ = path.write_text('{"text": "two\\nlines"}\n', encoding="utf-8")
        >>> list(jsonl_texts(path))
        ['two\nlines']
    """
    for number, line in numbered_lines(path):
        try:
            if line.isspace():
                raise ValueError("the line is blank; expected a JSON object")
            text = _entry(line, [column], [column])[column]
            if not isinstance(text, str):
                raise ValueError(f"{column!r} is {type(text).__name__} {text!r:.80}, expected text")
            if SURROGATE.search(text):
                raise ValueError(_HALF)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}:{number}: {error}") from error
        yield text


def json_line(entry: Mapping[str, Any]) -> str:
    r"""Returns an object as one line, which `jsonl_texts` and `read_pairs` read back as it was.

    Args:
        entry: texts, numbers, and lists or dicts of them, by key.

    Raises:
        ValueError: a text holds half of a surrogate pair, or a number is not finite.
        TypeError: a value is of another type.

    Example:
        >>> json_line({"text": "두\n줄"})
        '{"text": "두\\n줄"}\n'
    """
    line = json.dumps(dict(entry), ensure_ascii=False, allow_nan=False)
    if SURROGATE.search(line):
        raise ValueError(f"{_HALF}, in {line!a:.200}")
    return line + "\n"


def _entry(line: str, columns: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    """The object of a line, which has the columns, and has none of those wanted twice."""
    try:
        entry = json.loads(line)
        if "\\u00" in line or any(line.count(json.dumps(name)) != 1 for name in wanted):
            _refuse_repeats(line, wanted)
    except (ValueError, RecursionError) as error:
        array = "; an array must be written as an object a line" * (line.strip() == "[")
        raise ValueError(f"bad JSON: {error}{array}") from error
    if not isinstance(entry, dict):
        raise ValueError(f"expected a JSON object, got {type(entry).__name__}")
    if missing := [column for column in columns if column not in entry]:
        raise ValueError(f"no {missing[0]!r} among {shown_names(list(entry))}")
    return entry


def _pair(values: list[Any], path: str, line: int) -> Pair | BadLine:
    for role, value in zip(("source", "target", "key"), values, strict=False):
        if isinstance(value, str):
            if SURROGATE.search(value):
                return BadLine(path, line, _HALF)
        elif role != "key" or not isinstance(value, int) or isinstance(value, bool):
            kind = type(value).__name__
            return BadLine(path, line, f"the {role} is {kind} {value!r:.80}, expected text")
    return as_pair([str(value) for value in values], path, line)


def _with_references(pair: Pair, value: Any, path: str, line: int) -> Pair | Example | BadLine:
    if value is None:
        return pair
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        kind = type(value).__name__
        return BadLine(path, line, f"the references are {kind} {value!r:.80}, expected texts")
    if any(SURROGATE.search(text) for text in texts):
        return BadLine(path, line, _HALF)
    return Example(*pair, tuple(texts)) if texts else pair


def _refuse_repeats(line: str, columns: Sequence[str]) -> None:
    """Raises if an object has one of the columns twice."""
    outermost: list[tuple[str, Any]] = []

    def remember(entries: list[tuple[str, Any]]) -> dict[str, Any]:
        outermost[:] = entries  # an object is complete only after those in it
        return dict(entries)

    entry = json.loads(line, object_pairs_hook=remember)
    names = [name for name, _ in outermost] if isinstance(entry, dict) else []
    for column in columns:
        if names.count(column) > 1:
            raise ValueError(f"{column!r} stands {names.count(column)} times in the object")
