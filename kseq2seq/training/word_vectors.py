"""Pretrained word vectors as the start of an embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from kseq2seq.data import WordVectors


def load_word_vectors(embedding: keras.layers.Embedding, vectors: WordVectors) -> None:
    """Copies pretrained vectors into an embedding; rows of words without one do not change.

    The embeddings of a model are `model.encoder.get_layer("embedding")` and
    `model.decoder.embedding`. All but those of recurrent models multiply their rows by sqrt(dim)
    (convolutional ones by a tenth of that) and start from unit vectors. Trained vectors are usually
    longer, so rescale them: `vectors._replace(matrix=vectors.matrix / scale)`, with their mean
    length as the scale.

    Args:
        embedding: a `keras.layers.Embedding`, or a layer with one as its `table`, of V ids.
        vectors: of the same V words, by id, and of the same width; from
            `kseq2seq.data.read_word_vectors`.

    Raises:
        TypeError: if `embedding` is not an embedding.
        ValueError: if the shapes differ.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import build_model
        >>> from kseq2seq.data import WordVectors
        >>> from kseq2seq.training import load_word_vectors
        >>> vectors = WordVectors(np.ones((9, 4), "float32"), np.arange(9) == 5)
        >>> model = build_model("gru", source=9, target=9, hidden_dim=8, embedding_dim=4)
        >>> load_word_vectors(model.decoder.embedding, vectors)
        >>> (np.array(model.decoder.embedding.embeddings) == 1).all(axis=1).nonzero()[0].tolist()
        [5]
    """
    embedding = getattr(embedding, "table", embedding)
    if not isinstance(embedding, keras.layers.Embedding):
        raise TypeError(
            "`embedding` must be a keras.layers.Embedding, for example `model.decoder.embedding`; "
            f"got {type(embedding).__name__}."
        )
    shape = (embedding.input_dim, embedding.output_dim)
    if vectors.matrix.shape != shape or vectors.found.shape != shape[:1]:
        raise ValueError(
            f"The embedding has {shape[0]} ids of width {shape[1]}, but `matrix` is of shape "
            f"{vectors.matrix.shape} and `found` of {vectors.found.shape}. Read vectors for the "
            f"words of the same tokenizer, and build the model as wide as they are "
            f"(`embedding_dim`, or a Transformer's `hidden_dim`)."
        )
    if not embedding.built:
        embedding.build()
    table = keras.ops.convert_to_numpy(embedding.embeddings).copy()
    table[vectors.found] = vectors.matrix[vectors.found]
    embedding.embeddings.assign(table)
