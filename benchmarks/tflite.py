"""TFLite files beside the SavedModel and CTranslate2: size, memory, loading, tokens a second.

    python benchmarks/tflite.py --pipeline DIR --data debian:fr [--source 48] [--target 48]

The same trained weights everywhere, the same held-out sentences, one at a time, decoded to their
end token. CTranslate2 (in an environment of its own, made on first use) is tried in every compute
type and division of the cores, the files with one thread and with all; the fastest of each are
then timed in turn. How held-out scores move with the precision is printed as a file is exported.
Loading and memory are those of a fresh process with `kseq2seq_runtime` and the file alone: peak
resident memory less that of Python with its imports.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import kseq2seq as ks
from kseq2seq.export import tflite
from kseq2seq.export.interpreter import Signatures

# isort: split
import numpy as np
import tensorflow as tf
from ctranslate2_peer import CTranslate2
from decode_agreement import BEAM, GREEDY, agreement
from decode_peers import in_turn, load_all, trial
from decode_sentences import ROWS, held_out

SEARCHES = {"greedy": GREEDY, "beam4": BEAM}
MEASURE = """
import json, re, sys, time
import kseq2seq_runtime
peak = lambda: int(re.search("VmHWM:[^0-9]*([0-9]+)", open("/proc/self/status").read())[1]) / 1024
before, start = peak(), time.perf_counter()
model = kseq2seq_runtime.Model(sys.argv[1])
loaded = time.perf_counter() - start
for ids in json.loads(sys.argv[2]):
    model.generate(ids)
