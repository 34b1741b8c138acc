"""The tokenizer that needs no training: one token is one UTF-8 byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer

BYTES = 256


class ByteTokenizer(Tokenizer):
    """Gives each UTF-8 byte the id `byte + len(SpecialTokens())`.

    Nothing is unknown to it and every text comes back exactly. Ids that are not valid UTF-8
    together, as a model may write them, come back with U+FFFD in place of what is broken.

    Example:
        >>> from kseq2seq.text import ByteTokenizer
        >>> tokenizer = ByteTokenizer()
        >>> tokenizer.tokenize(["né"]).to_list()
        [[114, 199, 173]]
        >>> tokenizer.detokenize([[114, 199, 173, 2, 114]]).numpy()[0].decode()
        'né'
    """

    kind = "bytes"

    @property
    def vocabulary_size(self) -> int:
        """260: the special tokens and the 256 bytes."""
        return len(self.special) + BYTES

    def _tokenize(self, texts: tf.Tensor, sample: bool) -> tf.RaggedTensor:
        flat = tf.io.decode_raw(tf.strings.reduce_join(texts), tf.uint8)
        lengths = tf.cast(tf.strings.length(texts), tf.int64)
        ids = tf.cast(flat, tf.int32) + len(self.special)
        return tf.RaggedTensor.from_row_lengths(ids, lengths, validate=False)

    def _detokenize(self, ids: tf.RaggedTensor) -> tf.Tensor:
        table = [REPLACEMENT.encode()] * len(self.special) + [bytes([b]) for b in range(BYTES)]
        texts = tf.strings.reduce_join(tf.gather(tf.constant(table), ids), axis=-1)
        return tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")

    def _piece(self, token: int) -> str:
        byte = token - len(self.special)
        return chr(byte) if 0x20 < byte < 0x7F else f"<0x{byte:02X}>"

    def _save(self, directory: Path) -> dict[str, Any]:
        return {}

    @classmethod
    def _load(cls, path: Path, settings: dict[str, Any]) -> ByteTokenizer:
        return cls()
