from __future__ import annotations

from fractions import Fraction

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.layers import (
    Alibi,
    DistanceBuckets,
    PositionScheme,
    RelativeVectors,
    Rotary,
    attend,
    rotate,
    stack_positions,
)

RNG = np.random.default_rng(0)
SCHEMES = ("sinusoidal", "learned", "rotary", "shaw", "alibi", "t5")


def draw(*shape):
    return RNG.normal(size=shape)


def spread(layer):
    for weight in layer.weights:
        weight.assign(draw(*weight.shape))
    return layer


def only(scheme, bidirectional=True):
    (positions,) = stack_positions(scheme, 1, 2, 4, bidirectional)
    return spread(positions) if isinstance(positions, keras.layers.Layer) else positions


def test_alibi_slopes_are_the_papers():
    """Press et al. 2022, section 3: "for 8 heads the geometric sequence 1/2 ... 1/2^8"."""
    steps = np.arange(5)[None]
    made = np.array(Alibi(8).scores(None, steps, steps))
    assert made.shape == (1, 8, 5, 5)
    assert made.dtype == np.float32
    for head in range(8):
        for i in range(5):
            for j in range(5):
                assert made[0, head, i, j] == -abs(i - j) / 2 ** (head + 1)


def test_alibi_slopes_of_16_heads_lie_between_those_of_8():
    """Same place: "we interpolate by taking the geometric mean of every pair of slopes"."""
    made = -np.array(Alibi(16).scores(None, np.array([[0]]), np.array([[1]])))[0, :, 0, 0]
    np.testing.assert_allclose(made, 2.0 ** (-0.5 * np.arange(1, 17)), rtol=1e-6)


def raffel(distance, bidirectional, num_buckets, max_distance):
    """The buckets of Raffel et al. 2020 in exact fractions; `distance` is memory minus query.

    floor(log(n / e) / log(m / e) * c) is the largest k such that (n / e)^c >= (m / e)^k.
    """
    bucket, n = 0, -distance
    if bidirectional:
        num_buckets //= 2
        bucket += num_buckets if n < 0 else 0
        n = abs(n)
    else:
        n = max(n, 0)
    max_exact = num_buckets // 2
    if n < max_exact:
        return bucket + n
    count, k = num_buckets - max_exact, 0
    while Fraction(n, max_exact) ** count >= Fraction(max_distance, max_exact) ** (k + 1):
        k += 1
    return bucket + min(max_exact + k, num_buckets - 1)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(("num_buckets", "max_distance"), [(32, 128), (8, 20)])
def test_t5_buckets_are_the_papers(bidirectional, num_buckets, max_distance):
    layer = DistanceBuckets(2, bidirectional, num_buckets, max_distance)
    distances = np.arange(-300, 301)
    expected = [raffel(int(d), bidirectional, num_buckets, max_distance) for d in distances]
    made = np.array(layer.bucket(distances))
    assert made.dtype == np.int32
    assert made.tolist() == expected
    assert set(expected) <= set(range(num_buckets))
    jitted = tf.function(layer.bucket, jit_compile=True)
    assert np.array(jitted(tf.constant(distances))).tolist() == expected


@pytest.mark.parametrize("bidirectional", [True, False])
def test_t5_scores_are_rows_of_the_table(lab, bidirectional):
    layer = spread(DistanceBuckets(3, bidirectional))
    query_steps, key_steps = np.array([[3, 40]]), np.array([[0, 3, 5, 90]])
    made = np.array(layer.scores(None, query_steps, key_steps))
    table = lab.weights(layer)["buckets"]
    assert made.shape == (1, 3, 2, 4)
    for i, query in enumerate(query_steps[0]):
        for j, key in enumerate(key_steps[0]):
            bucket = raffel(int(key - query), bidirectional, 32, 128)
            np.testing.assert_allclose(made[0, :, i, j], table[bucket], atol=1e-6)


def test_t5_starts_without_a_preference():
    assert not np.array(DistanceBuckets(2, True).table).any()


