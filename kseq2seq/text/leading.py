"""The spaces at the start of a text that a SentencePiece model keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.text.normalization import MARK, messages

_LONGEST = 2**31 - 1  # bytes


class LeadingSpaces:
    """Reads ids with the spaces at the start that the sentencepiece library gives them.

    A model puts a space before each text, which the library takes away again. tensorflow_text takes
    away all spaces there, even if the model keeps those of the text. For such a model another piece
    is put before the ids, and then cut off the text together with the model's space.

    Args:
        model: a serialised SentencePiece model.

    Attributes:
        kept: whether the model keeps the spaces of a text as they are.
    """

    def __init__(self, model: bytes) -> None:
        proto = messages().ModelProto.FromString(model)
        piece_type = messages().ModelProto.SentencePiece
        special = {piece_type.CONTROL: "", piece_type.UNKNOWN: proto.trainer_spec.unk_surface}
        texts = [special.get(piece.type, piece.piece) for piece in proto.pieces]
        self.kept = not proto.normalizer_spec.remove_extra_whitespaces
        self._has_text = np.array([bool(text) for text in texts])
        spaced = proto.normalizer_spec.add_dummy_prefix
        self._has_space = np.array([spaced and text.startswith(MARK) for text in texts])
        plain = [
            (token, len(text.encode()))
            for token, (text, piece) in enumerate(zip(texts, proto.pieces, strict=True))
            if text and MARK not in text and piece.type != piece_type.BYTE
        ]
        self._guard, self._width = plain[0] if plain else (0, 0)

    def read(self, tokenizer: Any, ids: tf.RaggedTensor) -> tf.Tensor:
        """Returns the texts of ids, (N,), as tensorflow_text's `tokenizer` reads them but for that.

        Args:
            tokenizer: of the same model.
            ids: (N, None) int32.
        """
        if not (self.kept and self._width):
            return tokenizer.detokenize(ids)
        guarded = tf.concat([tf.fill([ids.nrows(), 1], self._guard), ids], axis=1)
        said = tf.ragged.boolean_mask(ids, tf.gather(self._has_text, ids))
        spaced = tf.reduce_any(tf.gather(self._has_space, said[:, :1]), axis=1)
        cut = self._width + tf.cast(spaced, tf.int32)
        whole = tf.fill(tf.shape(cut), _LONGEST)
        return tf.strings.substr(tokenizer.detokenize(guarded), cut, whole)
