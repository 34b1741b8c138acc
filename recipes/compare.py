"""Every architecture on one corpus: equal training minutes, about equal sizes, several seeds.

Data: as for `translation.py`: `sample[:fr|de|ko]` (bundled), `debian:fr` (fetched once) or a file
of yours. Vocabulary, batches and test pairs are made once and are the same for all.

    python recipes/compare.py --data debian:fr --minutes 4 --seeds 1 2
    python recipes/compare.py --data debian:fr --minutes 30 --seeds 1 2 3 --threads 1 --parallel 8
    python recipes/compare.py --data debian:fr --report        # the table and the plots again

Each run, one architecture with one seed, is a process of its own, so that its memory is its own
and its failure stops no other. The minutes are those of `fit` alone: every shape of a batch is
compiled before, which is counted apart. A run that is there already, under the same settings, is
not repeated. Writes comparison.md and two plots; needs `pip install 'kseq2seq[plot]'`.
"""

import argparse
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kseq2seq as ks
from kseq2seq import data, metrics, text, training

# isort: split
import keras
import tensorflow as tf

# name: (architecture, sizes, peak of the learning rate). `hidden_dim` is the multiple of 8 that
# brings all parameters, tables included, nearest to 4.0 million with one vocabulary of 4,000.
HEADS = {"num_heads": 4}
MODELS: dict[str, tuple[str, dict, float]] = {
    "rnn": ("rnn", {"hidden_dim": 280, "num_layers": 2, "reverse_source": True}, 1e-3),
    "lstm": ("lstm", {"hidden_dim": 216, "num_layers": 2, "reverse_source": True}, 2e-3),
    "gru": ("gru", {"hidden_dim": 232}, 2e-3),
    "bahdanau": ("bahdanau", {"hidden_dim": 208}, 2e-3),
    "luong": ("luong", {"hidden_dim": 200, "num_layers": 2}, 2e-3),
    "convolutional": ("convolutional", {"hidden_dim": 192, "num_layers": 4}, 2e-3),
    "transformer": (
        "transformer",
        {"hidden_dim": 192, "num_layers": 3, "tie_embeddings": "all", **HEADS},
        2e-3,
    ),
    "decoder_only": ("decoder_only", {"hidden_dim": 208, "num_layers": 6, **HEADS}, 2e-3),
    "hybrid": (
        "hybrid",
        {
            "encoder": {
                "architecture": "transformer",
                "hidden_dim": 184,
                "num_layers": 3,
                **HEADS,
            },
            "decoder": {"architecture": "luong", "hidden_dim": 184},
        },
        2e-3,
    ),
}
SMOKE = {"hidden_dim": 32, "num_layers": 1}
LENGTHS = (5, 10, 15, 20)  # words of a source: the upper ends of all bins but the last
LONGEST = 96  # tokens of a side


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="sample", help="sample[:fr|de|ko], debian:LANG or FILE")
    parser.add_argument(
        "--columns", nargs="+", default=["source", "target"], help="and key; of FILE"
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, help="all where not given")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--minutes", type=float, default=4, help="of training, compiling left out")
    parser.add_argument("--output", type=Path, help="default: saved_models/compare[-smoke]")
    parser.add_argument("--vocabulary", type=int, default=4000, help="pieces of SentencePiece")
    parser.add_argument("--dropout", type=float, default=0.0, help="0 suits a few minutes")
    parser.add_argument("--batch-tokens", type=int, default=2048)
    parser.add_argument("--test", type=int, default=1000, help="the most test pairs")
    parser.add_argument("--threads", type=int, default=0, help="of TensorFlow; 0: it chooses")
    parser.add_argument(
        "--parallel", type=int, default=1, help="runs at a time, each on its own share of the CPUs"
    )
    parser.add_argument("--report", action="store_true", help="only make the table and the plots")
    parser.add_argument("--smoke", action="store_true", help="two tiny models, seconds")
    parser.add_argument("--one", choices=MODELS, help=argparse.SUPPRESS)  # a run's own process
    options = parser.parse_args()
    options.models = options.models or (["lstm", "transformer"] if options.smoke else list(MODELS))
    if options.smoke:
        options.minutes = 0.05
        options.vocabulary, options.batch_tokens, options.test = 800, 512, 32
    if options.output is None:
        options.output = Path("saved_models", "compare-smoke" if options.smoke else "compare")
    return options


