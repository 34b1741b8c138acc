"""The ids that mean something to every model, in one value."""

from __future__ import annotations

from typing import NamedTuple


class SpecialTokens(NamedTuple):
    """Ids of the tokens that are not text; every tokenizer reserves them.

    A source is its tokens then `end`; a decoder is given `start` then the target's tokens and
    must predict the target's tokens then `end`; rows are filled up on the right with `padding`.

    Args:
        padding: id that fills rows up; never predicted, never scored.
        start: id that a decoder is given first.
        end: id that closes a sequence.
        unknown: id of whatever the vocabulary lacks.

    Example:
        >>> from kseq2seq import SpecialTokens
        >>> SpecialTokens()
        SpecialTokens(padding=0, start=1, end=2, unknown=3)
        >>> len(SpecialTokens())
        4
    """

    padding: int = 0
    start: int = 1
    end: int = 2
    unknown: int = 3


SPECIAL_TOKENS = SpecialTokens()
REPLACEMENT = "\ufffd"  # stands in a text for what can't be read
