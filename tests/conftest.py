"""What the contract tests share: one table of models, and a slow but obvious way to score targets.

A new architecture or variant is one line of `VARIANTS`; every test that asks for `model` then
runs on it. Tests of what is the same for all variants of an architecture ask for `plain_model`.
"""

from __future__ import annotations

import itertools
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

from tests.translators import translator  # noqa: F401
from tests.workers import leave_alone, once  # noqa: F401
from tests.workers import pytest_collection_finish as pytest_collection_finish
from tests.workers import pytest_collection_modifyitems as pytest_collection_modifyitems

SOURCE, TARGET = 9, 7
MAX_LENGTH = 4
HIDDEN = 8

ARCHITECTURES = {
    "rnn": {},
    "lstm": {},
    "gru": {},
    "bahdanau": {},
    "luong": {},
    "convolutional": {"num_layers": 2},
    "transformer": {"num_heads": 2, "num_layers": 1},
    "decoder_only": {"num_heads": 2, "num_layers": 2},
}

HYBRID_TRANSFORMER = {
    "architecture": "transformer",
    "hidden_dim": 6,
    "num_heads": 2,
    "num_layers": 1,
    "dropout": 0.0,
}
HYBRID_LSTM = {"architecture": "lstm", "hidden_dim": 6, "bidirectional": True, "dropout": 0.0}

# name: (architecture, sizes). The first are the architectures as they come.
VARIANTS = {
    **{name: (name, sizes) for name, sizes in ARCHITECTURES.items()},
    "lstm-bidirectional": ("lstm", {"bidirectional": True}),
    "lstm-reversed": ("lstm", {"reverse_source": True, "embedding_dim": 6}),
    "lstm-deep": ("lstm", {"num_layers": 2, "residual": True, "bidirectional": True}),
    "gru-deep": ("gru", {"num_layers": 2, "residual": True, "bidirectional": True}),
    "bahdanau-tanh": ("bahdanau", {"maxout": False, "embedding_dim": 6}),
    "bahdanau-oneway": ("bahdanau", {"bidirectional": False}),
    "bahdanau-deep": ("bahdanau", {"num_layers": 2, "residual": True}),
    "bahdanau-copy": ("bahdanau", {"copy": True, "coverage": 1.0}),
    "luong-dot": ("luong", {"score": "dot"}),
    "luong-concat": ("luong", {"score": "concat", "bidirectional": True}),
    "luong-unfed": ("luong", {"input_feeding": False, "embedding_dim": 6}),
    "luong-deep": ("luong", {"num_layers": 2, "residual": True, "bidirectional": True}),
    "transformer-post": (
        "transformer",
        {"norm": "post", "positions": "learned", "max_positions": 12, "activation": "gelu"},
    ),
    "transformer-rotary": (
        "transformer",
        {"positions": "rotary", "activation": "swiglu", "tie_embeddings": "none", "inner_dim": 6},
    ),
    "transformer-all": ("transformer", {"tie_embeddings": "all"}),
    "transformer-tall": ("transformer", {"num_layers": 1, "decoder_layers": 2, "num_heads": 4}),
    "transformer-deepnorm": ("transformer", {"norm": "deep", "num_layers": 2}),
    "transformer-shaw": ("transformer", {"positions": "shaw"}),
    "transformer-alibi": ("transformer", {"positions": "alibi"}),
    "transformer-t5": ("transformer", {"positions": "t5", "num_layers": 2}),
    "transformer-local": ("transformer", {"attention": "local", "window": 1}),
    "transformer-chunked": ("transformer", {"attention": "chunked", "remat": True}),
    "transformer-copy": ("transformer", {"copy": True, "coverage": 1.0}),
    "convolutional-wide": (
        "convolutional",
        {"kernel_size": 4, "embedding_dim": 6, "decoder_layers": 1, "positions": "sinusoidal"},
    ),
    "convolutional-untied": ("convolutional", {"tie_embeddings": "none", "kernel_size": 2}),
    "decoder_only-causal": ("decoder_only", {"prefix": "causal", "norm": "post"}),
    "decoder_only-rotary": ("decoder_only", {"positions": "rotary", "activation": "swiglu"}),
    "decoder_only-t5": ("decoder_only", {"positions": "t5"}),
    "decoder_only-shaw": ("decoder_only", {"positions": "shaw", "norm": "deep"}),
    "decoder_only-learned": ("decoder_only", {"positions": "learned", "max_positions": 20}),
    "hybrid-transformer-luong": (
        "hybrid",
        {"encoder": HYBRID_TRANSFORMER, "decoder": {"architecture": "luong", "hidden_dim": 8}},
    ),
    "hybrid-transformer-bahdanau": (
        "hybrid",
        {"encoder": HYBRID_TRANSFORMER, "decoder": {"architecture": "bahdanau", "hidden_dim": 8}},
    ),
    "hybrid-lstm-transformer": (
        "hybrid",
        {"encoder": HYBRID_LSTM, "decoder": {**HYBRID_TRANSFORMER, "hidden_dim": 8}},
    ),
}


MADE: weakref.WeakSet = weakref.WeakSet()


@pytest.fixture(autouse=True, scope="module")
def few_graphs():
    """Models live as long as the session; what was compiled for them need not."""
    yield
    for model in MADE:
        model.__dict__.pop("_compiled", None)
    leave_alone()


