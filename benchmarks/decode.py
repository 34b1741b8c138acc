"""How fast targets are decoded, and that time grows with their length and not with its square.

    python benchmarks/decode.py [--quick]
    python benchmarks/decode.py --peers --pipeline saved_models/translation/pipeline [--data NAME]

A Transformer (4 + 4 layers, width 256, inner width 1024, 8,000 ids, float32) with random weights
decodes sources of 32 tokens: greedy and with a beam of 4, one and 64 sentences at a time, as a
TensorFlow graph and compiled by XLA. An untrained model hardly ever ends a sentence before its
limit; tokens/s counts the tokens of the best target of each source, whatever their number.

With `--peers`, a trained pipeline's Transformer decodes real sentences instead, beside CTranslate2
with the same weights; see `decode_peers.py`.
"""

import argparse
import time
from statistics import median

import kseq2seq as ks

# isort: split
import keras
import numpy as np
import tensorflow as tf

IDS, LENGTH = 8000, 32


def untrained_model() -> ks.Seq2Seq:
    keras.utils.set_random_seed(0)
    return ks.build_model(
        "transformer",
        source=IDS,
        target=IDS,
        hidden_dim=256,
        num_layers=4,
        num_heads=4,
        inner_dim=1024,
    )


def source(rows: int) -> dict:
    ids = np.random.default_rng(rows).integers(4, IDS, (rows, LENGTH))
    return {"source": tf.constant(ids, tf.int32), "source_mask": tf.ones((rows, LENGTH), bool)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", action="store_true", help="beside CTranslate2; needs --pipeline")
    parser.add_argument("--pipeline", metavar="DIR", help="as recipes/translation.py saves it")
    parser.add_argument("--data", default="sample", help="what the pipeline was trained on")
    options = parser.parse_args()
    if options.peers != bool(options.pipeline):
        parser.error("--peers and --pipeline go together")
    if options.peers:
        from decode_peers import compare

        compare(options.pipeline, options.data, options.quick)
    else:
        untrained(options.quick)


def untrained(quick: bool) -> None:
    runs, model = 3 if quick else 9, untrained_model()

    def timed(rows, search, steps, jit):
        began = time.perf_counter()
        found = ks.decode(model, source(rows), search, max_length=steps, jit_compile=jit)
        tokens = int(found.lengths.numpy()[:, 0].sum())
        return time.perf_counter() - began, tokens

    cases = [
        (rows, search, steps, jit)
        for jit in (False, True)
        for rows, steps in ((1, 32), (64, 32), (1, 256))
        for search in (ks.Greedy(), ks.Beam(4))
    ]
    for case in cases:
        timed(*case)  # traces and compiles
    rounds = [[timed(*case) for case in cases] for _ in range(runs)]
    spent = {}
    print(
        f"medians of {runs}\n{'':>6}{'search':>8}{'batch':>7}{'steps':>7}{'ms':>9}{'tokens/s':>10}"
    )
    for case, results in zip(cases, zip(*rounds, strict=True), strict=True):
        rows, search, steps, jit = case
        spent[case] = median(seconds for seconds, _ in results)
        name = "beam 4" if search == ks.Beam(4) else "greedy"
        speed = results[0][1] / spent[case]
        kind = "XLA" if jit else "graph"
        print(f"{kind:>6}{name:>8}{rows:>7}{steps:>7}{spent[case] * 1e3:>9.1f}{speed:>10,.0f}")
    for name, search in (("greedy", ks.Greedy()), ("beam4", ks.Beam(4))):
        short = min(spent[1, search, 32, jit] for jit in (False, True))
        long = min(spent[1, search, 256, jit] for jit in (False, True))
        # 1 where eight times the steps take eight times as long; 1/8 where they take 64 times.
        print(f"ratio decode_linear_{name} {8 * short / long:.2f} goal 0.80")


if __name__ == "__main__":
    main()
