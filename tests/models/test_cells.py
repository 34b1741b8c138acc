"""Attentional recurrent models of every kind of cell."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.models import Bahdanau, Luong
from kseq2seq.training import truncated

STATES = {"rnn": 1, "gru": 1, "lstm": 2}


def build(name, cell, **sizes):
    model = ks.build_model(name, 9, 7, cell=cell, hidden_dim=8, num_layers=2, dropout=0.0, **sizes)
    rng = np.random.default_rng(4)
    for weight in model.weights:
        weight.assign(np.array(weight) + rng.normal(scale=0.3, size=weight.shape))
    return model


@pytest.mark.parametrize("cell", STATES)
@pytest.mark.parametrize("name", ["bahdanau", "luong"])
def test_steps_are_teacher_forcing(name, cell, lab):
    """Also after loading; the states of every layer are as many as the cell has."""
    model = build(name, cell, bidirectional=name == "bahdanau")
    _, state = model.decoder.initial(model.encoder(lab.source))
    assert [len(layer) for layer in state["layers"]] == [STATES[cell]] * 2
    assert {leaf.shape[-1] for layer in state["layers"] for leaf in layer} == {8}
    again = ks.Seq2Seq.from_config(model.get_config())
    again.set_weights(model.get_weights())
    found = lab.searched(again, lab.source, ks.Beam(2, length_penalty=0.0), 4)
    for n in range(2):
        forced = lab.teacher_forced(model, lab.source, found.ids[:, n])
        real = np.arange(4) < found.lengths[:, n, None]
        each = np.take_along_axis(forced, found.ids[:, n, :, None], axis=2)[..., 0]
        np.testing.assert_allclose((each * real).sum(1), found.scores[:, n], atol=1e-4)


@pytest.mark.parametrize("cell", STATES)
def test_the_query_is_what_the_top_layer_gives(cell, lab):
    """Of an LSTM its output and not its cell: changing the cell's start moves no first look."""
    model = build("bahdanau", cell)
    decoder, token = model.decoder, np.ones((3, 1), "int32")
    context, state = decoder.initial(model.encoder(lab.source))
    before = decoder(token, context, state).alignment
    if cell == "lstm":
        state["layers"][-1][1] = state["layers"][-1][1] + 3.0
        np.testing.assert_allclose(decoder(token, context, state).alignment, before, atol=1e-6)
    state["layers"][-1][0] = state["layers"][-1][0] + 3.0
    assert np.abs(decoder(token, context, state).alignment - before).max() > 1e-4


def test_defaults_are_the_papers():
    assert (Bahdanau().cell, Luong().cell) == ("gru", "lstm")
    assert (Bahdanau(cell="lstm").num_states, Luong(cell="gru").num_states) == (2, 1)
    for kind in (Bahdanau, Luong):
        with pytest.raises(ValueError, match="`cell` must be one of 'rnn', 'lstm', 'gru'"):
            kind(cell="LSTM")
    old = ks.build_model("luong", 9, 7, hidden_dim=8).get_config()
    del old["cell"]
    assert ks.Seq2Seq.from_config(old).get_config()["cell"] == "lstm"


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        ("lstm", Luong(cell="gru", hidden_dim=8, num_layers=2)),
        (Bahdanau(cell="lstm", hidden_dim=6), Luong(hidden_dim=8)),
        ("gru", Bahdanau(cell="lstm", hidden_dim=8, num_layers=2)),
        (Luong(cell="rnn", hidden_dim=6), "transformer"),
    ],
)
def test_halves_of_hybrids(encoder, decoder, lab, tmp_path):
    model = ks.build_model("hybrid", 9, 7, encoder=encoder, decoder=decoder)
    inputs = {**lab.source, "target": np.array([[1, 3], [1, 4], [1, 0]])}
    made = model(inputs)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(inputs), made, atol=1e-6)
    np.testing.assert_allclose(keras.models.clone_model(again)(inputs).shape, made.shape)


@pytest.mark.parametrize(("name", "cell"), [("bahdanau", "lstm"), ("luong", "gru")])
def test_truncated_gradients(name, cell, lab):
    model = build(name, cell)
    inputs = {**lab.source, "target": np.array([[1, 3, 4, 5], [1, 4, 3, 0], [1, 0, 0, 0]])}
    np.testing.assert_allclose(truncated(model, steps=2)(inputs), model(inputs), atol=1e-5)
