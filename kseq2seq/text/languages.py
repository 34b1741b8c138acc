"""Symbols that name the language to translate into, so that one model serves several."""

from __future__ import annotations

import re
from collections.abc import Collection

from kseq2seq.checks import raw_texts

_NAME = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")  # as in BCP 47
_SYMBOL = re.compile(rf"<2({_NAME.pattern})>")


def language_symbol(language: str) -> str:
    """Returns the symbol that asks for a language, which stands before a source text.

    Args:
        language: its name, for example "fr" or "pt-BR".

    Raises:
        ValueError: it is no name of a language.

    Example:
        >>> from kseq2seq.text import language_symbol
        >>> language_symbol("fr")
        '<2fr>'

    Source:
        Johnson et al. 2017, "Google's Multilingual Neural Machine Translation System".
    """
    if not isinstance(language, str) or not _NAME.fullmatch(language):
        raise ValueError(
            f"A language must be named by letters, for example 'fr' or 'pt-BR'; got {language!r}."
        )
    return f"<2{language}>"


def language_of(text: str) -> str:
    """Returns the language that the symbol before a text asks for; "" without one.

    Args:
        text: that may begin with a symbol, of any language.

    Example:
        >>> from kseq2seq.text.languages import language_of
        >>> language_of("<2ko>Save the file"), language_of("Save the file")
        ('ko', '')
    """
    match = _SYMBOL.match(text)
    return match.group(1) if match else ""


def without_language(text: str) -> str:
    """Returns a text without the symbol before it.

    Args:
        text: as for `language_of`.

    Example:
        >>> from kseq2seq.text.languages import without_language
        >>> without_language("<2ko>Save the file")
        'Save the file'
    """
    match = _SYMBOL.match(text)
    return text[match.end() :] if match else text


def languages_in(symbols: Collection[str]) -> tuple[str, ...]:
    """Returns the languages that some symbols of a tokenizer ask for.

    Args:
        symbols: of a tokenizer; those of another kind are passed over.

    Returns:
        The names of the languages, in the order of their symbols.

    Example:
        >>> from kseq2seq.text.languages import languages_in
        >>> languages_in(["<2fr>", "<2ko>", "<user>"])
        ('fr', 'ko')
    """
    matches = (_SYMBOL.fullmatch(symbol) for symbol in symbols)
    return tuple(match.group(1) for match in matches if match)


def into(language: str, texts: str | Collection[str], known: Collection[str]) -> list[str]:
    """Returns texts that ask for a language.

    Args:
        language: one of `known`.
        texts: one text or several, without symbols of languages.
        known: the languages that a model was trained on.

    Raises:
        ValueError: for another language, or a text that asks for one already.

    Example:
        >>> from kseq2seq.text.languages import into
        >>> into("ko", ["Save the file"], known=["fr", "ko"])
        ['<2ko>Save the file']
    """
    if not known:
        raise ValueError(
            f"This model translates into one language; don't name one. Got {language!r}."
        )
    if language not in known:
        raise ValueError(f"The language must be one of {', '.join(known)}; got {language!r}.")
    listed = raw_texts([texts] if isinstance(texts, str) else texts)
    for index, text in enumerate(listed):
        if asked := language_of(text):
            raise ValueError(
                f"Text {index} asks for {asked!r} already: {text!r:.80}. Remove its symbol."
            )
    return [language_symbol(language) + text for text in listed]
