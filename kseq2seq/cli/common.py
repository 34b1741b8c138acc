"""The flags that recipes have in common: a group, how `argparse` reads them, a line of help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kseq2seq.cli.numbers import positive, share, whole

GROUPS = {
    "data": "What it learns from",
    "text": "What a model sees of it",
    "model": "The model",
    "training": "Training",
    "output": "What is kept, and where",
}
_COUNT: dict[str, Any] = {"type": whole, "metavar": "N"}
_SWITCH: dict[str, Any] = {"action": "store_true"}
_FILE: dict[str, Any] = {"metavar": "FILE"}
_DIRECTORY: dict[str, Any] = {"type": Path, "metavar": "DIR"}
_PRECISIONS = ("float32", "float16", "int8")

# {data}, {output} and {tokenizers} are the recipe's own.
COMMON: dict[str, tuple[str, dict[str, Any], str]] = {
    "data": ("data", {"metavar": "NAME"}, "{data}"),
    "columns": (
        "data",
        {"nargs": "+", "metavar": "NAME"},
        "of FILE: those of source, target and, if you like, key, which keeps examples in one split",
    ),
    "train": ("data", _FILE, "in place of --data, for a split of your own"),
    "validation": ("data", _FILE, "beside --train; without it, 3 %% of that, by a hash"),
    "test": ("data", _FILE, "beside --train; without it, 3 %% of that, by a hash"),
    "tokenizer": ("text", {"metavar": "KIND"}, "{tokenizers}, or the directory of a saved one"),
    "vocabulary": ("text", _COUNT, "the most ids that a tokenizer learns"),
    "max_length": ("text", _COUNT, "the most tokens of a text"),
    "too_long": (
        "text",
        {"choices": ("error", "split", "cut")},
        "what happens to examples of more than --max-length. Without this flag they are left out "
        "and counted. 'error' refuses them, telling how many there are and which. 'split' leaves "
        "them out of training, but scores sources, and reads them later, sentence by sentence. "
        "'cut' reads the beginning of a source alone, in training and later",
    ),
    "model": ("model", {}, "the architecture"),
    "hidden_dim": ("model", _COUNT, "the width of its layers"),
    "layers": ("model", _COUNT, "of the encoder and of the decoder"),
    "dropout": (
        "model",
        {"type": share, "metavar": "SHARE"},
        "of activations, left out in training",
    ),
    "bfloat16": (
        "model",
        _SWITCH,
        "faster where the processor has its products; the saved model computes so, too",
    ),
    "init": ("model", _DIRECTORY, "a saved pipeline to continue from, its model as it is"),
    "steps": ("training", _COUNT, "the most batches to train on; default: no limit"),
    "minutes": (
        "training",
        {"type": positive, "metavar": "N"},
        "the most of training, compiling not counted; default: 10, with --steps no limit",
    ),
    "batch_tokens": ("training", _COUNT, "of the longer side of a batch, padding included"),
    "packed": ("training", _SWITCH, "several pairs in a row; for Transformers"),
    "graph": ("training", _SWITCH, "run without XLA: training begins at once, and may be slower"),
    "seed": (
        "training",
        {"type": int, "metavar": "N"},
        "of the first weights, of dropout and of the order of the data",
    ),
    "smoke": ("training", _SWITCH, "a tiny model, in seconds, to see that everything works"),
    "output": ("output", _DIRECTORY, "default: {output}[-smoke]"),
    "resume": ("output", _DIRECTORY, "continue the run that was interrupted there"),
    "tflite": (
        "output",
        {"nargs": "?", "const": _PRECISIONS[0], "choices": _PRECISIONS},
        "also write model.tflite, for phones: greedy search, weights in float32 or as you say",
    ),
    "no_examples": (
        "output",
        _SWITCH,
        "keep no texts with the model; else 16 of validation, for exports to be tried on",
    ),
}
