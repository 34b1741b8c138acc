"""Raw text to raw text inside a TFLite file, by the operations of tensorflow-text."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kseq2seq.export.fixed import FixedModel


class TextModel(FixedModel):
    """A `FixedModel` with one signature more, which takes and gives strings.

    - `generate_texts(texts)`, string (1,) -> `texts`, string (1, N), `scores` and `finished`
      (1, N), best first, and `source_length`, int32 (1,): how many tokens the text has, its end
      included. If they are more than S, the texts are empty and their scores -inf; if it has none
      but the end, the first is an empty text with a score of 0. Both are finished.

    An interpreter must know tensorflow-text's operations to open a file with it::

        from ai_edge_litert.interpreter import InterpreterWithCustomOps
        from tensorflow_text.core.pybinds import tflite_registrar

        interpreter = InterpreterWithCustomOps(
            model_path="model.tflite", custom_op_registerers=tflite_registrar.SELECT_TFTEXT_OPS
        )

    These operations have no byte fallback: a character without a piece is read as unknown, and one
    that the model spells in bytes is lost. They read any white space as a space, even if the
    tokenizer would keep tabs and new lines. They would cut and normalize symbols, so a tokenizer
    with symbols is refused. The other signatures have no such limits, since the host has the
    tokenizer.

    Args:
        source: a `TextSource` with a SentencePiece tokenizer that has no symbols.
        target: a `TextTarget` with one.
        others: as for `FixedModel`.

    Raises:
        ValueError: for another kind of tokenizer, or one with symbols.
    """

    def __init__(self, source: Any, target: Any, *others: Any, **settings: Any):
        super().__init__(*others, **settings)
        (reader, _), (writer, space) = _fast(source), _fast(target)
        self.tokenizers = [reader, writer]
        special = target.special
        most = self.source_length

        @tf.function(input_signature=[tf.TensorSpec([1], tf.string, name="texts")])
        def generate_texts(texts):
            # 1. Ids (1, S) of the text, closed by the end.
            ids = tf.concat([reader.tokenize(texts).flat_values, [special.end]], axis=0)
            length = tf.shape(ids)[0]
            fits, blank = length <= most, length <= 1
            ids = tf.pad(ids[:most], [[0, most - tf.minimum(length, most)]])
            decoded = self.generate(
                source=tf.reshape(ids, (1, most)),
                source_length=tf.reshape(tf.minimum(length, most), (1,)),
            )
            # 2. The ids (N, T) of the targets, without special ones and without spaces at the
            #    beginning, as texts; no ids where nothing was to be searched.
            searched = tf.logical_and(fits, tf.logical_not(blank))
            rows = tf.where(searched, decoded["ids"][0], special.end)
            text = (rows != special.padding) & (rows != special.start) & (rows != special.end)
            if space is not None:
                text &= tf.cumsum(tf.cast(text & (rows != space), tf.int32), axis=1) > 0
            first = tf.range(decoded["scores"].shape[1])[None] == 0
            # a text without a token gives an empty one and no other; a length is never 0
            nothing = _log(tf.logical_and(first, length > 0))
            tokens = tf.ragged.boolean_mask(rows, text).with_row_splits_dtype(tf.int32)
            return {
                "texts": writer.detokenize(tokens)[None],
                "scores": tf.where(blank, nothing, decoded["scores"] + _log(fits)),
                "finished": tf.maximum(decoded["finished"], tf.cast(~searched, tf.int32)),
                "source_length": length[None],
            }

        self.generate_texts = generate_texts.get_concrete_function()

    @property
    def signatures(self) -> dict[str, Any]:
        """See `FixedModel`."""
        return {**super().signatures, "generate_texts": self.generate_texts}


def _log(flags: tf.Tensor) -> tf.Tensor:
    """0 where true, -inf where not, as it runs: TFLite has no constant for that."""
    return tf.math.log(tf.cast(flags, tf.float32))


def _fast(side: Any) -> tuple[Any, int | None]:
    """The operations of a side's tokenizer, and the id of the space that texts may begin with."""
    fast = getattr(side, "fast", None)
    if fast is None:
        raise ValueError(
            f"`strings=True` needs texts in and out; got {type(side).__name__}. Leave it out."
        )
    return fast()
