"""Memory and speed of the data pipeline: does a ten times larger corpus need more memory?

    python benchmarks/data_pipeline.py [--quick] [--pairs 100000]

Synthetic pairs are written to a TSV file, read, spooled, surveyed and batched once through, each
corpus in a process of its own, so that the peak of resident memory is that of one pipeline.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SHUFFLE_BUFFER = 10_000


def write_corpus(path: Path, count: int) -> None:
    """Write pairs of words whose lengths are as skewed as those of sentences."""
    drawn = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write("source\ttarget\n")
        for number in range(count):
            words = [f"w{drawn.randrange(5000)}" for _ in range(2 + int(drawn.expovariate(0.15)))]
            file.write(f"{number} {' '.join(words)}\t{' '.join(words[::-1])} 끝\n")


def peak_mib() -> float:
    """Peak resident memory of this process so far."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def measure(count: int) -> dict[str, float]:
    """Run the whole pipeline over `count` pairs; return seconds of each part and peak memory."""
    from kseq2seq.data import (
        Corpus,
        eval_batches,
        fit_buckets,
        read_pairs,
        survey,
        train_batches,
    )
    from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

    imported = peak_mib()
    source = TextSource(ByteTokenizer(), max_length=256)
    target = TextTarget(ByteTokenizer(), max_length=256)
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "corpus.tsv")
        write_corpus(path, count)

        began = time.perf_counter()
        corpus = Corpus.write(read_pairs(path), folder)
        seconds["spool"] = time.perf_counter() - began

        began = time.perf_counter()
        found = survey(corpus, source, target)
        seconds["survey"] = time.perf_counter() - began

        buckets = fit_buckets(found)
        began = time.perf_counter()
        batches = train_batches(
            corpus, source, target, buckets=buckets, seed=0, shuffle_buffer=SHUFFLE_BUFFER
        )
        seen = 0
        for inputs, _ in batches:
            seen += len(inputs["source"])
            if seen >= found.kept:
                break
        seconds["train"] = time.perf_counter() - began

        began = time.perf_counter()
        for _ in eval_batches(corpus, source, target, buckets=buckets, survey=found):
            pass
        seconds["eval"] = time.perf_counter() - began
    return {"pairs": count, "peak": peak_mib(), "imported": imported, **seconds}


def main() -> None:
    """Measure both sizes and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100_000, help="of the smaller corpus")
    parser.add_argument("--quick", action="store_true", help="20,000 pairs")
    parser.add_argument("--measure", type=int, metavar="PAIRS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return

    small = 20_000 if options.quick else options.pairs
    results = []
    for count in (small, 10 * small):
        command = [sys.executable, __file__, "--measure", str(count)]
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results.append(json.loads(run.stdout))
    parts = ("spool", "survey", "train", "eval")
    print(f"{'pairs':>9} {'MiB':>6} {'imports':>8} " + "".join(f"{part:>10}/s" for part in parts))
    for result in results:
        speeds = "".join(f"{result['pairs'] / result[part]:>12,.0f}" for part in parts)
        print(f"{result['pairs']:>9,} {result['peak']:>6.0f} {result['imported']:>8.0f} {speeds}")
    flat = results[0]["peak"] / results[1]["peak"]
    print(f"ratio data_memory_flat {flat:.2f} goal 0.90")


if __name__ == "__main__":
    main()
