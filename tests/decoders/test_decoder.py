"""The contract of every decoder."""

from __future__ import annotations

import keras
import numpy as np
import pytest

TARGETS = np.array([[1, 3, 4, 5, 6], [1, 6, 6, 3, 3], [1, 4, 3, 6, 5]], "int32")


def encode(lab, model, ids=None):
    return model.encoder(lab.source if ids is None else lab.of(ids), training=False)


def whole(lab, model, tokens=TARGETS):
    """All steps at once, as in training."""
    return np.array(model({**lab.source, "target": tokens}, training=False))


def test_stepping_is_teacher_forcing(lab, model):
    expected = whole(lab, model)
    context, state = model.decoder.initial(encode(lab, model), 7)
    for t in range(5):
        step = model.decoder(TARGETS[:, t : t + 1], context, state, position=t)
        keras.tree.assert_same_structure(state, step.state)
        assert [x.shape for x in keras.tree.flatten(state)] == [
            x.shape for x in keras.tree.flatten(step.state)
        ]
        np.testing.assert_allclose(np.array(step.logits)[:, 0], expected[:, t], atol=2e-5)
        state = step.state


@pytest.mark.parametrize("parts", [(5,), (3, 2), (1, 3, 1), (2, 1, 2)])
def test_several_steps_at_once_are_several_steps(lab, model, parts):
    expected = whole(lab, model)
    context, state = model.decoder.initial(encode(lab, model), 6)
    position, made = 0, []
    for length in parts:
        tokens = TARGETS[:, position : position + length]
        step = model.decoder(tokens, context, state, position=position)
        made.append(np.array(step.logits))
        position, state = position + length, step.state
    np.testing.assert_allclose(np.concatenate(made, axis=1), expected, atol=2e-5)


def test_the_future_cannot_change_the_past(lab, model):
    expected = whole(lab, model)
    for t in range(1, 5):
        changed = TARGETS.copy()
        changed[:, t:] = (changed[:, t:] - 2) % 4 + 3
        made = whole(lab, model, changed)
        np.testing.assert_allclose(made[:, :t], expected[:, :t], atol=1e-6)
        assert np.abs(made[:, t] - expected[:, t]).max() > 1e-3


@pytest.mark.parametrize("length", [1, 3])
def test_hypotheses_of_one_source_share_its_context(lab, model, length):
    """N rows of targets a source, against the sources repeated N times."""
    width = 2
    tokens = np.random.default_rng(0).integers(3, 7, (3 * width, length))
    repeated = encode(lab, model, np.repeat(lab.ids, width, axis=0))
    context, state = model.decoder.initial(repeated, 4)
    expected = model.decoder(tokens, context, state)
    shared, _ = model.decoder.initial(encode(lab, model), 4)
    made = model.decoder(tokens, shared, state)
    np.testing.assert_allclose(np.array(made.logits), np.array(expected.logits), atol=1e-5)
    np.testing.assert_allclose(np.array(made.hidden), np.array(expected.hidden), atol=1e-5)
    if expected.alignment is not None:
        assert made.alignment.shape == (3 * width, length, 5)
        np.testing.assert_allclose(
            np.array(made.alignment), np.array(expected.alignment), atol=1e-5
        )


def test_alignments_are_probabilities_over_real_places(lab, model):
    context, state = model.decoder.initial(encode(lab, model))
    alignment = model.decoder(TARGETS, context, state).alignment
    architecture = model.get_config()["architecture"]
    assert (alignment is None) == (architecture in ("rnn", "lstm", "gru"))
    if alignment is None:
        return
    alignment = np.array(alignment)
    assert alignment.shape == (3, 5, 5)
    assert alignment.dtype == np.float32
    np.testing.assert_allclose(alignment.sum(-1), 1, atol=1e-5)
    assert not alignment[~np.broadcast_to(lab.source["source_mask"][:, None], (3, 5, 5))].any()


def test_rows_do_not_leak_into_each_other(lab, model):
    """Changing one source changes the logits of its row alone."""
    ids = lab.ids.copy()
    ids[0, :2] = [6, 3]
    made = np.array(model({**lab.of(ids), "target": TARGETS}))
    expected = whole(lab, model)
    np.testing.assert_allclose(made[1:], expected[1:], atol=1e-6)
    assert np.abs(made[0] - expected[0]).max() > 1e-4
