"""What encoder-decoders learn of small tasks, and which of them do."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import build_model, decode

VOCABULARY = 14
FIRST_DIGIT = 4
END = 2
BATCH = 128
LEARNING = Path(__file__).parents[2] / "benchmarks" / "learning.py"
HYBRID = {
    "encoder": {
        "architecture": "transformer",
        "hidden_dim": 56,
        "num_heads": 4,
        "num_layers": 1,
        "dropout": 0.0,
    },
    "decoder": {"architecture": "luong", "hidden_dim": 56, "dropout": 0.0},
}


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
    sizes = sizes if architecture == "hybrid" else {"dropout": 0.0, **sizes}
    model = build_model(architecture, VOCABULARY, VOCABULARY, **sizes)
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
        ("rnn", 1200, 0.001, {"hidden_dim": 152}),
        ("lstm", 2500, 0.005, {"hidden_dim": 96}),
        ("gru", 2500, 0.005, {"hidden_dim": 96}),
        ("bahdanau", 1200, 0.01, {"hidden_dim": 32}),
        ("luong", 1200, 0.01, {"hidden_dim": 32}),
        ("convolutional", 1200, 0.005, {"hidden_dim": 40, "num_layers": 2}),
        ("transformer", 2000, 0.005, {"hidden_dim": 32, "num_heads": 4, "num_layers": 2}),
        ("decoder_only", 2000, 0.005, {"hidden_dim": 64, "num_heads": 4, "num_layers": 2}),
        ("hybrid", 1200, 0.005, HYBRID),
    ],
)
def test_every_architecture_learns_to_reverse(lab, architecture, steps, rate, sizes):
    assert accuracy_after(lab, architecture, steps, 8, rate, **sizes) >= 0.99


@pytest.fixture(scope="module")
def benchmark():
    """The tasks and sizes of `benchmarks/learning.py`."""
    spec = importlib.util.spec_from_file_location("learning", LEARNING)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("task", ["copy", "reverse", "sort", "dates"])
def test_attention_learns_every_task(benchmark, task):
    model = benchmark.train("bahdanau", task, 600)
    assert benchmark.accuracy(model, *benchmark.unseen(task, 600, 1000)) >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), [("rnn", "copy"), ("gru", "copy"), ("gru", "reverse")])
def test_a_fixed_vector_holds_less(benchmark, name, task):
    model = benchmark.train(name, task, 600)
    assert benchmark.accuracy(model, *benchmark.unseen(task, 600, 1000)) <= 0.9
