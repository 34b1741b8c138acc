"""One example of a corpus with the key that decides its split, and how a corpus packs it."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from kseq2seq.contracts import Source
from kseq2seq.data.places import place_of

_HINT = "`pairs_from` makes pairs of tuples, `read_pairs` of a file."
_UNREADABLE = (ValueError, TypeError, OSError, EOFError, RuntimeError)
SHOWN = 5  # of what was left out, in a warning
SURROGATE = re.compile("[\ud800-\udfff]")  # half of a character, which UTF-8 can't hold


class Pair(NamedTuple):
    """A source text, the target text it should become, and the origin of the two.

    Pairs with one key always lie in one split, so the key names the origin (a source package, a
    conversation, a normalized source text) and never the example itself.

    Args:
        source: the text a model is given.
        target: the text a model should return.
        key: the origin that decides the split.

    Example:
        >>> from kseq2seq.data.pairs import Pair
        >>> Pair("Good morning.", "Bonjour.", key="greetings")
        Pair(source='Good morning.', target='Bonjour.', key='greetings')
    """

    source: str
    target: str
    key: str

    @property
    def references(self) -> tuple[str, ...]:
        """None beside the target; see `Example`."""
        return ()


class Example(NamedTuple):
    """A source of any kind, the target it should become, and the origin of the two.

    It goes wherever a `Pair` goes; a pair is an example whose source is a text.

    Args:
        source: anything that `Source.read` takes: a text, the path of a file, an array.
        target: the text a model should return; labels have spaces between them.
        key: the origin that decides the split.
        references: targets that count as right too when a model is scored; see `answers`.

    Example:
        >>> from kseq2seq.data import Example
        >>> from kseq2seq.data.pairs import answers
        >>> example = Example("clips/1.wav", "turn left", "speaker 1", ("turn left", "go left"))
        >>> answers(example)
        ('turn left', 'go left')
    """

    source: Any
    target: str
    key: str
    references: tuple[str, ...] = ()


def answers(example: Pair | Example) -> tuple[str, ...]:
    """Returns all targets that count as right, each once, the one to train on first.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.data.pairs import answers
        >>> answers(Pair("Good morning.", "Bonjour.", key="greetings"))
        ('Bonjour.',)
    """
    return tuple(dict.fromkeys((example.target, *example.references)))


def digest(source: Any, target: str) -> bytes:
    """Returns 16 bytes by which a source with its target differs from all others.

    Args:
        source: a text, bytes, a path or an array; of anything else the `repr` counts.
        target: a text.

    Example:
        >>> from kseq2seq.data.pairs import digest
        >>> digest("ab", "c") == digest("a", "bc"), digest("a", "b") == digest("a", "b")
        (False, True)
    """
    kind = ""
    if isinstance(source, np.ndarray):
        kind, content = f"{source.dtype.str} {source.shape}", source.tobytes()
    elif isinstance(source, bytes):
        kind, content = "bytes", source
    elif isinstance(source, str | os.PathLike):
        content = os.fsencode(source)
    else:
        kind, content = type(source).__name__, repr(source).encode()
    head = f"{kind} {len(content)} ".encode()
    return blake2b(head + content + target.encode(), digest_size=16).digest()


class Packed(NamedTuple):
    """An example as a corpus keeps it.

    Args:
        source: bytes, UTF-8 where it is a text.
        target: a text.
        key: a text.
        references: texts.
        kind: the kind of the source that packed it; "" for a text that is kept as it is.
        times: how often an epoch of training holds it, on average.
    """

    source: bytes
    target: str
    key: str
    references: tuple[str, ...] = ()
    kind: str = ""
    times: float = 1.0


def kind_of(source: Source) -> str:
    """Returns the name of a source's class in files, or else of the class itself."""
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
        errors: "raise" stops at the first example that can't be read; "skip" leaves such examples
            out and reports them in one warning at the end.
        problems: gains a line for each example that is left out.

    Raises:
        TypeError: for anything but examples.
        ValueError: an example can't be read; the message has its number and names the file. Or all
            were left out.
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
    problems = [] if problems is None else problems
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
            problems.append(str(error))
    if problems:
        shown = "".join(f"\n  {problem}" for problem in problems[:SHOWN])
        more = f"\n  and {len(problems) - SHOWN:,} more" if len(problems) > SHOWN else ""
        warnings.warn(
            f"{len(problems):,} of {number + 1:,} examples left out{shown}{more}", stacklevel=2
        )
        if len(problems) > number:
            raise ValueError(
                f"`pairs` must hold at least one pair: all were left out; the first: {problems[0]}"
            )


class _Unfit(TypeError):
    """A field of an example has the wrong type."""


def _packed(example: Pair | Example, number: int, source: Source | None) -> Packed:
    references = _references(example, number) if example.references != () else ()
    texts = [example.target, example.key, *references]
    if source is None:
        texts.insert(0, example.source)
    if not all(isinstance(text, str) for text in texts):
        hint = ""
        if source is None and not isinstance(example.source, str):
            hint = ". Pass `source`, which reads sources other than texts"
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
        raise _named(error, example, number) from error
    text = example.source
    plain = isinstance(text, str) and content == text.encode(errors="surrogatepass")
    kind = "" if plain else kind_of(source)
    return Packed(content, example.target, example.key, references, kind)


def _references(example: Pair | Example, number: int) -> tuple[Any, ...]:
    references = example.references
    if isinstance(references, str) or not isinstance(references, tuple | list):
        raise _Unfit(
            "The references of a pair must be a tuple of strings; pair "
            f"{number} has {references!r:.80}."
        )
    return tuple(references)


def _named(error: Exception, example: Pair | Example, number: int) -> Exception:
    """The same error, of a type that callers expect, with the number, the line and the file."""
    source, place = example.source, place_of(example)
    path = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
    message = str(error)
    name = f"{path!s:.200}: " if path and str(path) not in message else ""
    kept = (FileNotFoundError, TypeError)
    kind = next((kind for kind in kept if isinstance(error, kind)), ValueError)
    where = f" ({place})" if place else ""
    return kind(f"example {number}{where}: {name}{message}")
