"""What `compare.py` compares: architectures of about equal sizes, and the settings of a run."""

import argparse

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
