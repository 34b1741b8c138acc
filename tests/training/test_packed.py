from itertools import chain

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.layers import POSITION_SCHEMES
from kseq2seq.training import TokenCrossEntropy
from kseq2seq.training.packed import packed

# (source, target), each closed by the end token 2
PAIRS = [
    ([4, 5, 6, 2], [3, 2]),
    ([6, 2], [5, 4, 6, 2]),
    ([3, 3, 2], [4, 2]),
    ([5, 2], [6, 6, 2]),
]
ROWS = [[0, 1, 3], [2]]  # which pairs a row holds
S, T = 9, 10
CASES = [
    *[
        ("transformer", {"positions": positions, "max_positions": 12})
        for positions in POSITION_SCHEMES
    ],
    ("transformer-all", {"norm": "post"}),
    ("transformer-chunked", {"attention": "full", "norm": "deep"}),  # with remat
    *[
        ("decoder_only", {"positions": p, "max_positions": 20, "num_layers": 1})
        for p in ("learned", "rotary", "shaw", "t5")
    ],
    ("decoder_only-causal", {"num_layers": 1}),
]


def padded(rows, length):
    return np.array([row + [0] * (length - len(row)) for row in rows], "int32")


def unpacked_batch(pairs):
    source, labels = (padded(side, 5) for side in zip(*pairs, strict=True))
    target = padded([[1, *target[:-1]] for _, target in pairs], 5)
    return {"source": source, "source_mask": source != 0, "target": target}, labels


def packed_batch(pairs, rows=ROWS):
    def joined(make, length):
        parts = [[make(n, *pairs[i]) for n, i in enumerate(row, start=1)] for row in rows]
        return padded([list(chain.from_iterable(row)) for row in parts], length)

    inputs = {
        "source": joined(lambda n, source, target: source, S),
        "source_segments": joined(lambda n, source, target: [n] * len(source), S),
        "target": joined(lambda n, source, target: [1, *target[:-1]], T),
        "target_segments": joined(lambda n, source, target: [n] * len(target), T),
    }
    return inputs, joined(lambda n, source, target: target, T)


def gradients(model, inputs, labels):
    loss = TokenCrossEntropy()
    with tf.GradientTape() as tape:
        value = loss(labels, model(inputs, training=True))
    weights = model.trainable_variables
    return float(value), {
        id(w): tf.convert_to_tensor(g).numpy()
        for w, g in zip(weights, tape.gradient(value, [w.value for w in weights]), strict=True)
    }


@pytest.mark.parametrize(("name", "sizes"), CASES)
def test_loss_and_gradients_are_those_of_a_pair_a_row(lab, name, sizes):
    model = lab.make(name, **sizes)
    expected_loss, expected = gradients(model, *unpacked_batch(PAIRS))
    loss, made = gradients(packed(model), *packed_batch(PAIRS))
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    assert list(made) == list(expected)  # the weights are the model's, in its order
    for key, gradient in expected.items():
        np.testing.assert_allclose(made[key], gradient, atol=2e-5 * max(1, np.abs(gradient).max()))


@pytest.mark.parametrize("name", ["transformer-t5", "decoder_only-shaw"])
def test_nothing_leaks_into_other_pairs(lab, name):
    view = packed(lab.make(name))
    inputs, _ = packed_batch(PAIRS)
    changed = [*PAIRS]
    changed[1] = ([3, 2], [6, 6, 3, 2])
    others, _ = packed_batch(changed)
    first, second = (lab.numpy(view(batch)) for batch in (inputs, others))
    kept = (inputs["target_segments"] != 2) & (inputs["target_segments"] != 0)
    kept[1] = inputs["target_segments"][1] != 0  # nothing changed in the second row
    assert (first[kept] == second[kept]).all()
    changed_row = inputs["target_segments"][0] == 2
    assert (first[0][changed_row] != second[0][changed_row]).any(-1).all()


def test_fits_in_a_graph_under_xla_and_the_model_follows(lab):
    model = lab.make("transformer-rotary", dropout=0.1)
    before = lab.teacher_forced(model, lab.source, [[3, 4, 2]] * 3)
    view = packed(model)
    view.compile(keras.optimizers.Adam(1e-2), TokenCrossEntropy(), jit_compile=True)
    history = view.fit(*packed_batch(PAIRS), epochs=20, verbose=0).history["loss"]
    assert history[-1] < 0.6 * history[0]
    assert not np.allclose(lab.teacher_forced(model, lab.source, [[3, 4, 2]] * 3), before)


def test_mixed_precision(lab):
    exact, mixed = lab.make("transformer"), lab.make("transformer", dtype="mixed_bfloat16")
    inputs, labels = packed_batch(PAIRS)
    expected, made = (
        float(TokenCrossEntropy()(labels, packed(model)(inputs))) for model in (exact, mixed)
    )
    assert made == pytest.approx(expected, rel=0.05)


def test_a_hybrid_of_two_transformers(lab):
    half = {"architecture": "transformer", "hidden_dim": 8, "num_heads": 2, "num_layers": 1}
    from kseq2seq import build_model

    model = build_model("hybrid", 9, 9, encoder={**half, "norm": "post"}, decoder=half)
    view = packed(model)
    assert {id(w) for w in view.weights} == {id(w) for w in model.weights}


@pytest.mark.parametrize(
    "name",
    ["lstm", "luong", "convolutional", "hybrid-transformer-luong", "hybrid-lstm-transformer"],
)
def test_what_can_not_be_packed_is_refused(model_named, name):
    with pytest.raises(ValueError, match=r"Only Transformers can keep .* Train it on"):
        packed(model_named(name))


@pytest.mark.parametrize("name", ["transformer-local", "transformer-chunked"])
def test_other_ways_of_attention_are_refused(model_named, name):
    with pytest.raises(ValueError, match="attention='full'"):
        packed(model_named(name))


def test_rows_longer_than_learned_positions_are_refused(lab):
    view = packed(lab.make("transformer", positions="learned", max_positions=6))
    with pytest.raises(ValueError, match="larger `max_positions`"):
        view(packed_batch(PAIRS)[0])


def test_no_view_of_a_view(lab):
    with pytest.raises(TypeError, match="not of another view"):
        packed(packed(lab.make("transformer")))


def test_is_saved_as_its_model(lab, tmp_path):
    model = lab.make("transformer-all")
    view = packed(model)
    inputs, _ = packed_batch(PAIRS)
    view.save(tmp_path / "packed.keras")
    again = keras.saving.load_model(tmp_path / "packed.keras")
    np.testing.assert_allclose(again(inputs), view(inputs), atol=1e-6)
    assert len(again.weights) == len(again.viewed().weights) == len(model.weights)
