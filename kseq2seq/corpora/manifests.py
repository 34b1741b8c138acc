"""Recordings of a user's own: a table of paths and sentences, or transcripts beside recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kseq2seq.corpora.transcripts import spoken
from kseq2seq.data import Example, Pair, read_pairs
from kseq2seq.data.bad_lines import BadLine, OnError, usable
from kseq2seq.data.named import sides
from kseq2seq.data.places import LineKey
from kseq2seq.disk.lines import data_path, numbered_lines

COLUMNS = ("path", "sentence")
_TRANSCRIPTS = ".trans.txt"
_SOUNDS = (".flac", ".wav", ".ogg", ".opus", ".mp3")


def manifest(
    path: str | Path,
    columns: Sequence[str | int] = COLUMNS,
    *,
    normalized: bool = True,
    on_error: OnError = "report",
) -> Iterator[Example]:
    r"""Streams the recordings that a file lists, with their transcripts.

    A table (TSV, CSV, JSONL) has columns of paths and sentences, as Common Voice does. A file
    `*.trans.txt` has a name and a transcript on each line, as LibriSpeech does; the recording of
    that name lies beside it. A folder stands for all such files in it.

    Args:
        path: of the file. Paths in it are relative to its folder, or to `clips` in that folder.
        columns: of the table: path, sentence and, optionally, key; names, or numbers from 0 of a
            table without a header. Recordings of a key stay in one split; by default these are
            recordings of one transcript. The key "client_id" of Common Voice keeps speakers apart
            instead.
        normalized: whether transcripts are brought into the form of `spoken`.
        on_error: "report", "raise" or a function, for lines that give no example: a column is
            missing or empty, there is no such recording, nothing is said.

    Returns:
        An iterator of examples of the path of a recording and its transcript, whose keys know
        their lines. A recording that can't be read is found when it is: `Corpus.write` names its
        line then.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if no line gives an example, the file lacks a column, or there are neither two
            nor three columns.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "one.wav").write_bytes(b"")
        >>> _ = (folder / "train.tsv").write_text("path\tsentence\none.wav\tOne, please!\n")
        >>> [example.target for example in manifest(folder / "train.tsv")]
        ['one please']

    Source:
        Ardila et al. 2020, "Common Voice"; Panayotov et al. 2015, "Librispeech".
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(path.rglob(f"*{_TRANSCRIPTS}"))
        if not files:
            raise ValueError(f"{path} must hold files *{_TRANSCRIPTS}; it has none. Give a file.")
    else:
        files = [data_path(path)]
    finder = _Finder(normalized)
    if not files[0].name.endswith(_TRANSCRIPTS):
        named = sides(columns)
        pairs = read_pairs(files[0], check=finder.check, on_error=on_error, **named)
    else:
        rows = (row for file in files for row in _lines(file))
        named = {}
        pairs = usable(rows, str(path), on_error, finder.check)
    return (finder.example(pair, "key" in named) for pair in pairs)


def _lines(path: Path) -> Iterator[Pair | Example | BadLine]:
    """The names and transcripts of a file."""
    for number, line in numbered_lines(path):
        name, _, said = line.strip().partition(" ")
        if name and said.strip():
            yield Pair(name, said.strip(), LineKey(name, str(path), number))
        elif name:
            yield BadLine(str(path), number, "expected a name and a transcript")


class _Finder:
    """Finds recordings, and brings transcripts into their form."""

    def __init__(self, normalized: bool):
        self.normalized = normalized

    def check(self, pair: Pair | Example) -> str | None:
        """Returns what is wrong with a line; None if nothing is."""
        if _place(pair) is None:
            return f"there is no recording {pair.source!r:.200}"
        return None if self.said(pair) else f"nothing is said in {pair.target!r:.60}"

    def example(self, pair: Pair | Example, keyed: bool) -> Example:
        """Returns the example of a line that `check` found well."""
        key: Any = pair.key
        said = self.said(pair)
        text = str(key) if keyed else said
        return Example(str(_place(pair)), said, LineKey(text, key.path, key.line, key.lines))

    def said(self, pair: Pair | Example) -> str:
        """Returns the transcript."""
        return spoken(pair.target) or "" if self.normalized else pair.target.strip()


def _place(pair: Pair | Example) -> Path | None:
    """The path of a recording, or None where there is none."""
    key: Any = pair.key
    folder = Path(key.path).parent
    if key.path.endswith(_TRANSCRIPTS):
        named = [folder / f"{pair.source}{suffix}" for suffix in _SOUNDS]
    else:
        named = [folder / pair.source, folder / "clips" / pair.source]
    try:
        return next((path for path in named if path.is_file()), None)
    except OSError:  # no name that a file could have
        return None
