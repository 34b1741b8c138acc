"""Raw texts as a pipeline takes them: strings, none of them too long for its model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kseq2seq.raw import raw_texts
from kseq2seq.text import TextSource, split_sentences


def strings(texts: str | Sequence[str]) -> list[str]:
    """Returns one text or several as a list.

    Raises:
        TypeError: for what is not a string.
        ValueError: for a text with a lone surrogate.

    Example:
        >>> from kseq2seq.pipeline.sources import strings
        >>> strings("one"), strings(("one", "two"))
        (['one'], ['one', 'two'])
    """
    return raw_texts([texts] if isinstance(texts, str | bytes) else texts)


def fitting(source: TextSource, texts: list[str], split: bool) -> list[list[str]]:
    """Returns the parts of each text that are to be decoded: itself, where it is not too long.

    Args:
        source: knows how long a text may be.
        texts: raw texts.
        split: cut those that are too long into sentences, and do not refuse them.

    Raises:
        ValueError: if a text, or a sentence of it, is too long.
    """
    longest, parts = source.max_length, [[text] for text in texts]
    if split and texts:
        for index in np.flatnonzero(source.lengths(texts).numpy() > longest).tolist():
            parts[index] = split_sentences(texts[index]) or [texts[index]]
    owners = [index for index, sentences in enumerate(parts) for _ in sentences]
    flat = [part for sentences in parts for part in sentences]
    lengths = source.lengths(flat).numpy().tolist() if flat else []
    for index, length in zip(owners, lengths, strict=True):
        if length > longest:
            what, hint = "has", "shorten it, or pass too_long='split'"
            if split:
                what, hint = "has a sentence of", "put an end of a sentence inside it"
            raise ValueError(
                f"Text {index} {what} {length} tokens, its end included, and the limit is "
                f"{longest}; {hint}."
            )
    return parts
