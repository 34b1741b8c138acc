"""Examples on their way into a corpus: checked, read and packed, one at a time."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from kseq2seq.contracts import Source
from kseq2seq.data.pairs import Example, Pair
from kseq2seq.data.problems import SHOWN

_HINT = "`pairs_from` makes pairs of tuples, `read_pairs` of a file."
_UNREADABLE = (ValueError, TypeError, OSError, EOFError, RuntimeError)


class Packed(NamedTuple):
    """An example as a corpus keeps it.

    Args:
        source: bytes, UTF-8 where it is a text.
        target: a text.
        key: a text.
        references: texts.
        kind: the kind of the source that packed it; "" for a text that is kept as it is.
    """

    source: bytes
    target: str
    key: str
    references: tuple[str, ...] = ()
    kind: str = ""


def kind_of(source: Source) -> str:
    """Returns what a corpus calls the source that packed it."""
    return getattr(source, "kind", type(source).__name__)


def packed_examples(
    examples: Iterable[Pair | Example | Packed],
    source: Source | None = None,
    errors: str = "raise",
    problems: list[str] | None = None,
) -> Iterator[Packed]:
    """Yields examples as a corpus keeps them.

    Args:
        examples: consumed one at a time.
        source: reads and packs their sources; without one they are texts.
        errors: "raise" stops at the first example that can't be read, "skip" leaves it out, and
            tells of all in one warning at the end.
        problems: gains a line for each example that is left out.

    Raises:
        TypeError: for anything but examples.
        ValueError: an example can't be read; the message has its number and names the file.
        FileNotFoundError: its file is missing.

    Example:
        >>> from kseq2seq.data import Example
        >>> next(packed_examples([Example("hello", "안녕", "k", ("여보세요",))])).references
        ('여보세요',)
    """
    if errors not in ("raise", "skip"):
        raise ValueError(f"`errors` must be 'raise' or 'skip'; got {errors!r:.80}.")
    if isinstance(examples, str | bytes) or not isinstance(examples, Iterable):
        kind = type(examples).__name__
        raise TypeError(f"`pairs` must be pairs; got {kind} {examples!r:.80}. {_HINT}")
    found = [] if problems is None else problems
    number = -1
    for number, example in enumerate(examples):
        if isinstance(example, Packed):  # from another corpus
            yield example
            continue
        if not isinstance(example, Pair | Example):
            raise TypeError(
                f"`pairs` must hold pairs only; number {number} is {type(example).__name__} "
                f"{example!r:.80}. {_HINT}"
            )
        try:
            yield _packed(example, number, source)
        except _UNREADABLE as error:
            if errors == "raise" or isinstance(error, _Unfit):
                raise
            found.append(str(error))
    if found:
        shown = "".join(f"\n  {problem}" for problem in found[:SHOWN])
        more = f"\n  and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
        warnings.warn(
            f"{len(found):,} of {number + 1:,} examples left out{shown}{more}", stacklevel=2
        )


class _Unfit(TypeError):
    """The fields of an example are of other types than they must be."""


def _packed(example: Pair | Example, number: int, source: Source | None) -> Packed:
    references = _references(example, number) if example.references != () else ()
    texts = [example.target, example.key, *references]
    if source is None:
        texts.insert(0, example.source)
    if not all(isinstance(text, str) for text in texts):
        hint = ""
        if source is None and not isinstance(example.source, str):
            hint = ". Give `source`, which reads sources that are no texts"
        raise _Unfit(
            f"The fields of a pair must be strings; pair {number} is {example!r:.200}{hint}"
        )
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"pair {number}: half of a surrogate pair, which no text can hold, in {example!r:.200}"
        ) from None
    if source is None:
        return Packed(example.source.encode(), example.target, example.key, references)
    try:
        content = source.pack(source.read(example.source))
    except _UNREADABLE as error:
        raise _named(error, example.source, number) from error
    given = example.source
    plain = isinstance(given, str) and content == given.encode(errors="surrogatepass")
    kind = "" if plain else kind_of(source)
    return Packed(content, example.target, example.key, references, kind)


def _references(example: Pair | Example, number: int) -> tuple[Any, ...]:
    given = example.references
    if isinstance(given, str) or not isinstance(given, tuple | list):
        raise _Unfit(
            f"The references of a pair must be a tuple of strings; pair {number} has {given!r:.80}."
        )
    return tuple(given)


def _named(error: Exception, given: Any, number: int) -> Exception:
    """The same error, of a type that callers expect, with the number and the file's name."""
    path = os.fspath(given) if isinstance(given, str | os.PathLike) else ""
    told = str(error)
    name = f"{path!s:.200}: " if path and str(path) not in told else ""
    kept = (FileNotFoundError, TypeError)
    kind = next((kind for kind in kept if isinstance(error, kind)), ValueError)
    return kind(f"example {number}: {name}{told}")
