"""Every architecture on one corpus: equal minutes or steps, about equal sizes, several seeds.

Data: as for `translation.py`: `sample[:fr|de|ko]` (bundled), `debian:fr` (fetched once) or a file
of yours. Vocabulary, batches and test pairs are made once and are the same for all.

    python recipes/compare.py --data debian:fr --minutes 4 --seeds 1 2
    python recipes/compare.py --data debian:fr --minutes 30 --seeds 1 2 3 --threads 1 --parallel 8
    python recipes/compare.py --data debian:fr --steps 2000    # the same on any machine
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
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from comparison_run import run, scores

from kseq2seq import cli, data, text

# name: (architecture, sizes, peak of the learning rate). `hidden_dim` is the multiple of 8 that
# brings all parameters, tables included, nearest to 2.0 million with one vocabulary of 4,000.
HEADS = {"num_heads": 4}
MODELS: dict[str, tuple[str, dict, float]] = {
    "rnn": ("rnn", {"hidden_dim": 152, "num_layers": 2, "reverse_source": True}, 1e-3),
    "lstm": ("lstm", {"hidden_dim": 128, "num_layers": 2, "reverse_source": True}, 2e-3),
    "gru": ("gru", {"hidden_dim": 136}, 2e-3),
    "bahdanau": ("bahdanau", {"hidden_dim": 120}, 2e-3),
    "luong": ("luong", {"hidden_dim": 136}, 2e-3),
    "convolutional": ("convolutional", {"hidden_dim": 136, "num_layers": 3}, 2e-3),
    "transformer": (
        "transformer",
        {"hidden_dim": 128, "num_layers": 3, "tie_embeddings": "all", **HEADS},
        2e-3,
    ),
    "decoder_only": ("decoder_only", {"hidden_dim": 168, "num_layers": 4, **HEADS}, 2e-3),
    "hybrid": (
        "hybrid",
        {
            "encoder": {
                "architecture": "transformer",
                "hidden_dim": 112,
                "num_layers": 3,
                **HEADS,
            },
            "decoder": {"architecture": "luong", "hidden_dim": 112},
        },
        2e-3,
    ),
}
SMOKE = {"hidden_dim": 32, "num_layers": 1}
LONGEST = 96  # tokens of a side
# The package's words for what the flags here are called.
MESSAGES = cli.Messages(
    {
        "vocabulary_size": "--vocabulary",
        "tokens_per_batch": "--batch-tokens",
        "dropout": "--dropout",
        "`columns`": "--columns",
        "source=0, target=1": "--columns 0 1",
        ", or raise max_length": "",
    }
)


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
    parser.add_argument(
        "--minutes", type=cli.positive, default=4, help="of training, compiling left out"
    )
    parser.add_argument(
        "--steps", type=cli.whole, help="batches to train on in place of minutes, in hundreds"
    )
    parser.add_argument("--output", type=Path, help="default: saved_models/compare[-smoke]")
    parser.add_argument(
        "--vocabulary", type=cli.whole, default=4000, help="pieces of SentencePiece"
    )
    parser.add_argument("--dropout", type=cli.share, default=0.0, help="0 suits a few minutes")
    parser.add_argument("--batch-tokens", type=cli.whole, default=1024)
    parser.add_argument("--test", type=cli.whole, default=1000, help="the most test pairs")
    parser.add_argument(
        "--threads", type=int, default=0, help="0: TensorFlow chooses; with 1, time is CPU time"
    )
    parser.add_argument(
        "--parallel",
        type=cli.whole,
        default=1,
        help="runs at a time, each on its own share of the CPUs",
    )
    parser.add_argument("--report", action="store_true", help="only make the table and the plots")
    parser.add_argument("--smoke", action="store_true", help="two tiny models, seconds")
    parser.add_argument("--one", choices=MODELS, help=argparse.SUPPRESS)  # a run's own process
    options = parser.parse_args()
    if options.steps and options.steps % 100:
        parser.error(f"--steps must be a multiple of 100; got {options.steps}")
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
    (folder / "data.json").unlink(missing_ok=True)  # until all of it is written
    with MESSAGES.errors(f"--data {options.data}", cli.DATA):
        corpora = data.split_corpora(data.named_pairs(options.data, options.columns))
    train = corpora["train"]
    texts = (side for pair in train for side in pair[:2])
    with MESSAGES.errors(f"--vocabulary {options.vocabulary}"):
        tokenizer = text.SentencePieceTokenizer.train(texts, options.vocabulary)
    source, target = text.TextSource(tokenizer, LONGEST), text.TextTarget(tokenizer, LONGEST)
    with MESSAGES.errors(f"--data {options.data}"):
        survey = data.survey(train, source, target)
        buckets = data.fit_buckets(survey, count=2 if options.smoke else 6)
        pairs = [*corpora["validation"], *corpora["test"]]  # nothing is chosen by either
        kept = cli.held_out(source, pairs, "test")
    print(f"Training pairs\n{data.bucket_table(survey, buckets)}\n")
    chosen = random.Random(0).sample(kept, min(options.test, len(kept)))
    print(f"Test pairs: {len(chosen)} of {len(pairs)}.\n")
    data.Corpus.write(train, folder / "train")
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
    shared = (
        "data",
        "columns",
        "minutes",
        "steps",
        "vocabulary",
        "dropout",
        "batch_tokens",
        "test",
    )
    return {
        "name": name,
        "seed": seed,
        "architecture": architecture,
        "sizes": halves or {**sizes, **more},
        "peak": peak,
        **{option: getattr(options, option) for option in (*shared, "threads", "parallel")},
    }


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
    MESSAGES.show_warnings()
    if options.one:
        settings = settings_of(options, options.one, options.seeds[0])
        folder = options.output / f"{settings['name']}-{settings['seed']}"
        write(folder / "result.json", run(settings, options.output / "data", folder))
        return
    try:
        from comparison_report import report  # here, since the runs do without matplotlib
    except ImportError as error:
        sys.exit(f"{error}; the plots need: pip install 'kseq2seq[plot]'")
    failed = []
    if not options.report:
        with MESSAGES.errors(f"--output {options.output}"):
            cli.check_output(options.output, {})
        prepare(options)
        failed = run_all(options)
    with MESSAGES.errors(f"--output {options.output}"):
        report(options.output)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}. The same command runs only these again.")


if __name__ == "__main__":
    main()
