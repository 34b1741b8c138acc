"""Whether training waits for its data, and what op determinism costs.

    python benchmarks/fit.py [--data debian:fr] [--quick]

The Transformer and optimizer of `train.py` (3 + 3 layers of width 256, no dropout) are fitted from
raw text on batches of 3,072 tokens in two shapes, in processes of their own that take turns: one as
it comes, compiled by XLA, one with `tf.config.experimental.enable_op_determinism()`, under which
Keras leaves XLA out. Both see the same batches, all of one epoch. TensorFlow's profiler says how
long each step waited for its batch (the mean), a clock how long it took (the median); in the end
batches are made with nothing else at work.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median

import kseq2seq as ks
from kseq2seq import data, text, training

# isort: split
import keras
import tensorflow as tf

BUCKETS, TOKENS = 2, 3072


def run(options: argparse.Namespace) -> dict[str, float]:
    """Fits one model; returns milliseconds of a step, of its waiting, and of making a batch."""
    if options.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(1)
    pairs = data.split_corpora(data.named_pairs(options.data))["train"]
    corpus = data.Corpus.write(pairs)
    texts = (side for pair in corpus for side in pair[:2])
    tokenizer = text.SentencePieceTokenizer.train(texts, 800 if options.quick else 6000)
    sides = text.TextSource(tokenizer, 96), text.TextTarget(tokenizer, 96)
    batches = data.train_batches(
        corpus,
        *sides,
        buckets=data.fit_buckets(data.survey(corpus, *sides), BUCKETS),
        tokens_per_batch=TOKENS,
        seed=1,
    )
    model = ks.build_model(
        "transformer",
        source=tokenizer,
        target=tokenizer,
        hidden_dim=32 if options.quick else 256,
        num_layers=3,
        num_heads=4,
        dropout=0.0,
        tie_embeddings="all",
    )
    rate = training.InverseSquareRoot(2e-3, 400)
    optimizer = keras.optimizers.Adam(
        rate, beta_2=0.98, global_clipnorm=1.0, use_ema=True, ema_momentum=0.995
    )
    model.compile(optimizer, ks.TokenCrossEntropy(label_smoothing=0.1), jit_compile=True)
    warm, clock = 8, []

    def begun(step, logs=None):
        if step == warm:
            tf.profiler.experimental.start(
                folder, tf.profiler.experimental.ProfilerOptions(host_tracer_level=2)
            )
        clock.append(time.perf_counter())

    noted = keras.callbacks.LambdaCallback(on_train_batch_begin=begun)
    with tempfile.TemporaryDirectory() as folder:
        steps = warm + options.steps
        model.fit(batches, steps_per_epoch=steps, shuffle=False, callbacks=[noted], verbose=0)
        tf.profiler.experimental.stop()
        waits = durations(next(Path(folder).rglob("*.xplane.pb")), "IteratorGetNextOp::DoCompute")
    spent = [later - early for early, later in pairwise(clock[warm:])]
    return {
        "step": 1e3 * median(spent),
        "wait": fmean(waits),
        "make": alone(batches, options.steps),
    }


def alone(batches: tf.data.Dataset, count: int) -> float:
    """Returns milliseconds to make a batch, once the first ones are made."""
    made, clock = iter(batches), []
    for _ in range(count + 1):
        next(made)
        clock.append(time.perf_counter())
    return 1e3 * (clock[-1] - clock[0]) / count


def durations(path: Path, name: str) -> list[float]:
    """Returns milliseconds of all events of that name in a trace."""
    from tensorflow.tsl.profiler.protobuf.xplane_pb2 import XSpace

    found = [
        event.duration_ps / 1e9
        for plane in XSpace.FromString(path.read_bytes()).planes
        for line in plane.lines
        for event in line.events
        if plane.event_metadata[event.metadata_id].name == name
    ]
    if not found:
        raise SystemExit(f"TensorFlow {tf.__version__} traced no {name!r}: it has another name.")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="sample:fr", help="sample[:fr|de|ko] or debian:LANG")
    parser.add_argument("--steps", type=int, default=40, help="that are timed")
    parser.add_argument("--quick", action="store_true", help="a tiny model, twice")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--deterministic", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.steps < 2:
        parser.error(f"--steps must be at least 2; got {options.steps}")
    if options.one:
        print(json.dumps(run(options)))
        return
    results: dict[bool, list[dict]] = {False: [], True: []}
    for _ in range(1 if options.quick else 3):
        for deterministic, made in results.items():
            command = [sys.executable, __file__, *sys.argv[1:], "--one"]
            command += ["--deterministic"] * deterministic
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            made.append(json.loads(done.stdout.splitlines()[-1]))
    print(f"ms, medians of {len(results[False])} runs of {options.steps} steps")
    print(f"{'':<16}{'step':>8}{'waiting':>9}{'a batch alone':>15}")
    middle = {}
    for deterministic, made in results.items():
        cells = middle[deterministic] = {key: median(r[key] for r in made) for key in made[0]}
        label = "deterministic" if deterministic else "as it comes"
        print(f"{label:<16}{cells['step']:>8.1f}{cells['wait']:>9.2f}{cells['make']:>15.2f}")
    plain, exact = middle[False], middle[True]
    print(f"ratio fit_not_waiting {1 - plain['wait'] / plain['step']:.3f} goal 0.980")
    print(f"ratio fit_deterministic {plain['step'] / exact['step']:.2f} goal 0.80")


if __name__ == "__main__":
    main()