print(json.dumps({"load": loaded, "memory": peak() - before}))
"""


def fresh_process(path: Path, sources: list) -> tuple[float, float]:
    """Returns milliseconds to load a file and MiB at the peak, in a process of its own."""
    command = [sys.executable, "-c", MEASURE, str(path), json.dumps(sources)]
    made = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return 1e3 * made["load"], made["memory"]


def run_file(signatures: dict, sources: list, places: int, threads: int):
    """Decodes one at a time; returns targets and seconds."""
    given = []
    for ids in sources:
        source = np.zeros((1, places), "int32")
        source[0, : len(ids)] = ids
        given.append({"source": source, "source_length": np.array([len(ids)], "int32")})
    found, run = [], signatures[threads]
    began = time.perf_counter()
    for inputs in given:
        made = run("generate", **inputs)
        found.append(made["ids"][0, 0, : made["lengths"][0, 0]].tolist())
    return found, time.perf_counter() - began


def run_saved_model(signature, sources: list, _):
    """Decodes one at a time; returns targets and seconds."""
    found = []
    began = time.perf_counter()
    for ids in sources:
        made = signature(source=tf.constant([ids]), source_length=tf.constant([len(ids)]))
        found.append(made["ids"][0, 0, : made["lengths"][0, 0]].numpy().tolist())
    return found, time.perf_counter() - began


def run_peer(peer, width: int, longest: int, exponent: float, sources: list, translator: int):
    """Decodes one at a time; returns targets and seconds."""
    found, _, seconds = peer.translate(
        translator, sources, width, longest, batch_size=1, length_penalty=exponent
    )
    return found, seconds


def export_all(pipeline, folder: Path, corpus: str, searches: dict, sizes: dict) -> dict:
    """Writes every precision and search; prints sizes, and how scores move."""
    pairs = ks.data.split_corpora(ks.data.named_pairs(corpus))["test"]
    pairs = [pair for _, pair in zip(range(300), pairs, strict=False)]
    paths = {}
    for precision in tflite.PRECISIONS:
        for name, search in searches.items():
            paths[precision, name] = folder / f"{precision}-{name}.tflite"
            pipeline.export(
                paths[precision, name],
                precision=precision,
                search=search,
                examples=[pair.source for pair in pairs],
                references=[pair.target for pair in pairs],
                report=lambda line: print(line.replace(f"{folder}/", ""), flush=True),
                **sizes,
            )
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pipeline", required=True, help="a saved pipeline of a Transformer")
    parser.add_argument("--data", default="sample:fr", help="where its held-out sentences are")
    parser.add_argument("--source", type=int, default=48, help="places of a source")
    parser.add_argument("--target", type=int, default=48, help="the most tokens of a target")
    parser.add_argument("--searches", nargs="+", choices=SEARCHES, default=list(SEARCHES))
    parser.add_argument("--quick", action="store_true", help="64 sentences, three runs")
    options = parser.parse_args()
    searches = {name: SEARCHES[name] for name in options.searches}
    pipeline = ks.Pipeline.load(options.pipeline)
    sources = held_out(pipeline, options.data, ROWS if options.quick else 2 * ROWS)
    sources = [ids for ids in sources if len(ids) <= options.source]
    runs, cores = 3 if options.quick else 7, os.cpu_count() or 1
    print(f"{pipeline.model.count_params():,} parameters, {len(sources)} held-out sources\n")
    ratios = {}
    with CTranslate2() as peer, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sizes = {"source_length": options.source, "target_length": options.target}
        paths = export_all(pipeline, folder, options.data, searches, sizes)
        few = sources[:: max(1, len(sources) // 16)]
        print(f"\n{'file':<18}{'MB':>8}{'bytes/parameter':>17}{'load, ms':>10}{'peak, MiB':>11}")
        for (precision, name), path in paths.items():
            load, memory = fresh_process(path, few)
            size = path.stat().st_size
            each = size / pipeline.model.count_params()
            ratios[precision, "bytes"] = each
            label = f"{precision} {name}"
            print(f"{label:<18}{size / 1e6:>8.2f}{each:>17.2f}{load:>10.0f}{memory:>11.0f}")

        pipeline.target.max_length = options.target  # the same limit on every side
        pipeline.export(folder / "served", searches=searches)
        served = tf.saved_model.load(str(folder / "served"))
        peer.write_model(pipeline.model, folder)
        translators = load_all(peer, folder)
        plain = next(iter(translators))
        exponent = agreement(pipeline.model, peer, plain, sources, options.target)
        print(f"\n{'':<8}{'':<34}{'ms a sentence':>14}{'tokens/s':>10}   medians of {runs}")
        for name, search in searches.items():
            runners = {
                precision: partial(
                    run_file,
                    {n: Signatures(paths[precision, name].read_bytes(), n) for n in {1, cores}},
                    sources,
                    options.source,
                )
                for precision in tflite.PRECISIONS
            }
            chosen = {}
            for precision, run in runners.items():
                spent = trial(run, {1: "", cores: ""})
                best = min(spent, key=spent.get)
                chosen[precision] = (run, best, f"TFLite {precision}, {best} threads")
            signature = served.signatures[f"{name}_ids"]
            chosen["saved"] = (partial(run_saved_model, signature, sources), 0, "SavedModel")
            factor = 0 if search == GREEDY else exponent
            run = partial(run_peer, peer, search.beam_width, options.target, factor, sources)
            spent = trial(run, translators)
            best = min(spent, key=spent.get)
            chosen["peer"] = (run, best, translators[best])
            speeds = in_turn({side: partial(*pair) for side, (*pair, _) in chosen.items()}, runs)
            for side, (milliseconds, speed) in speeds.items():
                label = chosen[side][2]
                print(f"{name:<8}{label:<34}{milliseconds:>14.2f}{speed:>10,.0f}", flush=True)
                ratios[name, side] = speed / speeds["peer"][1]
    print()
    for name in searches:
        for precision in tflite.PRECISIONS:
            goal = 2.0 if precision == "int8" else 1.0
            print(f"ratio tflite_{precision}_{name} {ratios[name, precision]:.2f} goal {goal:.2f}")
    spare = 1.15 / ratios["int8", "bytes"]
    print(f"ratio tflite_int8_size {spare:.2f} goal 1.00")


if __name__ == "__main__":
    main()
