"""Our worker of `train.py`: `fit` on raw text, with `compile` as the recipe has it."""

import json
import sys
from pathlib import Path

import kseq2seq as ks
from kseq2seq import data, text, training

# isort: split
import keras
import numpy as np
import tensorflow as tf
from decode_sentences import ROWS, batches, decode
from keras import ops
from train_pace import Pace


class TargetTokens(keras.metrics.Sum):
    """Counts target tokens that are not padding; exact up to 2^24, so it is emptied in time."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Counts labels int (B, T)."""
        super().update_state(ops.cast(ops.not_equal(y_true, 0), "float32"))


def bucketed(model, *corpus, settings, buckets="buckets"):
    """Pads to a few static lengths."""
    buckets = [tuple(bucket) for bucket in settings[buckets]]
    budget = {"seed": settings["seed"], "tokens_per_batch": settings["batch_tokens"]}
    return model, data.train_batches(*corpus, buckets=buckets, **budget)


def bucketed_finely(model, *corpus, settings):
    """Pads to many lengths, which cost a graph nothing."""
    return bucketed(model, *corpus, settings=settings, buckets="fine_buckets")


def packed(model, *corpus, settings):
    """Puts several pairs in each row, all of one static shape."""
    budget = {"seed": settings["seed"], "tokens_per_batch": settings["batch_tokens"]}
    batches = data.packed_batches(*corpus, shape=tuple(settings["row"]), **budget)
    return training.packed(model), batches


BATCHES = {"bucketed": bucketed, "bucketed_finely": bucketed_finely, "packed": packed}


def build(settings):
    """Returns a model with the sizes of all sides."""
    return ks.build_model(
        "transformer",
        source=settings["ids"],
        target=settings["ids"],
        hidden_dim=settings["dim"],
        num_layers=settings["layers"],
        num_heads=settings["heads"],
        inner_dim=settings["inner"],
        dropout=0.0,
        tie_embeddings="all",
        dtype=settings["dtype"],
    )


def main() -> None:
    settings = json.loads(sys.argv[1])
    tf.config.threading.set_intra_op_parallelism_threads(settings["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(settings["threads"])
    keras.utils.set_random_seed(settings["seed"])
    folder = Path(settings["folder"])
    corpus = data.Corpus(folder / "pairs.tfrecord", settings["pairs"])
    sides = text.TextSource.load(folder), text.TextTarget.load(folder)
    model = build(settings)
    trained, dataset = BATCHES[settings["batches"]](model, corpus, *sides, settings=settings)
    tokens, loss = TargetTokens(), training.TokenCrossEntropy(settings["label_smoothing"])
    optimizer = keras.optimizers.Adam(
        training.InverseSquareRoot(settings["peak"], settings["warmup_steps"]),
        beta_2=settings["beta_2"],
        global_clipnorm=settings["clip_norm"],
        use_ema=True,
        ema_momentum=settings["average"],
    )
    trained.compile(optimizer, loss, metrics=[tokens], jit_compile=settings["jit"])
    seen = 0

    def progress():
        nonlocal seen
        seen += int(tokens.result())
        tokens.reset_state()
        return {"steps": int(optimizer.iterations), "tokens": seen}

    def about():
        return {"parameters": model.count_params(), "version": f"TensorFlow {tf.__version__}"}

    def check(sources, targets):
        (inputs,), (ends,) = (batches(rows, len(rows), 1) for rows in (sources, targets))
        labels = ends["source"].numpy()
        before = np.where(labels[:, 1:] == 0, 0, labels[:, :-1])
        start = np.ones_like(labels[:, :1])
        inputs["target"] = tf.constant(np.concatenate([start, before], axis=1))
        return {"loss": float(loss(labels, model(inputs, training=True)))}

    def greedy(sources):
        with training.averaging.averaged_weights(trained):
            given = batches(sources, ROWS, 16)
            return {"ids": decode(model, given, ks.Greedy(), settings["longest"], False)[0]}

    def save(directory):
        with training.averaging.averaged_weights(trained):
            ks.Pipeline(model, *sides).save(directory)
        return {}

    pace = Pace(progress, about=about, check=check, greedy=greedy, save=save)
    before_each = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda *_, **__: pace())
    trained.fit(
        dataset,
        steps_per_epoch=10**9,
        shuffle=False,  # the pipeline does
        callbacks=[before_each],
        verbose=0,
    )


if __name__ == "__main__":
    main()
