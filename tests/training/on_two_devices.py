"""Trains alike on one device and on two, in a process of its own, and writes down what came out.

The devices of a process are chosen before TensorFlow starts: hence a process.
"""

import json
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import kseq2seq as ks
from kseq2seq.metrics import Perplexity, TokenAccuracy
from kseq2seq.runs import Run
from kseq2seq.training import GuidedAlignment, with_alignments

ROWS = 15  # the last of three batches of 7 has one, and so one of two devices none
TINY = {"source": 9, "target": 9, "hidden_dim": 4}


def examples():
    """Sources and targets of unlike lengths, the long ones first, with links from each to each."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, 9, (ROWS, 6)).astype("int32")
    labels *= np.arange(6) < np.linspace(6, 1, ROWS)[:, None]
    source = rng.integers(3, 9, (ROWS, 5)).astype("int32")
    source *= np.arange(5) < rng.integers(1, 6, (ROWS, 1))
    target = np.concatenate([np.ones((ROWS, 1), "int32"), labels[:, :-1]], axis=1)
    links = (labels[:, :, None] > 5) & (source[:, None, :] > 0)
    return {"source": source, "source_mask": source != 0, "target": target}, labels, links


def batches(links=False):
    x, y, guide = examples()
    y = {"logits": y, "alignments": guide.astype("float32")} if links else y
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(7)


def compiled(strategy, optimizer, kind="gru", view=None, loss=None, metrics=(), **options):
    keras.utils.set_random_seed(1)
    dropout = options.pop("dropout", 0.0)
    with strategy.scope():
        model = ks.build_model(kind, **TINY, dropout=dropout)
        fitted = view(model) if view else model
        loss = loss() if loss else ks.TokenCrossEntropy(0.1)
        fitted.compile(optimizer(), loss, metrics=[metric() for metric in metrics], **options)
    return fitted


def weights(model):
    return [np.asarray(weight).ravel().tolist() for weight in model.trainable_weights]


def fitted(strategy):
    """With all that `fit` offers: metrics, validation, clipping, averaged weights, `evaluate`."""

    def adam():
        return keras.optimizers.Adam(0.02, global_clipnorm=0.3, use_ema=True, ema_momentum=0.5)

    model = compiled(strategy, adam, metrics=(TokenAccuracy, Perplexity))
    data = batches()
    history = model.fit(data, epochs=2, validation_data=data, verbose=0, shuffle=False).history
    found = model.evaluate(data, verbose=0)
    outputs = model.predict(data, verbose=0)
    return {"history": history, "weights": weights(model), "found": found, "mean": outputs.mean()}


def guided(strategy):
    """Two losses, whose means are over unlike numbers of tokens."""

    def loss():
        return {"logits": ks.TokenCrossEntropy(), "alignments": GuidedAlignment()}

    model = compiled(strategy, lambda: keras.optimizers.SGD(0.5), "luong", with_alignments, loss)
    history = model.fit(batches(links=True), epochs=1, verbose=0, shuffle=False).history
    return {"history": history, "weights": weights(model)}


def compiled_by_xla(strategy):
    model = compiled(strategy, lambda: keras.optimizers.SGD(0.5), "rnn", jit_compile=True)
    history = model.fit(batches().take(1), epochs=1, verbose=0, shuffle=False).history
    return {"history": history, "weights": weights(model)}


def poisoned(batches, *places):
    """Batches without end; at some places the source is weighed by NaN."""
    places = tf.constant(places, tf.int64)

    def weighed(place, batch):
        x, y = batch
        bad = tf.reduce_any(place == places)
        return x, y, tf.where(bad, np.nan, tf.ones(tf.shape(y)[:1]))

    return batches.repeat().enumerate().map(weighed)


class End(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        self.step -= 1
        if not self.step:
            raise KeyboardInterrupt


def run(strategy, folder, ends=()):
    """A run with accumulated gradients that leaves out a batch, and may be ended on its way."""

    def adam():
        return keras.optimizers.Adam(0.02, gradient_accumulation_steps=3, use_ema=True)

    data = poisoned(batches(), 2)
    for end in (*ends, 99):
        model = compiled(strategy, adam, metrics=(TokenAccuracy,))
        options = {"steps": 8, "steps_per_epoch": 4, "verbose": 0}
        try:
            trained = Run(folder, every_steps=1, every_minutes=None, on_nan="skip")
            history = trained.fit(model, data, callbacks=[End(end)], **options).history
        except KeyboardInterrupt:
            continue
    return {"history": history, "weights": weights(model)}


def dropped(strategy):
    """The loss of two equal rows, one a device, with much dropout; and the seed after it."""
    model = compiled(strategy, lambda: keras.optimizers.SGD(0.0), dropout=0.5)
    x, y, _ = examples()
    same = tf.data.Dataset.from_tensors(tf.nest.map_structure(lambda v: v[[0, 0]], (x, y)))
    seeds = [v for v in model.non_trainable_variables if v.name == "seed_generator_state"]
    before = [np.asarray(seed).tolist() for seed in seeds]
    model.fit(same, verbose=0, shuffle=False)
    return {"before": before, "after": [np.asarray(seed).tolist() for seed in seeds]}


def main(folder):
    device = tf.config.list_physical_devices("CPU")[0]
    logical = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(device, logical)
    strategies = {
        "one": tf.distribute.get_strategy(),
        "two": tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]),
    }
    warnings.simplefilter("ignore")
    made = {}
    for name, strategy in strategies.items():
        ends = (5,) if name == "two" else ()
        made[name] = {
            "fitted": fitted(strategy),
            "guided": guided(strategy),
            "compiled by XLA": compiled_by_xla(strategy),
            "a run": run(strategy, folder / name, ends),
            "dropped": dropped(strategy),
        }
    print(json.dumps(made, default=float))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
