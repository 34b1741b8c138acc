"""Raw texts as a pipeline takes them: strings, none of them too long for its model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kseq2seq.raw import raw_texts
from kseq2seq.text import split_sentences

MOST_EXAMPLES = 16  # that a pipeline keeps


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


def fitting(
    measure: Callable[[list[str]], np.ndarray], longest: int, texts: list[str], split: bool
) -> tuple[list[list[str]], np.ndarray]:
    """Returns the parts of each text to decode, itself where it is not too long, and their lengths.

    Args:
        measure: texts -> how many tokens each has.
        longest: how many a part may have.
        texts: raw texts.
        split: cut those that are too long into sentences instead of refusing them.

    Returns:
        (a list of parts for each text, int (parts,) the tokens of all parts in their order).

    Raises:
        ValueError: if a text, or a sentence of it, is too long.
    """
    parts = [[text] for text in texts]
    lengths = measure(texts) if texts else np.zeros(0, int)
    if split and (lengths > longest).any():
        for index in np.flatnonzero(lengths > longest).tolist():
            parts[index] = split_sentences(texts[index]) or [texts[index]]
        lengths = measure([part for sentences in parts for part in sentences])
    owners = [index for index, sentences in enumerate(parts) for _ in sentences]
    for index, length in zip(owners, lengths.tolist(), strict=True):
        if length > longest:
            what, hint = "has", "shorten it, or pass too_long='split'"
            if split:
                what, hint = "has a sentence of", "put an end of a sentence inside it"
            raise ValueError(
                f"Text {index} {what} {length} tokens, its end included, and the limit is "
                f"{longest}; {hint}."
            )
    return parts, lengths
