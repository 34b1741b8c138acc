"""What the vocabulary of a side lacks: counted, and told."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

_MUCH = 0.01  # share of a side's tokens
_SHOWN = 60


class Unknown(NamedTuple):
    """What the vocabulary of a side lacks, in the kept pairs.

    Attributes:
        tokens: how many tokens are unknown.
        texts: how many texts have no token but unknown ones (and spaces).
        example: the first such text, or else the first with an unknown token.

    Example:
        >>> from kseq2seq.data.unknown import Unknown
        >>> Unknown(2, 1, "XY").shown()
        "'XY'"
    """

    tokens: int = 0
    texts: int = 0
    example: str = ""

    def plus(self, tokens: int, texts: int, whole: np.ndarray, some: np.ndarray) -> Unknown:
        """Returns the sum with what `Source.lacking` gives."""
        example = self.example
        if len(whole) and not self.texts:
            example = whole[0].decode(errors="replace")
        elif len(some) and not self.tokens:
            example = some[0].decode(errors="replace")
        return Unknown(self.tokens + int(tokens), self.texts + int(texts), example)

    def shown(self) -> str:
        """The example, for reading."""
        text = self.example
        return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


NOTHING = Unknown()


def warn_of_unknown(unknown: list[tuple[str, Unknown, float]], kept: int, stacklevel: int) -> None:
    """Tells of texts that a model can't tell apart, and of a vocabulary that lacks much.

    Args:
        unknown: of each side its name, what it lacks, and its share of the side's tokens.
        kept: how many pairs there are.
        stacklevel: of the caller, as `warnings.warn` takes it.
    """
    for side, lacks, share in unknown:
        told = []
        if lacks.texts:
            told.append(f"{lacks.texts:,} of {kept:,} {side} texts are unknown as a whole")
        if share > _MUCH:
            told.append(f"{share:.1%} of the {side} tokens are unknown")
        if told:
            warnings.warn(
                f"{' and '.join(told)}, for example in {lacks.shown()}: a model can't "
                "tell what is unknown apart. Train the tokenizer on these texts, give it a larger "
                "vocabulary, or use a ByteTokenizer, which knows all text.",
                stacklevel=stacklevel + 1,
            )