def make(name: str, seed: int = 0, **sizes):
    """Builds a variant small, with weights and biases spread enough to tell targets apart."""
    import keras

    from kseq2seq import build_model

    architecture, variant = VARIANTS[name]
    one_vocabulary = variant.get("tie_embeddings") == "all" or variant.get("copy", False)
    shared = one_vocabulary or architecture == "decoder_only"
    if architecture == "hybrid":
        given = variant
    else:
        given = {"hidden_dim": HIDDEN, "dropout": 0.0, **ARCHITECTURES[architecture], **variant}
    keras.utils.set_random_seed(seed)
    model = build_model(architecture, TARGET if shared else SOURCE, TARGET, **{**given, **sizes})
    MADE.add(model)
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        value = keras.ops.convert_to_numpy(weight)
        weight.assign(value + rng.normal(scale=0.4, size=value.shape))
    return model


def of(ids) -> dict:
    """The inputs of an encoder."""
    ids = np.asarray(ids, "int32")
    return {"source": ids, "source_mask": ids != 0}


IDS = np.array([[4, 5, 6, 3, 2], [6, 2, 0, 0, 0], [3, 4, 2, 0, 0]], "int32")


def log_softmax(x):
    x = np.asarray(x, "float64")
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def numpy(structure):
    """Every tensor of a nested structure as a NumPy array."""
    import keras

    return keras.tree.map_structure(
        lambda x: None if x is None else keras.ops.convert_to_numpy(x), structure
    )


def inputs_for(targets):
    """The decoder's inputs for targets (B, T): start, then all but the last token."""
    targets = np.asarray(targets, "int32")
    return np.concatenate([np.ones_like(targets[:, :1]), targets[:, :-1]], axis=1)


def teacher_forced(model, source, targets):
    """Log-probabilities (B, T, V) that a model gives along known targets (B, T)."""
    made = model({**source, "target": inputs_for(targets)}, training=False)
    return log_softmax(numpy(made).astype("float32"))


def searched(model, source, search, max_length, **options):
    """What `decode` finds, without a graph being compiled."""
    from kseq2seq.decoding import search_targets

    return numpy(search_targets(model, source, search, max_length, **options))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def weights(layer):
    """A layer's weights by their short names, in float64."""
    return {w.name: np.asarray(numpy(w.value), "float64") for w in layer.weights}


def gru(cell, x, h):
    """Cho et al. 2014, equations 5 to 8, from a Keras cell's weights."""
    w = weights(cell)
    (wz, wr, wh), (uz, ur, uh), (bz, br, bh) = (
        np.split(w[name], 3, axis=-1) for name in ("kernel", "recurrent_kernel", "bias")
    )
    z, r = sigmoid(x @ wz + h @ uz + bz), sigmoid(x @ wr + h @ ur + br)
    return z * h + (1 - z) * np.tanh(x @ wh + (r * h) @ uh + bh)


def lstm(cell, x, h, c):
    """Hochreiter and Schmidhuber 1997, with a forget gate, from a Keras cell's weights."""
    w = weights(cell)
    i, f, g, o = np.split(x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"], 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


class Prefixes:
    """The log-probabilities after every prefix a source could have, by teacher forcing."""

    end, words = 2, (3, 4, 5, 6)

    def __init__(self, model, ids=IDS, length=MAX_LENGTH):
        longest = list(itertools.product(self.words, repeat=length - 1))
        targets = np.array([[*prefix, self.end] for prefix in longest])
        rows = np.repeat(ids, len(longest), axis=0)
        scores = teacher_forced(model, of(rows), np.tile(targets, (len(ids), 1)))
        scores = scores.reshape(len(ids), len(longest), length, -1)
        self.after = [
            {p[:n]: by[i, n] for i, p in enumerate(longest) for n in range(length)} for by in scores
        ]

    def log_prob(self, row, target):
        return sum(self.after[row][target[:n]][token] for n, token in enumerate(target))

    def targets(self, limit):
        """All complete targets of at most `limit` tokens."""
        for length in range(limit):
            for words in itertools.product(self.words, repeat=length):
                yield (*words, self.end)

    def ranked(self, row, limit, alpha):
        """[(score, target)], best first: the oracle of exact search."""
        scored = [
            (self.log_prob(row, target) / ((5 + len(target)) / 6) ** alpha, target)
            for target in self.targets(limit)
        ]
        return sorted(scored, reverse=True)


@pytest.fixture(scope="session")
def lab():
    """The helpers above."""
    return SimpleNamespace(
        make=make,
        of=of,
        ids=IDS,
        source=of(IDS),
        log_softmax=log_softmax,
        numpy=numpy,
        inputs_for=inputs_for,
        teacher_forced=teacher_forced,
        searched=searched,
        Prefixes=Prefixes,
        sigmoid=sigmoid,
        weights=weights,
        gru=gru,
        lstm=lstm,
        variants=VARIANTS,
        architectures=ARCHITECTURES,
        max_length=MAX_LENGTH,
    )


@pytest.fixture(scope="session")
def model_named():
    """Makes a variant, once a session."""
    made = {}

    def named(name):
        if name not in made:
            made[name] = make(name)
        return made[name]

    return named


@pytest.fixture(scope="session", params=VARIANTS)
def model(request, model_named):
    return model_named(request.param)


@pytest.fixture(scope="session", params=ARCHITECTURES)
def plain_model(request, model_named):
    return model_named(request.param)


@pytest.fixture(scope="session")
def prefixes():
    """Tabulates a model's prefixes, once a session."""
    made = {}

    def of_model(model):
        if id(model) not in made:
            made[id(model)] = (model, Prefixes(model))
        return made[id(model)][1]

    return of_model
