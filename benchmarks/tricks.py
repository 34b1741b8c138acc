"""What each trick of training does: the same real pairs with and without it, two seeds each.

    python benchmarks/tricks.py --output tricks.json [--tricks NAME ...]
    python benchmarks/tricks.py --output tricks.json --report    # the table again
    python benchmarks/tricks.py --quick                     # a tiny model, twenty steps

English-French interface texts of the bundled sample, cut into 2,000 pieces. The Transformer has
2 + 2 layers of width 128, the recurrent models one layer of width 128. A run takes a fixed number
of optimizer steps on 1,024 tokens of the longer side each, on one thread, in a process of its own:
so what a run learns does not depend on how busy the machine is. Seconds are the processor's, of all
steps but those that compile.

Each row is one trick. Where it says "without", all else is as in the row's "with". Scores are those
of greedy search on held-out pairs, nats the mean cross-entropy of their references' tokens.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import kseq2seq as ks
from kseq2seq import data, metrics, text, training
from kseq2seq.disk import whole_file

# isort: split
import keras
import tensorflow as tf

BAHDANAU = {"architecture": "bahdanau", "sizes": {}}
LUONG = {"architecture": "luong", "sizes": {}}
RECIPE = {
    "architecture": "transformer",
    "sizes": {"num_layers": 2, "num_heads": 4, "tie_embeddings": "all"},
    "dropout": 0.0,
    "view": None,
    "batch_tokens": 1024,
    "smoothing": 0.1,
    "rate": "inverse square root",
    "peak": 2e-3,
    "warmup": 200,
    "clip": 1.0,
    "average": 0.99,
    "checkpoints": 0,  # of the last of the run, whose weights are averaged
    "accumulate": None,
}
LONGEST = 96  # tokens of a side; of a held-out one, characters
# name: (with, without), each what differs from RECIPE
TRICKS: dict[str, tuple[dict, dict]] = {
    "label smoothing 0.1": ({}, {"smoothing": 0.0}),
    "warm-up of 200 steps": ({}, {"rate": "cold"}),
    "cosine decay": ({"rate": "cosine"}, {}),
    "linear decay": ({"rate": "linear"}, {}),
    "clipping at 1": ({}, {"clip": None}),
    "moving average": ({}, {"average": None}),
    "average of 5 checkpoints": ({"average": None, "checkpoints": 5}, {"average": None}),
    "accumulation of 4 x 256": ({"batch_tokens": 256, "accumulate": 4}, {}),
    "packing": ({"view": "packed"}, {}),
    "dropout 0.1": ({"dropout": 0.1}, {}),
    "R-Drop": ({"dropout": 0.1, "view": "r_drop"}, {"dropout": 0.1}),
    "scheduled sampling": ({**BAHDANAU, "view": "scheduled_sampling"}, BAHDANAU),
    "truncation to 8 steps": ({**BAHDANAU, "view": "truncated"}, BAHDANAU),
    "guided alignment": ({**LUONG, "view": "with_alignments"}, LUONG),
}


SHARED = ("data", "vocabulary", "held_out", "dim", "steps")


class Cold(training.InverseSquareRoot):
    """Falls as `InverseSquareRoot`, but begins at its peak."""

    def __call__(self, step):
        """Returns the rate at `step`, counted from 0."""
        return super().__call__(tf.maximum(tf.cast(step, tf.float32), self.warmup_steps - 1))


def settings_of(change: dict, options: argparse.Namespace, seed: int) -> dict:
    """Returns all that a run's result depends on."""
    shared = {name: getattr(options, name) for name in SHARED}
    warmup = {"warmup": min(RECIPE["warmup"], options.steps // 4)}
    return {**RECIPE, **warmup, **change, **shared, "seed": seed}


def prepare(options: argparse.Namespace, folder: Path) -> None:
    """Writes what all runs read."""
    corpora = data.split_corpora(data.named_pairs(options.data))
    train = data.Corpus.write(corpora["train"], folder)
    texts = (side for pair in train for side in pair[:2])
    tokenizer = text.SentencePieceTokenizer.train(texts, options.vocabulary)
    sides = text.TextSource(tokenizer, LONGEST), text.TextTarget(tokenizer, LONGEST)
    for side in sides:
        side.save(folder)
    survey = data.survey(train, *sides)
    held_out = [*corpora["validation"], *corpora["test"]]  # nothing is chosen by either
    held_out = [pair[:2] for pair in held_out if max(map(len, pair[:2])) <= LONGEST]
    about = {
        "pairs": len(train),
        "buckets": data.fit_buckets(survey, 4),
        "row": data.fit_row(survey),
        "held_out": held_out[: options.held_out],
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def run(settings: dict, folder: Path) -> dict:
    """Trains one model and returns what was measured."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(settings["seed"])
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    sides = text.TextSource.load(folder), text.TextTarget.load(folder)
    model = ks.build_model(
        settings["architecture"],
        source=sides[0],
        target=sides[1],
        hidden_dim=settings["dim"],
        dropout=settings["dropout"],
        **settings["sizes"],
    )
    corpus = data.Corpus(folder / "pairs.tfrecord", about["pairs"])
    spent = fit(model, batches_of(settings, about, corpus, sides), settings)
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
    pipeline = ks.Pipeline(model, *sides)
    sources, references = zip(*about["held_out"], strict=True)
    made = pipeline.texts(sources, search=ks.Greedy())
    scores = pipeline.score(sources, references)
    tokens = sum(len(score.tokens) for score in scores)
    return {
        "settings": settings,
        "parameters": model.count_params(),
        "seconds": spent,
        "bleu": metrics.bleu(made, references),
        "chrf": metrics.chrf(made, references),
        "nats": -sum(score.log_prob for score in scores) / tokens,
        "memory": int(peak) / 1024,
    }


def batches_of(settings: dict, about: dict, corpus: data.Corpus, sides: tuple) -> tf.data.Dataset:
    """Returns the batches that a view takes."""
    budget = {"seed": settings["seed"], "tokens_per_batch": settings["batch_tokens"]}
    if settings["view"] == "packed":
        return data.packed_batches(corpus, *sides, shape=tuple(about["row"]), **budget)
    buckets = [tuple(bucket) for bucket in about["buckets"]]
    batches = data.train_batches(corpus, *sides, buckets=buckets, **budget)
    if settings["view"] == "with_alignments":
        return data.Aligner.fit(data.eval_batches(corpus, *sides, buckets=buckets)).add_to(batches)
    return batches


def view_of(model: ks.Seq2Seq, settings: dict) -> tuple[keras.Model, dict]:
    """Returns what is compiled in the model's place, and its losses."""
    loss = training.TokenCrossEntropy(settings["smoothing"])
    rising = keras.optimizers.schedules.PolynomialDecay(0.0, settings["steps"], 0.25)
    match settings["view"]:
        case "packed":
            return training.packed(model), {"loss": loss}
        case "r_drop":
            both = training.RDrop(alpha=5.0, label_smoothing=settings["smoothing"])
            return training.r_drop(model), {"loss": both}
        case "scheduled_sampling":
            return training.scheduled_sampling(model, rising, seed=1), {"loss": loss}
        case "truncated":
            return training.truncated(model, 8), {"loss": loss}
        case "with_alignments":
            losses = {"logits": loss, "alignments": training.GuidedAlignment()}
            weights = {"logits": 1.0, "alignments": 0.3}
            return training.with_alignments(model), {"loss": losses, "loss_weights": weights}
    return model, {"loss": loss}


def rate_of(settings: dict) -> keras.optimizers.schedules.LearningRateSchedule:
    """Returns the learning rate."""
    peak, often = settings["peak"], settings["accumulate"] or 1  # a rate is asked for each batch
    steps, warmup = settings["steps"] * often, settings["warmup"] * often
    match settings["rate"]:
        case "cosine":
            falling = keras.optimizers.schedules.CosineDecay(peak, steps - warmup)
            return training.WarmUp(falling, warmup)
        case "linear":
            falling = keras.optimizers.schedules.PolynomialDecay(peak, steps - warmup, 0.0)
            return training.WarmUp(falling, warmup)
        case "cold":
            return Cold(peak, warmup)
    return training.InverseSquareRoot(peak, warmup)


def fit(model: ks.Seq2Seq, batches: tf.data.Dataset, settings: dict) -> float:
    """Trains; returns the processor's seconds an optimizer step, those that compile left out."""
    view, losses = view_of(model, settings)
    often = settings["accumulate"] or 1
    view.compile(
        keras.optimizers.Adam(
            rate_of(settings),
            beta_2=0.98,
            global_clipnorm=settings["clip"],
            use_ema=settings["average"] is not None,
            ema_momentum=(settings["average"] or 0.99) ** (1 / often),  # moves with each batch
            gradient_accumulation_steps=settings["accumulate"],
        ),
        **losses,
        jit_compile=True,
    )
    steps = settings["steps"] * often
    every, clock, last = max(1, steps // 25), [time.process_time()], []

    def after(step, logs=None):
        clock.append(time.process_time())
        done = steps - (step + 1)
        if (
            settings["checkpoints"]
            and done % every == 0
            and done // every < settings["checkpoints"]
        ):
            last.append(model.get_weights())

    noted = keras.callbacks.LambdaCallback(on_train_batch_end=after)
    view.fit(batches, steps_per_epoch=steps, shuffle=False, callbacks=[noted], verbose=0)
    if last:
        model.set_weights(training.average_weights(last))
    spent = sorted(late - early for early, late in pairwise(clock))
    spent = spent[: max(1, len(spent) - 8)]  # four shapes compile, some twice
    return sum(spent) / len(spent) * often


def run_all(options: argparse.Namespace, record: dict) -> int:
    """Runs what is not in the record yet, each in a process of its own; returns how many failed."""
    wanted = []
    for seed in options.seeds:
        for name in options.tricks:
            for change in TRICKS[name]:
                settings = settings_of(change, options, seed)
                known = [row["settings"] for row in record["runs"]]
                if settings not in known and settings not in wanted:
                    wanted.append(settings)
    if not wanted:
        return 0
    failed = 0
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    shares = iter([cpus[first :: options.parallel] for first in range(options.parallel)])

    def pin():  # this thread, and so the processes that it starts
        if share := next(shares, None):
            os.sched_setaffinity(0, share)

    with (
        tempfile.TemporaryDirectory(prefix="kseq2seq-") as scratch,
        ThreadPoolExecutor(options.parallel, initializer=pin) as pool,
    ):
        prepare(options, Path(scratch))

        def one(settings):
            command = [sys.executable, __file__, "--one", scratch, json.dumps(settings)]
            return subprocess.run(command, capture_output=True, text=True)

        for settings, done in zip(wanted, pool.map(one, wanted), strict=True):
            changed = {k: v for k, v in settings.items() if RECIPE.get(k, v) != v}
            if done.returncode:
                print(f"{changed} failed:\n{done.stderr[-2000:]}", flush=True)
                failed += 1
                continue
            made = json.loads(done.stdout.splitlines()[-1])
            record["runs"].append(made)
            line = f"BLEU {made['bleu']:.1f}, {made['nats']:.3f} nats, {made['seconds']:.3f} s"
            print(f"seed {settings['seed']} {changed}: {line}", flush=True)
            if options.output:
                with whole_file(options.output) as part:
                    part.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return failed


def report(options: argparse.Namespace, record: dict) -> None:
    """Prints a table, without -> with, a number for each seed."""
    columns = {"bleu": ("BLEU", ".1f"), "chrf": ("chrF", ".1f"), "nats": ("nats a token", ".2f")}
    columns |= {"seconds": ("ms a step", ".0f"), "memory": ("peak, MiB", ".0f")}
    head = [f"{title}, without | with" for title, _ in columns.values()]
    print("| trick | " + " | ".join(head) + " |\n|---|" + "---:|---:|" * len(columns))
    for name in options.tricks:
        cells = []
        for key, (_, form) in columns.items():
            for change in reversed(TRICKS[name]):
                kept = [
                    row[key] * (1e3 if key == "seconds" else 1)
                    for row in sorted(record["runs"], key=lambda row: row["settings"]["seed"])
                    if row["settings"] == settings_of(change, options, row["settings"]["seed"])
                ]
                cells.append(" ".join(format(value, form) for value in kept))
        print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    if sys.argv[1:2] == ["--one"]:  # a run's own process
        print(json.dumps(run(json.loads(sys.argv[3]), Path(sys.argv[2]))))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tricks", nargs="+", choices=TRICKS, default=list(TRICKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--steps", type=int, default=800, help="of the optimizer")
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--data", default="sample")
    parser.add_argument("--vocabulary", type=int, default=2000)
    parser.add_argument("--held-out", type=int, default=750)
    parser.add_argument("--parallel", type=int, default=2, help="runs at a time, a core each")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="goes on where it is")
    parser.add_argument("--report", action="store_true", help="only print what --output has")
    parser.add_argument("--quick", action="store_true", help="tiny models, twenty steps, one seed")
    options = parser.parse_args()
    if options.quick:
        options.steps, options.dim, options.vocabulary, options.held_out = 20, 32, 800, 32
        options.seeds = options.seeds[:1]
    record = {"runs": []}
    if options.output and options.output.exists():
        record = json.loads(options.output.read_text(encoding="utf-8"))
    failed = 0 if options.report else run_all(options, record)
    report(options, record)
    if failed:
        sys.exit(f"{failed} runs failed; where there is an --output, only these run again.")


if __name__ == "__main__":
    main()
