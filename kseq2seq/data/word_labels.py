"""Labels and the words that they belong to, as many of one as of the other."""

from __future__ import annotations

from kseq2seq.data.pairs import Example, Pair


def one_label_a_word(pair: Pair | Example) -> str | None:
    """Returns what is wrong with a pair whose target must have a label for each word, or None.

    Words and labels have white space between them. It is meant for the `check` of `read_pairs` and
    `named_pairs`, which name the line.

    Args:
        pair: of a text and its labels.

    Example:
        >>> from kseq2seq.data import Pair, one_label_a_word
        >>> one_label_a_word(Pair("It rains .", "pps vbz .", "1"))
        >>> one_label_a_word(Pair("It rains.", "pps vbz .", "2"))
        '3 labels for 2 words; give each word one label, or read one label for each text'
    """
    words, labels = len(pair.source.split()), len(pair.target.split())
    if words == labels:
        return None
    return (
        f"{labels} label{'s' * (labels != 1)} for {words} word{'s' * (words != 1)}; give each word "
        "one label, or read one label for each text"
    )
