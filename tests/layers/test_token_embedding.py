from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.layers import (
    Embedding,
    ReversibleEmbedding,
    TokenEmbedding,
    output_table,
    sinusoid,
    token_table,
)

TOKENS = np.array([[3, 1, 4], [1, 5, 0]])


def test_sinusoid_is_the_papers():
    made = np.array(sinusoid(np.arange(40), 6))
    for p in (0, 1, 7, 39):
        for i in range(3):
            angle = p / 10000 ** (2 * i / 6)
            np.testing.assert_allclose(made[p, i], np.sin(angle), atol=1e-5)
            np.testing.assert_allclose(made[p, 3 + i], np.cos(angle), atol=1e-5)


def test_sinusoid_tells_far_neighbours_apart():
    made = np.array(sinusoid(np.arange(600), 256))
    assert made.dtype == np.float32
    assert np.abs(np.diff(made, axis=0)).max(axis=1).min() > 0.1


def test_sinusoid_of_rows_at_different_places():
    places = np.array([[0, 1, 2], [7, 8, 9]])
    made = np.array(sinusoid(places, 6))
    for row in range(2):
        np.testing.assert_array_equal(made[row], np.array(sinusoid(places[row], 6)))


def embedding(positions, **sizes):
    given = {"max_positions": 5, "dropout": 0.0, **sizes}
    return TokenEmbedding(token_table(7, 4), 4, positions, **given)


def test_embeddings_are_scaled_and_positions_added(lab):
    for known_to_attention in ("rotary", "shaw", "alibi", "t5"):
        table = embedding(known_to_attention)
        vectors = 2.0 * lab.weights(table.table)["embeddings"][TOKENS]
        np.testing.assert_allclose(np.array(table(TOKENS)), vectors, atol=1e-6)

    table = embedding("sinusoidal")
    vectors = 2.0 * lab.weights(table.table)["embeddings"][TOKENS]
    places = np.array(sinusoid(np.arange(3), 4))
    np.testing.assert_allclose(np.array(table(TOKENS)), vectors + places, atol=1e-6)

    table = embedding("learned")
    vectors = 2.0 * lab.weights(table.table)["embeddings"][TOKENS]
    places = lab.weights(table.places)["embeddings"][:3]
    np.testing.assert_allclose(np.array(table(TOKENS)), vectors + places, atol=1e-6)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
def test_position_shifts(positions):
    table = embedding(positions)
    whole = np.array(table(TOKENS))
    np.testing.assert_allclose(np.array(table(TOKENS[:, 1:], position=1)), whole[:, 1:], atol=1e-6)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
def test_each_row_may_have_a_position_of_its_own(positions):
    table = embedding(positions, max_positions=12)
    made = np.array(table(TOKENS, position=np.array([[2], [9]], "int32")))
    for row, position in enumerate((2, 9)):
        alone = np.array(table(TOKENS[row : row + 1], position=position))
        np.testing.assert_allclose(made[row], alone[0], atol=1e-6)


def test_refuses_more_tokens_than_places():
    with pytest.raises(ValueError, match=r"6 tokens.*learned positions for 5.*max_positions"):
        embedding("learned")(np.zeros((1, 6), "int32"))


def test_output_table_shares_its_matrix_if_tied():
    assert [tuple(w.shape) for w in output_table(7, 4, tied=True).weights] == [(7, 4)]
    assert [tuple(w.shape) for w in output_table(7, 4, tied=False).weights] == [(7, 4), (4, 7)]


def test_tables_start_near_unit_variance():
    for table in (token_table(500, 64), output_table(500, 64, tied=True)):
        vectors = np.array(table(np.arange(500))) * 8
        assert 0.9 < vectors.std() < 1.1


def test_dropout_is_for_training_alone():
    table = embedding("sinusoidal", dropout=0.5)
    np.testing.assert_array_equal(np.array(table(TOKENS)), np.array(table(TOKENS, training=False)))
    assert (np.array(table(TOKENS, training=True)) == 0).any()


IDS = np.array([[3, 3, 0], [1, 3, 6]])


def gradient_of(layer):
    with tf.GradientTape() as tape:
        rows = tf.cast(layer(IDS), "float32")
        total = tf.reduce_sum(rows * np.arange(1.0, 7).reshape(2, 3, 1))
    return tape.gradient(total, layer.embeddings.value)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", [Embedding, lambda *a, **k: ReversibleEmbedding(*a, False, **k)])
def test_gradients_are_dense_and_repeated_ids_summed(kind, policy):
    layer = kind(7, 2, dtype=policy)
    layer.build()
    gradient = gradient_of(layer)
    assert isinstance(gradient, tf.Tensor)
    expected = np.zeros((7, 2))
    np.add.at(expected, IDS, np.arange(1.0, 7).reshape(2, 3, 1))
    np.testing.assert_array_equal(gradient, expected)


def adam(start, gradients, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Kingma and Ba 2015, algorithm 1, in the order of its section 2."""
    m = v = np.zeros_like(start)
    for t, g in enumerate(gradients, start=1):
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        scale = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        start = start - scale * m / (np.sqrt(v) + epsilon)
    return start


@pytest.mark.parametrize(("kind", "right"), [(Embedding, True), (keras.layers.Embedding, False)])
def test_adam_takes_the_right_steps_on_repeated_ids(kind, right):
    """Were Keras' own to become right, its layers could serve."""
    layer = kind(7, 2)
    layer.build()
    start = np.array(layer.embeddings)
    optimizer = keras.optimizers.Adam(0.1)
    gradients = []
    for turn in range(3):
        gradient = gradient_of(layer)
        gradients.append((1 + turn) * tf.convert_to_tensor(gradient).numpy())
        if isinstance(gradient, tf.IndexedSlices):
            slices = (1 + turn) * gradient.values
            gradient = tf.IndexedSlices(slices, gradient.indices, gradient.dense_shape)
        else:
            gradient = (1 + turn) * gradient
        optimizer.apply([gradient], [layer.embeddings])
    wrong = np.abs(np.array(layer.embeddings) - adam(start, gradients, 0.1)).max(axis=1)
    assert wrong[[0, 1, 2, 4, 5, 6]].max() < 1e-5
    assert wrong[3] < 1e-5 if right else wrong[3] > 0.01


def test_embeddings_serialize():
    for kind in (Embedding, ReversibleEmbedding):
        made = keras.saving.deserialize_keras_object(
            keras.saving.serialize_keras_object(kind(7, 2))
        )
        assert (type(made), made.input_dim, made.output_dim) == (kind, 7, 2)


@pytest.mark.parametrize(
    "name",
    [
        "gru",
        "luong",
        "convolutional-untied",
        "transformer-post",
        "transformer-rotary",
        "transformer-shaw",
        "transformer-t5",
        "decoder_only-shaw",
        "hybrid-lstm-transformer",
    ],
)
def test_no_model_has_sparse_gradients(model_named, lab, name):
    """Words, places and distances are all looked up often."""
    model = model_named(name)
    inputs = {**lab.source, "target": lab.inputs_for(lab.ids[:, :3] % 7)}
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model(inputs))
    for gradient in tape.gradient(total, [v.value for v in model.trainable_variables]):
        assert not isinstance(gradient, tf.IndexedSlices)


def test_a_scheme_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"`position_scheme` must be one of .*; got 'rotery'"):
        TokenEmbedding(token_table(9, 4), 4, "rotery", 8, dropout=0.0)
