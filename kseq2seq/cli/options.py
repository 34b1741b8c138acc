"""The flags that recipes share, with their defaults, and which of them go together."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kseq2seq.cli.choices import tokenizer_kinds
from kseq2seq.cli.flags import COMMON, TOO_LONG, Flags
from kseq2seq.cli.messages import Messages
from kseq2seq.data.split import SPLITS
from kseq2seq.models import ARCHITECTURES

DEFAULTS = {
    "data": "sample",
    "columns": ["source", "target"],
    "tokenizer": "sentencepiece",
    "vocabulary": 6000,
    "max_length": 96,
    "hidden_dim": 256,
    "layers": 3,
    "dropout": 0.1,
    "batch_tokens": 2048,
    "seed": 1,
}
SMOKE = {"minutes": 0.1, "vocabulary": 800, "hidden_dim": 32, "layers": 1}
# Words of the package's messages -> the flags that a user knows.
WORDS = {
    "vocabulary_size": "--vocabulary",
    "hidden_dim": "--hidden-dim",
    "num_layers": "--layers",
    "dropout": "--dropout",
    "tokens_per_batch": "--batch-tokens",
    "max_length": "--max-length",
    "too_long": "--too-long",
    "tokenizer": "--tokenizer",
    "Build it with more `max_positions`": "Give a smaller --max-length",
    "Name the columns, or give their numbers (source=0, target=1) if the file has no header line": (
        "--columns names the columns of a file, or numbers them (--columns 0 1) where it has no "
        "header line"
    ),
    "`columns`": "--columns",
    "a file for each split": "a file for each of --train, --validation and --test",
    "source=0, target=1": "--columns 0 1",
}


def recipe_flags(
    name: str,
    doc: str | None,
    *,
    data: str,
    models: Mapping[str, Any],
    defaults: Mapping[str, Any],
    without: Collection[str],
    too_long: Collection[str] = tuple(TOO_LONG),
) -> Flags:
    """Returns the common flags of a recipe; see `Recipe` for the arguments."""
    flags = Flags(doc, {**DEFAULTS, "model": next(iter(models)), **defaults})
    words = {
        "data": data,
        "output": f"saved_models/{name}",
        "tokenizers": ", ".join(tokenizer_kinds()),
    }
    choices = {"model": list(models), "too_long": list(too_long)}
    for each in COMMON:
        if each not in without:
            flags.common(each, choices=choices.get(each), **words)
    flags.defaults |= {each: flags.defaults.get(each) for each in without}
    return flags


def parsed(
    flags: Flags,
    name: str,
    smoke: Mapping[str, Any],
    messages: Messages,
    arguments: Sequence[str] | None = None,
) -> argparse.Namespace:
    """Returns the options of a command line, after refusing combinations that make no sense.

    Args:
        flags: of a recipe.
        name: of the recipe.
        smoke: what `--smoke` sets.
        messages: of the recipe.
        arguments: of the command line; those of this process where None.

    Raises:
        SystemExit: with status 2, after a line that says which flags do not go together.
    """
    with messages.errors("--resume", status=2):
        options = flags.parse(arguments, smoke={**SMOKE, **smoke})
    options.output = options.resume or options.output
    if options.output is None:
        options.output = Path("saved_models", name + "-smoke" * options.smoke)
    _check_data(flags, options)
    _check_model(flags, options)
    if options.tflite and find_spec("kseq2seq_runtime") is None:
        flags.refuse(
            "--tflite reads its file again by kseq2seq_runtime, which is not installed; in a "
            "checkout: pip install ./runtime"
        )
    return options


def _check_data(flags: Flags, options: argparse.Namespace) -> None:
    """Allows `--data` or files of splits; only flags given now count, not a resumed run's."""
    own = [split for split in SPLITS if split in flags.given]
    if own and "data" in flags.given:
        flags.refuse(f"--{own[0]} replaces --data; give one of the two")
    if "data" in flags.given:
        options.train = options.validation = options.test = None
    if options.train:
        options.data = None
    elif own:
        flags.refuse(f"--{own[0]} needs --train, the file to train on; give that, too")


def _check_model(flags: Flags, options: argparse.Namespace) -> None:
    if not options.init:
        packable = [name for name, kind in ARCHITECTURES.items() if kind.packs]
        if options.packed and options.model not in packable:
            flags.refuse(f"--packed is for --model {' or '.join(packable)}; got {options.model}")
        return
    if options.bfloat16:
        flags.refuse("--bfloat16 is for a new model; that of --init stays as it was saved")
    idle = [f"--{name.replace('_', '-')}" for name in flags.of_model if name in flags.given]
    if idle:
        warnings.warn(f"{', '.join(idle)}: of no effect, since --init has a model.", stacklevel=2)