def shaw(query, key, value, mask, keys, values, furthest):
    """Shaw et al. 2018, equations 3 and 4, a query at a time."""
    mixed = np.zeros(query.shape)
    for b, h, i in np.ndindex(query.shape[:3]):
        places = np.flatnonzero(mask[b, i])
        at = [min(max(j - i, -furthest), furthest) + furthest for j in places]
        e = [
            query[b, h, i] @ (key[b, h, j] + keys[a]) / np.sqrt(query.shape[-1])
            for j, a in zip(places, at, strict=True)
        ]
        alpha = np.exp(e) / np.exp(e).sum()
        for weight, j, a in zip(alpha, places, at, strict=True):
            mixed[b, h, i] += weight * (value[b, h, j] + values[a])
    return mixed


@pytest.mark.parametrize("furthest", [2, 16])
def test_shaw_equations(lab, furthest):
    layer = spread(RelativeVectors(4, max_distance=furthest))
    query, key, value = (draw(2, 3, 6, 4) for _ in range(3))
    mask = np.tril(np.ones((2, 6, 6), bool))
    mask[1] = True
    mask[1, :, 4:] = False
    steps = np.arange(6)[None]
    made, _ = attend(query, key, value, mask[:, None], layer, steps, steps)
    tables = lab.weights(layer)
    expected = shaw(
        query, key, value, mask, tables["relative_keys"], tables["relative_values"], furthest
    )
    np.testing.assert_allclose(np.array(made), expected, atol=1e-5)


@pytest.mark.parametrize("scheme", ["rotary", "shaw", "alibi", "t5"])
def test_distances_alone_count(scheme):
    """The whole sequence moved by 1000 places looks at itself as before."""
    positions = only(scheme)
    x = draw(2, 2, 5, 4).astype("float32")
    made = []
    for start in (0, 1000):
        steps = np.arange(start, start + 5)[None]
        query, key = positions.turn(x, steps), positions.turn(x[:, :, ::-1], steps)
        made.append(np.array(attend(query, key, x, None, positions, steps, steps)[0]))
    np.testing.assert_allclose(made[1], made[0], atol=5e-4)


@pytest.mark.parametrize("scheme", ["rotary", "shaw", "alibi", "t5"])
def test_places_tell_equal_keys_apart(scheme):
    positions = only(scheme)
    same = np.ones((1, 2, 4, 4), "float32")
    steps = np.arange(4)[None]
    query, key = positions.turn(same, steps), positions.turn(same, steps)
    _, probabilities = attend(query, key, same, None, positions, steps, steps)
    spreads = np.ptp(np.array(probabilities), axis=-1)
    assert spreads.min() > 1e-3


def test_rotary_turns_queries_and_keys_and_nothing_else():
    x = draw(1, 2, 3, 4)
    rotary, steps = Rotary(), np.arange(3)[None]
    turned = np.array(rotary.turn(x, steps))
    assert rotary.scores(x, steps, steps) is None
    assert rotary.mixed(x, steps, steps) is None
    np.testing.assert_allclose(turned[:, :, 0], x[:, :, 0], atol=1e-7)
    assert np.abs(turned[:, :, 1:] - x[:, :, 1:]).max() > 0.1


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_rows_at_different_places_are_each_row_alone(scheme, bidirectional):
    positions = only(scheme, bidirectional)
    query, key, value = draw(3, 2, 2, 4), draw(3, 2, 5, 4), draw(3, 2, 5, 4)
    query_steps = np.array([[0, 1], [7, 3], [300, 20]])
    key_steps = np.array([[0, 1, 2, 3, 4], [9, 8, 7, 6, 5], [0, 100, 200, 300, 400]])

    def look(rows):
        at, keys_at = query_steps[rows], key_steps[rows]
        q, k = positions.turn(query[rows], at), positions.turn(key[rows], keys_at)
        return [np.array(x) for x in attend(q, k, value[rows], None, positions, at, keys_at)]

    together = look(slice(None))
    for row in range(3):
        for made, alone in zip(together, look(slice(row, row + 1)), strict=True):
            np.testing.assert_allclose(made[row], alone[0], atol=1e-6)


def test_one_row_of_places_serves_all_rows():
    for scheme in ("rotary", "shaw", "alibi", "t5"):
        positions, x = only(scheme), draw(3, 2, 4, 4)
        one = np.arange(4)[None]
        shared, repeated = (
            attend(positions.turn(x, s), positions.turn(x, s), x, None, positions, s, s)[0]
            for s in (one, np.repeat(one, 3, axis=0))
        )
        np.testing.assert_allclose(np.array(shared), np.array(repeated), atol=1e-6)


