"""Sentences in columns: a word and its label on a line, a blank line after each sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from kseq2seq.data.bad_lines import BadLine, Check, OnError, as_pair, usable
from kseq2seq.data.pairs import Example, Pair
from kseq2seq.data.quoted import bare
from kseq2seq.disk.lines import SUFFIXES, data_path, numbered_lines

SUFFIX = ".conll"
_BEGIN = "-DOCSTART-"  # the word that stands before each document
_FIRST_AND_LAST = (0, -1)


def is_conll(name: str) -> bool:
    """Returns whether a file's name ends in `.conll`, compressed or not.

    Example:
        >>> is_conll("train.conll.gz"), is_conll("train.tsv")
        (True, False)
    """
    path = Path(name)
    return (Path(path.stem) if path.suffix in SUFFIXES else path).suffix == SUFFIX


def conll_pairs(
    path: str | Path,
    columns: Sequence[int] = _FIRST_AND_LAST,
    *,
    check: Check | None = None,
    on_error: OnError = "report",
) -> Iterator[Pair | Example]:
    r"""Streams the sentences of a file of words and labels, in constant memory.

    Fields stand between tabs or, if the first line that does not begin with "#" has none, between
    spaces. Where there are tabs, a line without one that begins with "#" is a comment. The word
    -DOCSTART- begins a document, whose sentences share a key and so stay in one split.

    Args:
        path: UTF-8, plain or compressed.
        columns: the numbers of the columns of words and of labels, from 0; by default the first
            and the last.
        check: see `read_pairs`; the line is that of the first word.
        on_error: see `read_pairs`.

    Returns:
        An iterator of pairs, (words, labels), each with single spaces.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: while reading, for a file without a sentence; or at a bad line, if `on_error`
            is "raise".

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "train.conll")
        >>> _ = path.write_text("The\tDET\ntab\tNOUN\n\nStop\tVERB\n")
        >>> list(conll_pairs(path))
        [Pair(source='The tab', target='DET NOUN', key='The tab'),
         Pair(source='Stop', target='VERB', key='Stop')]

    Source:
        Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 Shared Task".
    """
    if len(columns) != 2 or any(isinstance(c, bool) or not isinstance(c, int) for c in columns):
        raise ValueError(
            f"`columns` must be two numbers, of the words and of the labels; got {columns!r:.80}."
        )
    file = data_path(path)
    return usable(_sentences(file, *columns), str(file), on_error, check)


def _sentences(path: Path, word: int, label: int) -> Iterator[Pair | Example | BadLine]:
    # 1. The first line that can't be a comment decides what stands between fields.
    lines, head = iter(numbered_lines(path)), []
    for entry in lines:
        head.append(entry)
        if entry[1].strip() and not entry[1].startswith("#"):
            break
    tabs = any("\t" in line for _, line in head[-1:])

    # 2. Words and labels are gathered up to a blank line, as one stands after the last.
    document = first = 0
    rows: list[tuple[str, str]] = []
    wrong: BadLine | None = None
    for number, line in chain(head, lines, [(0, "\n")]):
        text = bare(line)
        if not text.strip():
            if wrong:
                yield wrong
            elif rows:
                words, labels = (" ".join(side) for side in zip(*rows, strict=True))
                key = [f"{path.name} {document}"] if document else []
                yield as_pair([words, labels, *key], str(path), first)
            rows, wrong = [], None
            continue
        if tabs and "\t" not in text and text.startswith("#"):
            continue
        fields = text.split("\t") if tabs else text.split()
        if fields[0] == _BEGIN:
            document += 1
            continue
        reason = _reason(fields, word, label)
        if reason:
            wrong = wrong or BadLine(str(path), number, reason)
        else:
            first = first if rows else number
            rows.append((fields[word], fields[label]))


def _reason(fields: list[str], word: int, label: int) -> str:
    """Returns why fields are no word with its label; "" if they are."""
    last = max(word, label)
    if len(fields) < 2 or last >= len(fields):
        few = f"{len(fields)} field{'s' * (len(fields) != 1)}"
        return f"{few}, expected a word and its label"
    for role, text in (("word", fields[word]), ("label", fields[label])):
        if len(text.split()) != 1 or text != text.strip():
            return f"the {role} is {text!r:.60}, expected text without white space"
    return ""