def prepare(options: argparse.Namespace) -> None:
    """Splits, tokenises and writes what every run reads, unless it is there."""
    folder = options.output / "data"
    names = ("data", "columns", "vocabulary", "test", "smoke")
    settings = {name: getattr(options, name) for name in names}
    if read(folder / "data.json").get("settings") == settings:
        return
    corpora = data.split_corpora(data.named_pairs(options.data, options.columns))
    train = data.Corpus.write(corpora["train"], folder / "train")
    texts = (side for pair in train for side in pair[:2])
    tokenizer = text.SentencePieceTokenizer.train(texts, options.vocabulary)
    source, target = text.TextSource(tokenizer, LONGEST), text.TextTarget(tokenizer, LONGEST)
    survey = data.survey(train, source, target)
    buckets = data.fit_buckets(survey, count=2 if options.smoke else 6)
    print(f"Training pairs\n{data.bucket_table(survey, buckets)}\n")
    pairs = list(corpora["test"])
    fits = source.lengths([pair.source for pair in pairs]).numpy() <= LONGEST
    kept = [pair for pair, fit in zip(pairs, fits, strict=True) if fit]
    chosen = random.Random(0).sample(kept, min(options.test, len(kept)))
    print(
        f"Test pairs: {len(chosen)} of {len(pairs)}, {len(pairs) - len(kept)} too long left out.\n"
    )
    data.Corpus.write(chosen, folder / "test")
    source.save(folder)
    target.save(folder)
    copies, references = [pair.source for pair in chosen], [pair.target for pair in chosen]
    write(
        folder / "data.json",
        {
            "settings": settings,
            "buckets": buckets,
            "pairs": {"train": len(train), "kept": survey.kept, "test": len(chosen)},
            "copying": scores(copies, references),
        },
    )


def settings_of(options: argparse.Namespace, name: str, seed: int) -> dict:
    """All that a run's result depends on; a run under other settings is another run."""
    architecture, sizes, peak = MODELS[name]
    more = {**(SMOKE if options.smoke else {}), "dropout": options.dropout}
    halves = {side: {**half, **more} for side, half in sizes.items() if isinstance(half, dict)}
    shared = ("data", "minutes", "vocabulary", "dropout", "batch_tokens", "test")
    return {
        "name": name,
        "seed": seed,
        "architecture": architecture,
        "sizes": halves or {**sizes, **more},
        "peak": peak,
        **{option: getattr(options, option) for option in (*shared, "threads", "parallel")},
    }


def run(options: argparse.Namespace, name: str, seed: int) -> None:
    """Trains, saves and measures one model, and writes what was found."""
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(seed)
    shared, folder = options.output / "data", options.output / f"{name}-{seed}"
    settings, prepared = settings_of(options, name, seed), read(shared / "data.json")
    source, target = text.TextSource.load(shared), text.TextTarget.load(shared)
    model = ks.build_model(
        settings["architecture"],
        source=source.tokenizer,
        target=target.tokenizer,
        **settings["sizes"],
    )
    pipeline = ks.Pipeline(model, source, target)
    corpora = {
        split: data.Corpus(shared / split / "pairs.tfrecord", prepared["pairs"][split])
        for split in ("train", "test")
    }
    buckets = [(longest[0], longest[1]) for longest in prepared["buckets"]]
    trained = fit(pipeline, corpora["train"], buckets, settings)
    pipeline.save(folder / "pipeline")
    files = (folder / "pipeline").iterdir()
    write(
        folder / "result.json",
        {
            "settings": settings,
            "parameters": model.count_params(),
            "pipeline_mb": sum(path.stat().st_size for path in files) / 1e6,
            **trained,
            **evaluate(pipeline, list(corpora["test"])),
            "total_peak_mb": peak_memory(),
        },
    )


def fit(pipeline: ks.Pipeline, corpus: data.Corpus, buckets: list, settings: dict) -> dict:
    model = pipeline.model
    batches = data.train_batches(
        corpus,
        pipeline.source,
        pipeline.target,
        buckets=buckets,
        seed=settings["seed"],
        tokens_per_batch=settings["batch_tokens"],
    )
    accuracy = metrics.TokenAccuracy()
    rate = training.InverseSquareRoot(settings["peak"], warmup_steps=400)
    model.compile(
        keras.optimizers.Adam(
            rate, beta_2=0.98, global_clipnorm=1.0, use_ema=True, ema_momentum=0.998
        ),
        training.TokenCrossEntropy(label_smoothing=0.1),
        metrics=[accuracy],
        jit_compile=True,
    )
    compiling = compile_shapes(model, batches, len(buckets))
    tokens: list[float] = []
    counter = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: tokens.append(float(accuracy.count))
    )
    began = time.monotonic()
    history = model.fit(
        batches,
        epochs=10**6,
        steps_per_epoch=100,
        shuffle=False,  # the pipeline does
        callbacks=[counter, training.TimeLimit(settings["minutes"])],
        verbose=2,
    ).history
    seconds = time.monotonic() - began
    return {
        "compile_seconds": compiling,
        "train_seconds": seconds,
        "steps": int(model.optimizer.iterations),
        "losses": history["loss"],  # of each hundred steps
        "train_tokens_per_second": sum(tokens) / seconds,
        "train_peak_mb": peak_memory(),
    }


