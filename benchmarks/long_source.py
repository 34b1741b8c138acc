"""Memory of a training step on long sources: full, chunked and local attention.

    python benchmarks/long_source.py            # sources of 4,096 and 8,192 tokens, minutes
    python benchmarks/long_source.py --quick    # 1,024 and 2,048

Each figure is from a process of its own: the peak of resident memory during one step of batch 1,
gradients included, less what was resident after a step on 64 tokens (weights, TensorFlow and the
compiled graph's constants). Memory that grows linearly doubles with the length, memory that grows
with its square is four times as much. "growth" is the second over the first.
"""

import argparse
import json
import subprocess
import sys
import time

SIZES = {"hidden_dim": 128, "num_heads": 2, "num_layers": 2, "decoder_layers": 1, "dropout": 0.1}
VARIANTS = {
    "full": {"attention": "full"},
    "full, rematerialized": {"attention": "full", "remat": True},
    "chunked": {"attention": "chunked"},
    "chunked, rematerialized": {"attention": "chunked", "remat": True},
    "local, 128 to each side": {"attention": "local", "window": 128},
}
CHUNKED = ("chunked", "chunked, rematerialized")
GOAL = 2.3


def measure(variant: str, length: int) -> None:
    """Prints megabytes and seconds of one training step, as JSON."""
    import keras
    import numpy as np
    import tensorflow as tf

    import kseq2seq as ks

    keras.utils.set_random_seed(1)
    model = ks.build_model("transformer", 1000, 1000, **SIZES, **VARIANTS[variant])
    weights = [weight.value for weight in model.trainable_weights]
    rng = np.random.default_rng(1)

    @tf.function(reduce_retracing=True)
    def step(source, target):
        with tf.GradientTape() as tape:
            inputs = {"source": source, "source_mask": source != 0, "target": target}
            loss = tf.reduce_mean(model(inputs, training=True) ** 2)
        return loss, tape.gradient(loss, weights)

    def run(length):
        source = tf.constant(rng.integers(4, 1000, (1, length)), tf.int32)
        target = tf.constant(rng.integers(4, 1000, (1, 32)), tf.int32)
        return [value.numpy() for value in tf.nest.flatten(step(source, target))[:1]]

    run(64)
    run(128)  # traced anew, for any length
    resident, _ = memory()
    start = time.perf_counter()
    run(length)
    seconds = time.perf_counter() - start
    _, peak = memory()
    print(json.dumps({"mib": (peak - resident) / 1024, "seconds": seconds}))


def memory() -> tuple[int, int]:
    """Returns the memory resident now, and its peak, in KiB (Linux)."""
    with open("/proc/self/status") as lines:
        fields = dict(line.split(":", 1) for line in lines)
    return int(fields["VmRSS"].split()[0]), int(fields["VmHWM"].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="short sources")
    parser.add_argument("--measure", nargs=2, metavar=("VARIANT", "LENGTH"), help="one, in here")
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], int(options.measure[1]))
        return
    lengths = (1024, 2048) if options.quick else (4096, 8192)
    print(f"Transformer {SIZES}, batch 1, 32 target tokens, float32\n")
    print(f"{'attention of the encoder':<26}" + "".join(f"{n:>9,} tokens" for n in lengths), end="")
    print("   growth")
    growth = {}
    for variant in VARIANTS:
        made = []
        for length in lengths:
            command = [sys.executable, __file__, "--measure", variant, str(length)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{variant}, {length} tokens failed:\n{done.stderr[-2000:]}")
            made.append(json.loads(done.stdout.splitlines()[-1]))
        growth[variant] = made[1]["mib"] / made[0]["mib"]
        cells = "".join(
            f"{one['mib']:8.0f} MiB {one['seconds']:5.1f} s"[:18].rjust(16) for one in made
        )
        print(f"{variant:<26}{cells}   {growth[variant]:5.2f}", flush=True)
    print()
    for variant in CHUNKED:
        print(
            f"ratio long_source_{variant.replace(', ', '_')} {GOAL / growth[variant]:.3f} goal 1.0"
        )


if __name__ == "__main__":
    main()
