"""What `compare.py` compares: architectures of about equal sizes, and the settings of a run."""

import argparse

from kseq2seq import cli

# `hidden_dim` is the multiple of 8 that brings all parameters, tables included, nearest to 2.0
# million with one vocabulary of 4,000.
SIZES: dict[str, dict] = {
    "rnn": {"hidden_dim": 152, "num_layers": 2},
    "lstm": {"hidden_dim": 128, "num_layers": 2},
    "gru": {"hidden_dim": 136},
    "bahdanau": {"hidden_dim": 120},
    "luong": {"hidden_dim": 136},
    "convolutional": {"hidden_dim": 136, "num_layers": 3},
    "transformer": {"hidden_dim": 128, "num_layers": 3},
    "decoder_only": {"hidden_dim": 168, "num_layers": 4},
}
# What recipes build each with, as the table of architectures says it, comes on top.
MODELS = {name: {**sizes, **cli.architectures()[name]} for name, sizes in SIZES.items()}
MODELS["hybrid"] = {
    "encoder": {"architecture": "transformer", "hidden_dim": 112, "num_layers": 3, "num_heads": 4},
    "decoder": {"architecture": "luong", "hidden_dim": 112},
}
SMOKE = {"hidden_dim": 32, "num_layers": 1}
SHARED = ("data", "columns", "minutes", "steps", "vocabulary", "dropout", "batch_tokens", "test")


def settings_of(options: argparse.Namespace, name: str, seed: int) -> dict:
    """All that a run's result depends on; a run under other settings is another run."""
    sizes = MODELS[name]
    more = {**(SMOKE if options.smoke else {}), "dropout": options.dropout}
    halves = {side: {**half, **more} for side, half in sizes.items() if isinstance(half, dict)}
    return {
        "name": name,
        "seed": seed,
        "architecture": name,
        "sizes": halves or {**sizes, **more},
        "peak": 1e-3 if name == "rnn" else 2e-3,  # of the learning rate
        **{option: getattr(options, option) for option in (*SHARED, "threads", "parallel")},
    }
