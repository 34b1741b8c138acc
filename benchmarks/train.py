"""Training beside OpenNMT-tf and PyTorch: target tokens a second, and BLEU after equal minutes.

    python benchmarks/train.py                                  # ours alone, float32 and bfloat16
    python benchmarks/train.py --peers --output train.json      # beside the others; 2 hours
    python benchmarks/train.py --report train.json              # what a run has measured so far
    python benchmarks/train.py --peers --quick                  # a tiny model on the sample

The same real pairs, cut into the same ids; the same Transformer (3 + 3 layers, width 256, inner
width 1,024, 4 heads, one table of 6,000 ids for source, target and output; pre-norm, sinusoids, no
dropout: the numbers of parameters are equal and printed); label smoothing 0.1; Adam (beta 0.98)
with one schedule and clipped gradients; an exponential average of the weights, which is what
translates. 3,072 tokens of the longer side a batch. Each makes batches its own way:

- ours: `fit` from raw text, as the recipe does: on packed rows (its `--packed`; `ours-packed`) or
  on six static shapes (`ours`), compiled by XLA; on forty shapes as a graph (`ours-graph`). In
  bfloat16 always as a graph, since XLA has no such products for CPUs (`ours-bf16-packed`,
  `ours-bf16`);
- OpenNMT-tf 2.32 on TensorFlow 2.12: its own `Trainer` and training dataset from files of ids,
  length buckets of 2. Its XLA (`opennmt-xla`) pads to buckets of 8 and compiles each;
- PyTorch 2.13: `nn.Transformer` in a plain loop with fused Adam, each epoch sorted by length so
  that hardly any place is padding; eager, compiled once for all shapes, or compiled for our six
  (`torch-compile-static`).

The systems are processes that train in turn, a slice of seconds each, while the others sleep. Speed
is the median over the slices after a quarter of the time, when all shapes are compiled, of target
tokens that are not padding, their ends included. Minutes are a system's own training time: with
compiling, its data pipeline and Python, without imports, scoring and halts of the whole machine.
Peers live in environments of their own in the cache folder, made on first use with `pip`.
"""

import argparse
import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from kseq2seq import metrics
from kseq2seq.disk import whole_file

# isort: split
from train_data import LONGEST, Prepared, prepare
from train_report import OURS, report
from train_workers import SYSTEMS, Halts, Worker

FASTEST = ("ours-packed", "ours-bf16-packed")
ALL = (*FASTEST, "opennmt", "torch", "torch-compile")
RECIPE = {
    "seed": 1,
    "label_smoothing": 0.1,
    "peak": 2e-3,
    "warmup_steps": 400,
    "beta_2": 0.98,
    "clip_norm": 1.0,
    "average": 0.995,  # over about 200 steps: ten minutes have some 700
    "longest": LONGEST,
}
FULL = {"dim": 256, "layers": 3, "heads": 4, "inner": 1024, "batch_tokens": 3072}
TINY = {"dim": 64, "layers": 1, "heads": 4, "inner": 256, "batch_tokens": 1024}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", action="store_true", help=f"all of {', '.join(ALL)}")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, help="instead")
    parser.add_argument("--data", default="debian:fr", help="sample[:fr|de|ko] or debian:LANG")
    parser.add_argument("--minutes", nargs="+", type=float, help="when to score; the last ends it")
    parser.add_argument("--slice", type=float, default=40, metavar="SECONDS")
    parser.add_argument("--held-out", type=int, default=400, help="pairs to score")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="written as results come")
    parser.add_argument("--save", metavar="DIR", help="where our float32 model goes")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="print it; no training")
    parser.add_argument("--quick", action="store_true", help="a tiny model on the bundled sample")
    options = parser.parse_args()
    options.systems = options.systems or (ALL if options.peers else FASTEST)
    if options.save and not set(options.systems) & set(OURS["float32"]):
        parser.error(f"--save needs one of {', '.join(OURS['float32'])} among --systems")
    options.minutes = sorted(options.minutes or ([10, 20] if options.peers else [3]))
    if options.quick:
        options.data, options.minutes, options.slice, options.held_out = "sample", [0.25], 3, 64
    return options


