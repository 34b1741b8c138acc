from __future__ import annotations

import numpy as np
import pytest

from kseq2seq.layers import TokenEmbedding, output_table, sinusoid, token_table

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
