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
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kseq2seq.recipes.comparison_data import DATA, MESSAGES, prepare, read, write
from kseq2seq.recipes.comparison_models import MODELS, settings_of
from kseq2seq.recipes.comparison_run import run

from kseq2seq import cli

COUNT = {"type": cli.whole, "metavar": "N"}
DEFAULTS = {
    "data": "sample",
    "columns": ["source", "target"],
    "test": 1000,
    "vocabulary": 4000,
    "models": list(MODELS),
    "dropout": 0.0,  # suits a few minutes
    "batch_tokens": 1024,
    "seeds": [1],
    "minutes": 4,
    "threads": 0,
    "parallel": 1,
}
SMOKE = {"minutes": 0.05, "vocabulary": 800, "batch_tokens": 512, "test": 32}
SMOKE_MODELS = ["lstm", "transformer"]


def arguments() -> argparse.Namespace:
    flags = cli.Flags(__doc__, DEFAULTS)
    add = flags.add
    flags.common("data", "columns", data=DATA)
    add("data", "--test", **COUNT, help="the most test pairs")
    flags.common("vocabulary")
    add("model", "--models", nargs="+", choices=MODELS, help="which to run")
    flags.common("dropout", "batch_tokens")
    seeds = {"type": cli.natural, "metavar": "N", "help": "a run of each model for each"}
    add("training", "--seeds", nargs="+", **seeds)
    minutes = {"type": cli.positive, "metavar": "N", "help": "of training, compiling left out"}
    add("training", "--minutes", **minutes)
    add("training", "--steps", **COUNT, help="batches in place of minutes, in hundreds")
    threads = "0: as many as TensorFlow likes; 1: and times are those of the CPU"
    add("training", "--threads", type=cli.natural, metavar="N", help=threads)
    add("training", "--parallel", **COUNT, help="runs at a time, each on its share of the CPUs")
    flags.common("smoke")
    flags.common("output", output="saved_models/compare")
    add("output", "--report", action="store_true", help="only make the table and the plots")
    add("output", "--one", choices=MODELS, help=argparse.SUPPRESS)  # a run's own process
    options = flags.parse(smoke={**SMOKE, "models": SMOKE_MODELS})
    options.seeds = list(dict.fromkeys(options.seeds))
    if options.steps and options.steps % 100:
        flags.refuse(f"--steps must be a multiple of 100; got {options.steps}")
    if options.output is None:
        options.output = Path("saved_models", "compare" + "-smoke" * options.smoke)
    return options


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
    try:  # here, since the runs do without Matplotlib
        from kseq2seq.recipes.comparison_report import report
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