def compile_shapes(model: ks.Seq2Seq, batches: tf.data.Dataset, count: int) -> float:
    """Takes a step in each of `count` shapes, undoes it all, and returns the seconds it took."""
    shapes: dict = {}
    for inputs, labels in batches:
        shapes[(*inputs["source"].shape, *labels.shape)] = (inputs, labels)
        if len(shapes) == count:
            break
    model.optimizer.build(model.trainable_variables)
    before = [(variable, variable.numpy()) for variable in model.variables]
    before += [(variable, variable.numpy()) for variable in model.optimizer.variables]
    of_each = tf.data.Dataset.from_generator(
        lambda: iter(shapes.values()), output_signature=batches.element_spec
    )
    began = time.monotonic()
    model.fit(of_each, steps_per_epoch=count, shuffle=False, verbose=0)
    seconds = time.monotonic() - began
    for variable, value in before:
        variable.assign(value)
    return seconds


def evaluate(pipeline: ks.Pipeline, pairs: list[data.Pair]) -> dict:
    """Scores greedy search and the pipeline's beam, and times greedy search, raw text to text."""
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    greedy = pipeline.texts(sources, search=ks.Greedy())  # traces, too
    began = time.monotonic()
    tokens = sum(len(made.target_tokens) for made in pipeline(sources, search=ks.Greedy()))
    speed = tokens / (time.monotonic() - began)
    alone = []
    for source in sources[:3] + sources[:50]:
        began = time.monotonic()
        pipeline(source, search=ks.Greedy())
        alone.append(time.monotonic() - began)
    beam = pipeline.texts(sources)
    bins: dict[str, list] = {}
    for low, high in zip((0, *LENGTHS), (*LENGTHS, None), strict=True):
        name = f"{low + 1}-{high}" if high else f"{low + 1}+"
        bins[name] = [
            (made, pair.target)
            for made, pair in zip(beam, pairs, strict=True)
            if low < len(pair.source.split()) <= (high or 10**9)
        ]
    return {
        "greedy": scores(greedy, references),
        "beam": scores(beam, references),
        "by_length": {
            name: {"pairs": len(rows), **scores(*zip(*rows, strict=True))}
            for name, rows in bins.items()
            if rows
        },
        "decode_tokens_per_second": speed,
        "latency_ms": 1000 * statistics.median(alone[3:]),
    }


def scores(hypotheses, references) -> dict[str, float]:
    return {
        "bleu": metrics.bleu(hypotheses, references),
        "chrf": metrics.chrf(hypotheses, references),
    }


def peak_memory() -> float:
    """MB of this process alone; on Linux `ru_maxrss` would begin with the peak of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(path: Path, record: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)  # whole or not at all


def run_all(options: argparse.Namespace) -> list[str]:
    """Runs what is missing, each in a process of its own; returns the names of what failed."""
    wanted = [(name, seed) for seed in options.seeds for name in options.models]
    shares = iter([])
    if hasattr(os, "sched_getaffinity"):
        cpus = sorted(os.sched_getaffinity(0))
        shares = iter([cpus[first :: options.parallel] for first in range(options.parallel)])

    def pin():  # this thread, and so the processes that it starts
        if share := next(shares, None):
            os.sched_setaffinity(0, share)

    def one(job):
        name, seed = job
        folder = options.output / f"{name}-{seed}"
        if read(folder / "result.json").get("settings") == settings_of(options, name, seed):
            print(f"{folder.name}: there already", flush=True)
            return None
        (folder / "result.json").unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log.txt").open("w") as log:
            command = [sys.executable, *sys.argv, "--one", name, "--seeds", str(seed)]
            code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT).returncode
        found = read(folder / "result.json").get("beam")
        print(
            f"{folder.name}: BLEU {found['bleu']:.1f}, chrF {found['chrf']:.1f}"
            if found
            else f"{folder.name}: failed with status {code}, see {folder / 'log.txt'}",
            flush=True,
        )
        return None if found else folder.name

    with ThreadPoolExecutor(options.parallel, initializer=pin) as pool:
        return [failed for failed in pool.map(one, wanted) if failed]


def main() -> None:
    options = arguments()
    if options.one:
        run(options, options.one, options.seeds[0])
        return
    from comparison_report import report  # needs matplotlib, which the runs do not

    failed = []
    if not options.report:
        prepare(options)
        failed = run_all(options)
    report(options.output)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}. The same command runs only these again.")


if __name__ == "__main__":
    main()
