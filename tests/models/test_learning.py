"""Reversing a sequence: what an encoder-decoder learns, and a language model cannot."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import build_model, decode

VOCABULARY = 14
FIRST_DIGIT = 4
END = 2
BATCH = 128


def draw(seed, count, longest):
    """Random digits, and the same digits backwards; each closed by the end, then padding."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, count)
    source = np.zeros((count, longest + 1), "int32")
    target = np.zeros_like(source)
    for row, length in enumerate(lengths):
        digits = rng.integers(FIRST_DIGIT, VOCABULARY, length)
        source[row, : length + 1] = [*digits, END]
        target[row, : length + 1] = [*digits[::-1], END]
    return source, target


def loss(labels, logits):
    """Cross-entropy over real tokens."""
    labels = tf.cast(labels, tf.int32)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    real = tf.cast(labels != 0, losses.dtype)
    return tf.reduce_sum(losses * real) / tf.reduce_sum(real)


def accuracy_after(lab, architecture, steps, longest, rate, **sizes):
    """The share of unseen sequences whose every token is right, after one pass of fresh ones."""
    keras.utils.set_random_seed(0)
    model = build_model(architecture, VOCABULARY, VOCABULARY, dropout=0.0, **sizes)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=rate, warmup_steps=steps // 10
    )
    optimizer = keras.optimizers.Adam(schedule, clipnorm=1.0)
    model.compile(optimizer, loss, jit_compile=True)
    source, target = draw(0, steps * BATCH, longest)
    inputs = {**lab.of(source), "target": lab.inputs_for(target)}
    model.fit(inputs, target, batch_size=BATCH, shuffle=False, verbose=0)

    seen = {row.tobytes() for row in source}
    source, target = draw(1, 1500, longest)
    unseen = np.array([row.tobytes() not in seen for row in source])
    assert unseen.sum() >= 200
    found = decode(model, lab.of(source[unseen]), max_length=longest + 1)
    return (np.array(found.ids)[:, 0] == target[unseen]).all(axis=1).mean()


def test_luong_learns_to_reverse(lab):
    accuracy = accuracy_after(lab, "luong", steps=350, longest=5, rate=0.01, hidden_dim=32)
    assert accuracy >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "steps", "rate", "sizes"),
    [
        ("lstm", 2500, 0.005, {"hidden_dim": 96}),
        ("gru", 2500, 0.005, {"hidden_dim": 96}),
        ("bahdanau", 1200, 0.01, {"hidden_dim": 32}),
        ("luong", 1200, 0.01, {"hidden_dim": 32}),
        ("transformer", 2000, 0.005, {"hidden_dim": 32, "num_heads": 4, "num_layers": 2}),
    ],
)
def test_every_architecture_learns_to_reverse(lab, architecture, steps, rate, sizes):
    assert accuracy_after(lab, architecture, steps, 8, rate, **sizes) >= 0.99
