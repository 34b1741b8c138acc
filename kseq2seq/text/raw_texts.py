"""What all sources of texts have in common: how a text is read, packed and batched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kseq2seq.checks import checked_text, raw_texts
from kseq2seq.contracts import Source


class RawTexts(Source):
    """The base of sources whose raw is a string."""

    noun = "Text"

    def __init__(self, max_length: int, too_long: str = "error") -> None:
        super().__init__(max_length, too_long)
        self.raw = tf.TensorSpec([None], tf.string, name="texts")

    def read(self, example: Any) -> str:
        """See `Source`; a text is its own raw."""
        return checked_text(example, "A source text")

    def several(self, raws: Any) -> list[str]:
        """See `Source`; several may be in any collection, for example a column of a table."""
        return raw_texts([raws] if isinstance(raws, str | bytes) else raws)  # type: ignore[list-item]

    def pack(self, raw: str) -> bytes:
        """See `Source`; UTF-8."""
        return self.read(raw).encode()

    def restore(self, packed: bytes) -> str:
        """See `Source`."""
        return packed.decode()

    def unpack(self, packed: tf.Tensor) -> tf.Tensor:
        """See `Source`; the strings themselves."""
        return packed

    def batch(self, raws: Sequence[str]) -> tf.Tensor:
        """See `Source`."""
        return tf.constant([self.pack(raw) for raw in raws], tf.string, [len(raws)])
