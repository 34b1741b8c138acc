"""What share of this machine's matmul speed a Transformer's training step reaches.

    python benchmarks/train_step.py [--quick]
    python benchmarks/train_step.py --kinds      # dtypes, dropout, with XLA and without

Both sides run in float32 in one process, in turn: a compiled training step (4 + 4 layers, width
256, inner width 1024, 8,000 ids, 64 sentences of 32 tokens; Adam, no dropout), and a product of
two 2,048 x 2,048 matrices, which is taken as the ceiling.

With `--kinds` it is the Transformer of `train.py` (3 + 3 layers, one table of 6,000 ids, label
smoothing, clipped gradients), in each dtype, with and without XLA and dropout, in turn.
"""

import argparse
import time
from statistics import median

import kseq2seq as ks

# isort: split
import keras
import numpy as np
import tensorflow as tf

LAYERS, DIM, INNER, IDS, ROWS, LENGTH = 4, 256, 1024, 8000, 64, 32


def step_flop() -> float:
    """Multiplications and additions of all matrix products of one step, in FLOP."""
    attention = 2 * 2 * LENGTH * DIM  # scores and mixture, per query
    encoder = 2 * (4 * DIM**2 + 2 * DIM * INNER) + attention
    decoder = 2 * (8 * DIM**2 + 2 * DIM * INNER) + 2 * attention
    forward = LAYERS * (encoder + decoder) + 2 * DIM * IDS
    return 3 * forward * ROWS * LENGTH  # the backward pass costs twice the forward pass


def training_step(jit_compile=True, loss=None, clip=None, ids=IDS, **settings):
    keras.utils.set_random_seed(0)
    sizes = {"hidden_dim": DIM, "num_layers": LAYERS, "num_heads": 4, "inner_dim": INNER}
    sizes |= {"dropout": 0.0, **settings}
    model = ks.build_model("transformer", source=ids, target=ids, **sizes)
    optimizer = keras.optimizers.Adam(1e-4, global_clipnorm=clip)
    optimizer.build(model.trainable_variables)
    loss = loss or ks.TokenCrossEntropy()
    given = tf.constant(np.random.default_rng(0).integers(4, ids, (ROWS, LENGTH)), tf.int32)
    inputs = {"source": given, "source_mask": tf.ones_like(given, bool), "target": given}

    @tf.function(jit_compile=jit_compile)
    def step():
        with tf.GradientTape() as tape:
            value = loss(given, model(inputs, training=True))
        optimizer.apply(tape.gradient(value, model.trainable_variables))
        return value

    return step


def kinds(runs: int) -> None:
    """Prints a table of steps of every kind."""
    recipe = {"loss": ks.TokenCrossEntropy(label_smoothing=0.1), "clip": 1.0, "ids": 6000}
    recipe |= {"num_layers": 3, "tie_embeddings": "all"}
    steps, compiled = {}, {}
    for dtype in ("float32", "mixed_bfloat16"):
        for jit in (True, False):
            for dropout in (0.0, 0.1):
                kind = dtype, jit, dropout
                steps[kind] = training_step(jit, dtype=dtype, dropout=dropout, **recipe)
                compiled[kind] = seconds(steps[kind])
    rounds = [{kind: seconds(step) for kind, step in steps.items()} for _ in range(runs)]
    print(f"medians of {runs}\n{'dtype':<16}{'XLA':<5}{'dropout':>8}{'ms':>7}{'to compile, s':>15}")
    for kind in steps:
        dtype, jit, dropout = kind
        spent = 1e3 * median(found[kind] for found in rounds)
        cells = f"{dropout:>8}{spent:>7.0f}{compiled[kind]:>15.0f}"
        print(f"{dtype:<16}{'yes' if jit else 'no':<5}{cells}")


def product():
    matrix = tf.random.normal((2048, 2048))
    return tf.function(lambda: tf.reduce_sum(matrix @ matrix))


def seconds(function) -> float:
    start = time.perf_counter()
    function().numpy()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kinds", action="store_true")
    options = parser.parse_args()
    runs = 5 if options.quick else 25
    if options.kinds:
        kinds(runs)
        return
    step, matmul = training_step(), product()
    print(f"compiled in {seconds(step):.1f} s")
    seconds(matmul)
    pairs = [(seconds(step), median(seconds(matmul) for _ in range(5))) for _ in range(runs)]
    step_seconds, matmul_seconds = (median(column) for column in zip(*pairs, strict=True))
    speed, ceiling = step_flop() / step_seconds / 1e9, 2 * 2048**3 / matmul_seconds / 1e9
    print("FLOP = 3 B T [L (2 (4 d^2 + 2 d f) + 4 T d) + L (2 (8 d^2 + 2 d f) + 8 T d) + 2 d V]")
    print(f"     = {step_flop() / 1e9:.1f} GFLOP a step")
    print(f"training step: {step_seconds * 1e3:.0f} ms = {speed:.0f} GFLOP/s (median of {runs})")
    print(f"matmul 2048^3: {matmul_seconds * 1e3:.0f} ms = {ceiling:.0f} GFLOP/s")
    print(f"ratio train_step {speed / ceiling:.3f} goal 0.65")


if __name__ == "__main__":
    main()
