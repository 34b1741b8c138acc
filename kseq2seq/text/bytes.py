"""The tokenizer that needs no training: one token is one UTF-8 byte."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer, register_tokenizer

BYTES = 256


@register_tokenizer("bytes")
class ByteTokenizer(Tokenizer):
    """Gives each UTF-8 byte the id `byte + len(SpecialTokens())`.

    Nothing is unknown to it and every text comes back exactly. Ids that are not valid UTF-8
    together, as a model may write them, come back with U+FFFD in place of what is broken.

    Args:
        symbols: strings that are one token each, wherever they stand in a text; the first has the
            id 260.

    Raises:
        TypeError: a symbol is not a string.
        ValueError: a symbol is empty, given twice, or names a special token.

    Example:
        >>> from kseq2seq.text import ByteTokenizer
        >>> tokenizer = ByteTokenizer()
        >>> tokenizer.tokenize(["né"]).to_list()
        [[114, 199, 173]]
        >>> tokenizer.detokenize([[114, 199, 173, 2, 114]]).numpy()[0].decode()
        'né'
        >>> ByteTokenizer(symbols=["<ko>"]).tokenize(["<ko>hi"]).to_list()
        [[260, 108, 109]]
    """

    @property
    def vocabulary_size(self) -> int:
        """260, the special tokens and the 256 bytes, and the symbols."""
        return len(self.special) + BYTES + len(self.symbols)

    def to_ids(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """See `Tokenizer`."""
        flat = tf.io.decode_raw(tf.strings.reduce_join(texts), tf.uint8)
        lengths = tf.cast(tf.strings.length(texts), tf.int64)
        ids = tf.cast(flat, tf.int32) + len(self.special)
        return tf.RaggedTensor.from_row_lengths(ids, lengths, validate=False)

    def to_texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """See `Tokenizer`."""
        table = [REPLACEMENT.encode()] * len(self.special) + [bytes([b]) for b in range(BYTES)]
        texts = tf.strings.reduce_join(tf.gather(tf.constant(table), ids), axis=-1)
        return tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")

    def piece(self, token: int) -> str:
        """See `Tokenizer`; a byte beyond ASCII as `<0xE9>`."""
        byte = token - len(self.special)
        return chr(byte) if 0x20 < byte < 0x7F else f"<0x{byte:02X}>"

    def config(self) -> dict[str, Any]:
        """See `Tokenizer`; there is nothing to set."""
        return {}
