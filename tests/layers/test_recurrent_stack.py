from __future__ import annotations

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.layers import RecurrentStack, recurrent

X = np.random.default_rng(0).normal(size=(2, 4, 5)).astype("float32")


def start(kind, layers, units=3):
    rng = np.random.default_rng(1)
    leaves = 2 if kind == "lstm" else 1
    return [
        [rng.normal(size=(2, units)).astype("float32") for _ in range(leaves)]
        for _ in range(layers)
    ]


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("residual", [False, True])
def test_equations(lab, kind, residual):
    def elman(cell, x, h):
        w = lab.weights(cell)
        return np.tanh(x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"])

    stack = RecurrentStack(kind, 5, 3, num_layers=2, residual=residual)
    for weight in stack.weights:
        weight.assign(np.random.default_rng(2).normal(size=weight.shape))
    step = {"rnn": elman, "lstm": lab.lstm, "gru": lab.gru}[kind]
    states = start(kind, 2)
    outputs, last = stack(X, states)
    for row in range(2):
        state = [[leaf[row].astype("float64") for leaf in layer] for layer in states]
        for t in range(4):
            x = X[row, t]
            for index, rnn in enumerate(stack.rnns):
                below = x
                made = step(rnn.cell, x, *state[index])
                state[index] = list(made) if kind == "lstm" else [made]
                x = state[index][0] + below if residual and index else state[index][0]
            np.testing.assert_allclose(np.array(outputs)[row, t], x, atol=1e-5)
        for layer, expected in zip(last, state, strict=True):
            for leaf, value in zip(layer, expected, strict=True):
                np.testing.assert_allclose(np.array(leaf)[row], value, atol=1e-5)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_step_by_step_is_the_whole(kind):
    stack = RecurrentStack(kind, 5, 3, num_layers=2, residual=True)
    outputs, last = stack(X, start(kind, 2))
    by_call = by_step = start(kind, 2)
    for t in range(4):
        called, by_call = stack(X[:, t : t + 1], by_call)
        stepped, by_step = stack.step(X[:, t], by_step)
        np.testing.assert_allclose(np.array(called)[:, 0], np.array(outputs)[:, t], atol=1e-5)
        np.testing.assert_allclose(np.array(stepped), np.array(outputs)[:, t], atol=1e-5)
    for layer, called, stepped in zip(last, by_call, by_step, strict=True):
        for a, b, c in zip(layer, called, stepped, strict=True):
            np.testing.assert_allclose(np.array(a), np.array(b), atol=1e-5)
            np.testing.assert_allclose(np.array(a), np.array(c), atol=1e-5)


def test_dropout_is_between_layers_and_for_training_alone():
    one, two = (RecurrentStack("gru", 5, 3, n, dropout=0.9) for n in (1, 2))
    for stack, layers, changes in ((one, 1, False), (two, 2, True)):
        states = start("gru", layers)
        calm = np.array(stack(X, states, training=False)[0])
        np.testing.assert_array_equal(calm, np.array(stack(X, states)[0]))
        rough = np.array(stack(X, states, training=True)[0])
        assert (np.abs(calm - rough).max() > 1e-4) == changes


def test_gru_resets_before_it_multiplies():
    layer = recurrent("gru", 5, 3)
    assert layer.reset_after is False
    assert len(recurrent("lstm", 5, 3)(X)) == 3
    assert len(layer(X)) == 2


SIZES = {
    "rnn": {"num_layers": 2},
    "lstm": {"num_layers": 2, "bidirectional": True},
    "gru": {},
    "bahdanau": {},
    "luong": {},
    "luong-deep": {"num_layers": 2},
    "luong-wide": {"hidden_dim": 256},
}


@pytest.mark.parametrize("name", SIZES)
def test_signals_neither_vanish_nor_saturate(name):
    """Recurrent models start so that signals reach the end, and attention can begin to look."""
    keras.utils.set_random_seed(3)
    sizes = {"hidden_dim": 64, "dropout": 0.0, **SIZES[name]}
    model = ks.build_model(name.removesuffix("-deep").removesuffix("-wide"), 300, 300, **sizes)
    ids = np.random.default_rng(0).integers(4, 300, (16, 12))
    encoded = model.encoder({"source": ids, "source_mask": ids > 0})
    outputs = np.asarray(encoded["outputs"])
    assert 0.05 < outputs.std() < 0.7
    step = model.decoder(ids, *model.decoder.initial(encoded))
    assert 0.03 < np.asarray(step.logits).std() < 1.5
    assert np.abs(np.asarray(step.hidden)).max() < 3
    if name.startswith("luong"):
        # With Keras' initializers the most looked at place has 1.0003 to 1.0024 times the mean.
        looked = np.asarray(step.alignment)
        assert (looked.max(-1) / looked.mean(-1)).mean() > 1.02


def test_a_kind_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="`kind` must be one of 'rnn', 'lstm', 'gru'; got 'ltsm'"):
        recurrent("ltsm", input_dim=3, units=4)
