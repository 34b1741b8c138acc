"""How much of a text would have to be edited: error rates by jiwer, similarity by RapidFuzz."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, cast

import numpy as np

from kseq2seq.metrics.sums import Sums, best, mean, share, signature, summed


@summed
def word_error_rate(
    hypotheses: list[str],
    references: list[list[str]],
    parts: Callable[[str], list[str]] = str.split,
) -> Sums:
    """Words to insert, delete or replace, in percent of the references' words: fewer are better.

    Errors of all texts are divided by the words of all references, so the rate may exceed 100. An
    empty hypothesis lacks all words of its reference; where a reference is empty, each word of the
    hypothesis is an error. Of several references the one with the lowest rate counts. Case and
    punctuation count: normalize both sides where they should not. The rate of phones, with spaces
    between them, is a phone error rate.

    Args:
        hypotheses: N texts.
        references: N texts, one for each, or N lists of texts, of any number each.
        parts: the words of a text; what white space separates, if not given.

    Returns:
        The rate, with its `signature`.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number or are empty.

    Example:
        >>> from kseq2seq.metrics import word_error_rate
        >>> word_error_rate(["the cat sat", ""], ["the cat sat down", "so"])
        40.0
        >>> word_error_rate(["T AH M EY T OW"], [["T AH M AA T OW", "T AH M EY T OW"]])
        0.0
    """
    return _errors(hypotheses, references, parts, "words")


@summed
def character_error_rate(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """Characters to insert, delete or replace, in percent of those of the references.

    Spaces between words are characters, those around the text are not. A character is one code
    point: a syllable of Korean in NFC. The rest is as for `word_error_rate`.

    Example:
        >>> from kseq2seq.metrics import character_error_rate
        >>> round(character_error_rate(["날씨가 춥다"], ["날씨가 좋다"]), 1)
        16.7
    """
    return _errors(hypotheses, references, lambda text: list(text.strip()), "characters")


@summed
def edit_similarity(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """How alike texts are, character by character, 0 to 100: 100 are equal.

    It is the mean of 1 - d / max(length, length of the reference), d being the characters to
    insert, delete or replace; white space counts. Of several references the most similar counts.

    Example:
        >>> from kseq2seq.metrics import edit_similarity
        >>> edit_similarity(["return x", "pass"], ["return y", "pass"])
        93.75
    """
    from rapidfuzz.distance import Levenshtein

    values = best(hypotheses, references, Levenshtein.normalized_similarity)
    return mean(values, signature(references, "rapidfuzz", case="mixed"))


@summed
def exact_match(hypotheses: list[str], references: list[list[str]]) -> Sums:
    r"""The percentage of texts that equal their reference, or one of several, 0 to 100.

    Case, punctuation and white space count.

    Example:
        >>> from kseq2seq.metrics import exact_match
        >>> exact_match(["a b", "c "], [["a", "a b"], "c"])
        50.0
    """
    values = [text in row for text, row in zip(hypotheses, references, strict=True)]
    return mean(values, signature(references, case="mixed"))


def _errors(
    hypotheses: list[str],
    references: list[list[str]],
    parts: Callable[[str], list[str]],
    unit: str,
) -> Sums:
    """Counts errors and parts of the reference with the lowest rate, for each text."""
    import jiwer

    def split(texts: list[str]) -> list[list[str]]:
        return [parts(text) for text in texts]

    flat = list(chain.from_iterable(references))
    repeated = [text for text, row in zip(hypotheses, references, strict=True) for _ in row]
    done = jiwer.process_words(flat, repeated, *[cast(Any, split)] * 2)
    sides = zip(done.alignments, done.references, strict=True)
    each = iter([(sum(map(_size, chunks)), len(reference)) for chunks, reference in sides])
    rows = [min((next(each) for _ in row), key=_rate) for row in references]
    return Sums(np.array(rows), share, signature(references, "jiwer", case="mixed", unit=unit))


def _rate(counts: tuple[int, int]) -> tuple[float, int]:
    """A key by which the lowest rate comes first; of equal ones, the longest reference."""
    errors, length = counts
    return (errors / length if length else errors and float("inf")), -length


def _size(chunk: Any) -> int:
    """How many errors a part of an alignment is."""
    if chunk.type == "equal":
        return 0
    return max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
