"""Symbols that name the language to translate into."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kseq2seq_runtime.texts import strings

_SYMBOL = re.compile(r"<2([A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*)>")


def languages_in(symbols: Iterable[str]) -> tuple[str, ...]:
    """Returns the languages that some symbols of a tokenizer ask for.

    Example:
        >>> from kseq2seq_runtime.languages import languages_in
        >>> languages_in(["<2fr>", "<2ko>", "<user>"])
        ('fr', 'ko')
    """
    matches = map(_SYMBOL.fullmatch, symbols)
    return tuple(match[1] for match in matches if match)


def without_languages(text: str, known: Iterable[str]) -> str:
    """Returns a text without the symbols of known languages.

    Example:
        >>> from kseq2seq_runtime.languages import without_languages
        >>> without_languages("<2fr>Save <2x>", ["fr", "ko"])
        'Save <2x>'
    """
    return re.sub("|".join(re.escape(f"<2{language}>") for language in known), "", text)


def into(language: str, texts: str | Iterable[str], known: Iterable[str]) -> list[str]:
    """Returns texts that ask for a language.

    Args:
        language: one of `known`.
        texts: one text or several, without symbols of languages.
        known: the languages that a model was trained on.

    Raises:
        ValueError: for another language, or a text that asks for one already.

    Example:
        >>> from kseq2seq_runtime.languages import into
        >>> into("ko", ["Save the file"], known=["fr", "ko"])
        ['<2ko>Save the file']
    """
    known = tuple(known)
    if not known:
        raise ValueError(
            f"This model translates into one language; don't name one. Got {language!r}."
        )
    if language not in known:
        raise ValueError(f"The language must be one of {', '.join(known)}; got {language!r}.")
    listed = strings(texts)
    for index, text in enumerate(listed):
        if match := _SYMBOL.match(text):
            raise ValueError(
                f"Text {index} asks for {match[1]!r} already: {text!r:.80}. Remove its symbol."
            )
    return [f"<2{language}>{text}" for text in listed]
