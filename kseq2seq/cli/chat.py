"""A conversation in the terminal: answers appear as they are written, and turns are remembered."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TextIO

_HELP = "/reset forgets the conversation; /quit or Ctrl-D ends it; Ctrl-C stops an answer."
_YOU, _BOT = "you: ", "bot: "

Answer = Callable[[str, int], Iterable[str]]


def chat(
    source: Any,
    ways: Mapping[str, Answer],
    lines: Iterable[str] | None = None,
    output: TextIO | None = None,
) -> list[str]:
    """Talks until `/quit`, the end of the input, or Ctrl-C where nothing is being written.

    As many turns are remembered as the source has room for; `/reset` forgets them. Ctrl-C while an
    answer is written keeps what was written as the answer.

    Args:
        source: a `TurnsSource`.
        ways: commands -> functions (the raw of all turns that are remembered, the number of the
            answer from 0) -> the answer, each time all of it so far; for example
            `Pipeline.stream`. The first way is used until a command names another.
        lines: what is said, line by line; those of standard input, after a prompt, where None.
        output: where to write; standard output where None.

    Returns:
        The turns that are remembered at the end.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TurnsSource
        >>> source = TurnsSource(ByteTokenizer(symbols=["<turn>"]), max_length=64)
        >>> chat(source, {"/shout": lambda raw, _: [raw.upper()]}, ["hello", "/quit"])
        /reset forgets the conversation; /quit or Ctrl-D ends it; Ctrl-C stops an answer.
        bot: HELLO
        ['hello', 'HELLO']
    """
    out = output or sys.stdout
    usage = _HELP + f" Ways to answer: {', '.join(ways)}." * (len(ways) > 1)
    answer = next(iter(ways.values()))
    turns: list[str] = []
    print(usage, file=out)
    waiting = _asked(out) if lines is None else iter(lines)
    number = 0
    while (line := _next(waiting, out)) is not None:
        said = " ".join(line.replace(source.turn, " ").split())
        if said in ("/quit", "/exit"):
            break
        if said == "/reset":
            turns = []
            print("(forgotten)", file=out)
        elif said in ways:
            answer = ways[said]
        elif said.startswith("/"):
            print(usage, file=out)
        elif said:
            turns = remembered(source, [*turns, said])
            written = _written(answer(source.joined(turns), number), out)
            turns = [*turns, " ".join(written.replace(source.turn, " ").split())]
            number += 1
    return turns


def remembered(source: Any, turns: list[str]) -> list[str]:
    """Returns the newest turns that a source has room for, at least one.

    Args:
        source: a `TurnsSource`.
        turns: oldest first.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TurnsSource
        >>> source = TurnsSource(ByteTokenizer(symbols=["<turn>"]), max_length=6)
        >>> remembered(source, ["hello", "ab", "c"])
        ['ab', 'c']
    """
    while len(turns) > 1:
        (length,) = source.lengths([source.joined(turns)]).numpy().tolist()
        if length <= source.max_length:
            break
        turns = turns[1:]
    return turns


def _asked(out: TextIO) -> Iterator[str]:
    """Lines of standard input; a prompt is shown where a person types."""
    while True:
        if sys.stdin.isatty():
            print(_YOU, end="", file=out, flush=True)
        typed = sys.stdin
        encoding = typed.encoding or "utf-8"
        line = typed.buffer.readline() if hasattr(typed, "buffer") else typed.readline().encode()
        if not line:
            return
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError:  # a text stream that has met one reads no further
            print(f"(not {encoding.upper()}; say it again)", file=out)


def _next(lines: Iterator[str], out: TextIO) -> str | None:
    """The next line; None at the end, and for Ctrl-C."""
    try:
        return next(lines)
    except StopIteration:
        return None
    except (KeyboardInterrupt, EOFError):
        print(file=out)
        return None


def _written(answer: Iterable[str], out: TextIO) -> str:
    """Writes an answer as it grows, and returns it."""
    shown = ""
    print(_BOT, end="", file=out, flush=True)
    try:
        for text in answer:
            if text.startswith(shown):
                print(text[len(shown) :], end="", file=out, flush=True)
            else:  # a search with several hypotheses thought better of it
                print(f"\n{_BOT}{text}", end="", file=out, flush=True)
            shown = text
    except KeyboardInterrupt:
        print(" ...", end="", file=out)
    print(file=out, flush=True)
    return shown
