import keras
import numpy as np
import pytest

from kseq2seq import build_model
from kseq2seq.data import WordVectors, read_word_vectors
from kseq2seq.text import CharacterTokenizer
from kseq2seq.training import load_word_vectors

FOUND = np.array([False, True, False, False, True, False])
VECTORS = WordVectors(np.where(FOUND[:, None], np.arange(18.0).reshape(6, 3), 0), FOUND)


@pytest.mark.parametrize("kind", [keras.layers.Embedding, keras.layers.ReversibleEmbedding])
@pytest.mark.parametrize("built", [True, False])
def test_found_rows_are_given_and_others_left(kind, built):
    layer = kind(6, 3)
    before = np.zeros((6, 3))
    if built:
        layer.build()
        before = np.array(layer.embeddings)
    load_word_vectors(layer, VECTORS)
    after = np.array(layer.embeddings)
    np.testing.assert_array_equal(after[FOUND], [[3, 4, 5], [12, 13, 14]])
    assert (after[~FOUND] != 0).all()
    if built:
        np.testing.assert_array_equal(after[~FOUND], before[~FOUND])
    tokens = np.array([[1, 4]])
    np.testing.assert_array_equal(np.array(layer(tokens)), [[[3, 4, 5], [12, 13, 14]]])


def test_from_a_file_to_both_tables_of_a_model(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("b 1 2\n학 3 4\n", encoding="utf-8")
    tokenizer = CharacterTokenizer("ab학")
    vectors = read_word_vectors(path, tokenizer.words())
    assert vectors.coverage == "2 of 7 words (28.6 %)"
    model = build_model("luong", tokenizer, tokenizer, hidden_dim=8, embedding_dim=2)
    ids = tokenizer.tokenize(["b학"]).to_tensor()
    for table in (model.encoder.get_layer("embedding"), model.decoder.embedding):
        load_word_vectors(table, vectors)
        np.testing.assert_array_equal(np.array(table(ids)), [[[1, 2], [3, 4]]])


def test_a_transformers_shared_table_is_loaded_once_for_both():
    model = build_model(
        "transformer", 6, 6, hidden_dim=4, num_heads=1, num_layers=1, tie_embeddings="all"
    )
    vectors = WordVectors(np.ones((6, 4), "float32"), FOUND)
    load_word_vectors(model.encoder.get_layer("embedding").table, vectors)
    assert (np.array(model.decoder.table.embeddings)[FOUND] == 1).all()


@pytest.mark.parametrize(
    "vectors",
    [
        WordVectors(np.zeros((5, 3)), np.zeros(5, bool)),
        WordVectors(np.zeros((6, 4)), FOUND),
        WordVectors(np.zeros((6, 3)), np.zeros(1, bool)),
    ],
)
def test_other_shapes_are_refused(vectors):
    with pytest.raises(ValueError, match=r"6 ids of width 3, but `matrix` is of shape \("):
        load_word_vectors(keras.layers.Embedding(6, 3), vectors)


def test_another_layer_is_refused():
    with pytest.raises(TypeError, match=r"keras.layers.Embedding.*got Dense"):
        load_word_vectors(keras.layers.Dense(3), VECTORS)