def test_what_a_stack_shares():
    kinds = {"rotary": Rotary, "alibi": Alibi, "t5": DistanceBuckets, "shaw": RelativeVectors}
    for scheme in SCHEMES:
        schemes = stack_positions(scheme, 3, 2, 4, True)
        assert len(schemes) == 3
        assert all(type(each) is kinds.get(scheme, PositionScheme) for each in schemes)
        assert len({id(each) for each in schemes}) == (3 if scheme == "shaw" else 1)
    assert stack_positions("t5", 1, 2, 4, False)[0].bidirectional is False


def test_tables_of_a_model(model_named):
    """T5's once a stack, Shaw's once a self-attention, none for cross-attention."""
    tables = ("buckets", "relative_keys", "relative_values")
    for name, counts in {
        "transformer-t5": (2, 0, 0),  # two stacks of two blocks
        "transformer-shaw": (0, 2, 2),  # two stacks of one block
        "decoder_only-t5": (1, 0, 0),  # one stack, of two blocks
        "decoder_only-shaw": (0, 2, 2),
        "transformer-alibi": (0, 0, 0),
        "transformer-rotary": (0, 0, 0),
    }.items():
        found = [weight.name for weight in model_named(name).trainable_weights]
        assert tuple(map(found.count, tables)) == counts, name


def test_t5_table_learns_from_every_block():
    """Its gradient is the sum of those that tables of their own would get."""
    first, second = (spread(DistanceBuckets(2, True)) for _ in range(2))
    second.set_weights(first.get_weights())
    x, steps = tf.constant(draw(1, 2, 4, 4)), np.arange(4)[None]

    def gradients(layers):
        with tf.GradientTape() as tape:
            y = x
            for layer in layers:
                y = attend(y, y, y, None, layer, steps, steps)[0]
            total = tf.reduce_sum(y**2)
        return [
            tf.convert_to_tensor(g).numpy()
            for g in tape.gradient(total, [layer.table.value for layer in set(layers)])
        ]

    shared = gradients([first, first])
    np.testing.assert_allclose(shared[0], sum(gradients([first, second])), atol=1e-6)


def turned(vector, position):
    x = vector[None, None, None, :].astype("float32")
    return np.array(rotate(x, np.array([position])))[0, 0, 0].astype("float64")


def test_turns_each_pair_by_its_angle():
    x = RNG.normal(size=6)
    made = turned(x, 5)
    for i in range(3):
        angle = 5 * 10000 ** (-2 * i / 6)
        pair = complex(x[i], x[i + 3]) * complex(np.cos(angle), np.sin(angle))
        np.testing.assert_allclose([made[i], made[i + 3]], [pair.real, pair.imag], atol=1e-5)


def test_a_dot_product_knows_the_distance_alone():
    query, key = RNG.normal(size=8), RNG.normal(size=8)
    for distance in (0, 1, 7):
        products = [turned(query, p + distance) @ turned(key, p) for p in (0, 3, 50)]
        np.testing.assert_allclose(products, products[0], atol=1e-4)
    assert abs(turned(query, 1) @ turned(key, 0) - turned(query, 2) @ turned(key, 0)) > 1e-2


def test_rows_at_different_places():
    x, places = RNG.normal(size=(2, 3, 4, 8)), np.array([[0, 1, 2, 3], [90, 5, 7, 7]])
    made = np.array(rotate(x, places))
    for row in range(2):
        alone = np.array(rotate(x[row : row + 1], places[row]))
        np.testing.assert_allclose(made[row], alone[0], atol=1e-6)


def test_keeps_lengths_and_dtype():
    x = RNG.normal(size=(2, 3, 4, 8)).astype("float32")
    made = rotate(x, np.arange(4))
    norms = np.linalg.norm(np.array(made), axis=-1)
    np.testing.assert_allclose(norms, np.linalg.norm(x, axis=-1), rtol=1e-5)
    half = rotate(keras.ops.cast(x, "bfloat16"), np.arange(4))
    assert keras.backend.standardize_dtype(half.dtype) == "bfloat16"


def test_a_scheme_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"`position_scheme` must be one of .*; got 'rotery'"):
        stack_positions("rotery", 2, 2, 4, bidirectional=True)