def main() -> None:
    options = arguments()
    if options.report:
        report(json.loads(options.report.read_text(encoding="utf-8")))
        return
    with tempfile.TemporaryDirectory(prefix="kseq2seq-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        vocabulary, shapes = (1000, 2) if options.quick else (6000, 6)
        prepared = prepare(options.data, folder, vocabulary, shapes, options.held_out)
        settings = {
            **RECIPE,
            **(TINY if options.quick else FULL),
            "folder": scratch,
            "ids": prepared.ids,
            "buckets": prepared.buckets,
            "fine_buckets": prepared.fine_buckets,
            "pairs": prepared.pairs,
            "row": prepared.row,
            "threads": os.cpu_count() or 1,
        }
        record = {
            "settings": {**settings, "data": options.data, "slice": options.slice},
            "held_out": len(prepared.sources),
            "examples": prepared.examples,
            "systems": {},
            "slices": [],
            "scores": [],
        }
        halts = Halts()
        workers = [stack.enter_context(Worker(name, settings, halts)) for name in options.systems]
        for worker in workers:
            about = {**worker.ask("about"), **worker.ask("check", **prepared.check)}
            record["systems"][worker.name] = about
            print(f"{worker.name:<21}{about['version']}, {about['parameters']:,} parameters")
        try:
            in_turn(workers, prepared, options, record)
            ours = [worker for worker in workers if worker.name in OURS["float32"]]
            if options.save and ours:  # else it has failed, and said so
                ours[0].ask("save", directory=str(Path(options.save).resolve()))
        finally:
            report(record)


def in_turn(workers: list[Worker], prepared: Prepared, options, record: dict) -> None:
    """Trains and scores, and writes what is known after each slice."""
    marks = {60 * minutes: minutes for minutes in options.minutes}
    count = int(max(marks) // options.slice)
    stops = sorted({*(options.slice * (index + 1) for index in range(count)), *marks})

    def train(worker, until):
        did = worker.train(until)
        if did["steps"]:  # or it was over before, with compiling
            check = worker.ask("check", **prepared.check)
            record["slices"].append({"system": worker.name, **did, **check})
            line = f"{did['tokens'] / did['seconds']:>8,.0f} tokens/s, loss {check['loss']:.3f}"
            halted = f", halted for {did['halted']:.0f} s" if did["halted"] else ""
            print(f"{worker.name:<21}{worker.seconds / 60:>6.2f} min{line}{halted}", flush=True)
        save(options.output, record)

    def each(act):
        for worker in list(workers):
            try:
                act(worker)
            except RuntimeError as error:  # the others go on
                print(error, flush=True)
                workers.remove(worker)

    def train_and_score(stop):
        def act(worker):
            train(worker, stop)
            if stop in marks:
                row = {"system": worker.name, "minutes": marks[stop], "steps": worker.done["steps"]}
                record["scores"].append(row | score(worker, prepared))
                save(options.output, record)

        return act

    def catch_up(worker):
        if sum(row["system"] == worker.name for row in record["slices"]) < 4:
            train(worker, worker.seconds + options.slice)

    for stop in stops:
        each(train_and_score(stop))
    for _ in range(3):  # where compiling took all the time there was, speed is measured after it
        each(catch_up)


def score(worker: Worker, prepared: Prepared) -> dict:
    """Translates the held-out sources."""
    ids = worker.ask("greedy", sources=prepared.sources)["ids"]
    texts = prepared.texts(ids)
    bleu = metrics.bleu(texts, prepared.references)
    chrf = metrics.chrf(texts, prepared.references)
    print(f"{worker.name:<21}{worker.seconds / 60:>6.2f} min  BLEU {bleu:.1f}, chrF {chrf:.1f}")
    return {"bleu": bleu, "chrf": chrf, "seconds": worker.seconds, "texts": texts}


def save(path: Path | None, record: dict) -> None:
    if path:
        with whole_file(path) as part:
            part.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
