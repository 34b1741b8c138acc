"""What `--model` and `--tokenizer` may name."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kseq2seq.models import ARCHITECTURES
from kseq2seq.text import ByteTokenizer, Tokenizer, load_tokenizer
from kseq2seq.text.tokenizer import TOKENIZERS


def architectures(first: str = "transformer") -> dict[str, dict[str, Any]]:
    """Returns the architectures that recipes offer, each with sizes that no flag sets.

    They are those in the table whose `recipe_sizes` are not None, including users' own.

    Args:
        first: the default of a recipe, which comes first.

    Example:
        >>> from kseq2seq.cli import architectures
        >>> list(architectures("gru"))[:3]
        ['gru', 'rnn', 'lstm']
    """
    offered = {
        name: dict(kind.recipe_sizes)
        for name, kind in ARCHITECTURES.items()
        if kind.recipe_sizes is not None
    }
    return {first: offered.pop(first), **offered}


def tokenizer_kinds() -> list[str]:
    """Returns the kinds of tokenizers that can be made from texts alone, including users' own.

    Example:
        >>> {"bytes", "characters", "sentencepiece"} < set(tokenizer_kinds())
        True
    """
    kinds = {"bytes", *(kind for kind in TOKENIZERS if hasattr(TOKENIZERS[kind], "train"))}
    return sorted(kinds, key=lambda kind: (kind != "sentencepiece", kind))


def make_tokenizer(
    options: argparse.Namespace,
    texts: Iterable[str],
    symbols: Sequence[str] = (),
    exact: bool = False,
) -> Tokenizer:
    """Returns the tokenizer that `--tokenizer` names, trained on texts if it learns from them.

    Args:
        options: `tokenizer`, a kind or the directory of a saved one; and `vocabulary`, the most ids
            to learn.
        texts: to learn from, read once.
        symbols: strings that are one token each; a saved tokenizer must have them.
        exact: whether texts come back as they are, with all their white space, as code must. A
            SentencePiece model then normalizes nothing.

    Raises:
        ValueError: if there is no such kind or directory, the texts make no vocabulary, or a saved
            tokenizer lacks a symbol.

    Example:
        >>> options = argparse.Namespace(tokenizer="characters", vocabulary=7)
        >>> make_tokenizer(options, ["abba", "cab"]).vocabulary_size
        7
    """
    kind = options.tokenizer
    if kind == "bytes":
        return ByteTokenizer(symbols)
    if kind in tokenizer_kinds():
        settings: dict[str, Any] = {"symbols": symbols} if symbols else {}  # others may not take it
        if exact and kind == "sentencepiece":
            settings["normalization"] = "identity"
        return TOKENIZERS[kind].train(texts, options.vocabulary, **settings)  # type: ignore[attr-defined]
    saved = saved_tokenizer(Path(kind))
    if saved is None:
        raise ValueError(
            f"`tokenizer` must be one of {', '.join(tokenizer_kinds())}, or the directory of a "
            f"saved one; got {kind!r}, where there is no tokenizer.json."
        )
    tokenizer = load_tokenizer(saved)
    if lacking := set(symbols) - set(tokenizer.symbols):
        raise ValueError(
            f"`tokenizer` must have the symbols of the data; that of {kind} lacks "
            f"{', '.join(sorted(lacking))}. Train a new one."
        )
    return tokenizer


def saved_tokenizer(directory: Path) -> Path | None:
    """Returns the directory of a saved tokenizer: this one, or one inside it; None if none is.

    Args:
        directory: of a tokenizer, of a saved pipeline (whose target's is returned), or of a run.
    """
    inside = ("", "target_tokenizer", "pipeline/target_tokenizer")
    directories = (directory / name for name in inside)
    return next((path for path in directories if (path / "tokenizer.json").is_file()), None)
