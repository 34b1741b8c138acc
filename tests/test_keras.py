"""Keras' own tests of a layer, run over every public layer of the package."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
from keras.src.testing import TestCase

from kseq2seq import decoders, layers

ROWS, LENGTH, SOURCE, DIM, HEADS = 2, 3, 4, 8, 2
SIZES = layers.BlockSizes(DIM, HEADS, inner_dim=6, activation="swiglu", dropout=0.1)
DEEP = layers.BlockSizes(DIM, HEADS, inner_dim=6, norm=layers.Norm("deep", 1.5, 0.5))
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], bool)
TOKENS = np.array([[5, 3, 4], [6, 2, 0]], "int32")


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, "float32")


def embedding(**options: Any) -> dict[str, Any]:
    table = layers.token_table(9, DIM)
    given = {"positions": "learned", "max_positions": 5, "dropout": 0.1, **options}
    return {"table": table, "dim": DIM, **given}


X = ones(ROWS, LENGTH, DIM)
CONTEXT = {"key": ones(ROWS, HEADS, 4, SOURCE), "value": ones(ROWS, HEADS, SOURCE, 4)}
STATES = [[ones(ROWS, 5)], [ones(ROWS, 5)]]
ATTENDED = {"key": ones(ROWS, SOURCE, DIM), "value": ones(ROWS, SOURCE, DIM), "mask": MASK}
SPELLED = np.array([[[5, 1, 2], [3, 4, 0]], [[6, 7, 8], [0, 0, 0]]], "int32")
COPIED = np.array([[5, 3, 5, 4], [6, 0, 0, 0]], "int32")
GRID = ones(ROWS, 2, LENGTH, DIM)
SEEN = {"x": ones(ROWS, SOURCE, DIM), "padding_mask": MASK}
QUERIES = ones(ROWS, HEADS, LENGTH, 4)

# Each layer: constructor's arguments, inputs, and whether Keras' harness can train it, which it
# does with a single input and a single output.
CASES: list[tuple[type, dict[str, Any], Any, bool]] = [
    (layers.Dense, {"units": 4}, X, True),
    (layers.Conv1D, {"filters": 4, "kernel_size": 2}, X, True),
    (layers.Conv2D, {"filters": 4, "kernel_size": 2}, GRID, True),
    (layers.Embedding, {"input_dim": 9, "output_dim": 4}, TOKENS, True),
    (layers.ReversibleEmbedding, {"input_dim": 9, "output_dim": 4}, TOKENS, True),
    (
        layers.ReversibleEmbedding,
        {"input_dim": 9, "output_dim": 4, "tie_weights": False},
        TOKENS,
        True,
    ),
    (layers.TokenEmbedding, embedding(), TOKENS, True),
    (layers.TokenEmbedding, embedding(positions="sinusoidal"), TOKENS, True),
    (layers.SpelledEmbedding, {"words": 9, "characters": 9, "dim": DIM}, SPELLED, True),
    (
        layers.Pointer,
        {"width": DIM},
        {
            "logits": ones(ROWS, LENGTH, 9),
            "features": X,
            "alignment": ones(ROWS, LENGTH, SOURCE) / SOURCE,
            "copy_ids": COPIED,
        },
        False,
    ),
    (layers.FeedForward, {"dim": DIM, "inner_dim": 6}, X, True),
    (layers.FeedForward, {"dim": DIM, "inner_dim": 6, "activation": "swiglu"}, X, True),
    (layers.GatedConvolution, {"dim": DIM, "width": 2}, X, True),
    (layers.DistanceBuckets, {"num_heads": HEADS, "bidirectional": True}, QUERIES, True),
    (layers.RelativeVectors, {"head_dim": 4, "max_distance": 2}, QUERIES, True),
    (layers.SelfAttention, {"hidden_dim": DIM, "num_heads": HEADS}, X, True),
    (
        layers.SelfAttention,
        {
            "hidden_dim": DIM,
            "num_heads": HEADS,
            "positions": layers.RelativeVectors(4, 2),
            "attend": layers.attend,
        },
        X,
        True,
    ),
    (
        layers.CrossAttention,
        {"hidden_dim": DIM, "num_heads": HEADS},
        {"x": X, "context": CONTEXT, "padding_mask": MASK},
        False,
    ),
    (
        layers.Attention,
        {"score": "additive", "query_dim": DIM, "source_dim": DIM, "units": DIM},
        {"query": X, "context": ATTENDED},
        False,
    ),
    (
        layers.Attention,
        {"score": "dot", "query_dim": DIM, "source_dim": DIM, "units": 0},
        {"query": X, "context": ATTENDED},
        False,
    ),
    (
        layers.RecurrentStack,
        {"kind": "gru", "input_dim": DIM, "units": 5, "num_layers": 2, "dropout": 0.1},
        {"x": X, "state": STATES},
        False,
    ),
    (
        layers.EncoderBlock,
        {"sizes": SIZES, "positions": layers.Rotary(), "attend": layers.attend_in_chunks},
        SEEN,
        False,
    ),
    (
        layers.EncoderBlock,
        {"sizes": DEEP, "attend": layers.AttendInWindow(2), "remat": True},
        SEEN,
        False,
    ),
    (
        layers.DecoderBlock,
        {"sizes": SIZES, "source_dim": DIM, "positions": layers.Alibi(HEADS)},
        {"x": X, "context": CONTEXT, "padding_mask": MASK},
        False,
    ),
    (
        layers.PrefixBlock,
        {"sizes": SIZES, "positions": layers.DistanceBuckets(HEADS, False), "causal": True},
        SEEN,
        False,
    ),
    (layers.ConvolutionModule, {"dim": DIM, "width": 3}, SEEN, False),
    (
        layers.ConformerBlock,
        {"sizes": SIZES, "position_scheme": layers.Rotary(), "kernel_size": 3, "remat": True},
        SEEN,
        False,
    ),
    (
        layers.Subsampling,
        {"num_features": DIM, "stride": 4, "channels": 3},
        {"features": SEEN["x"], "padding_mask": MASK},
        False,
    ),
    (layers.GridPositions, {"rows": 2, "columns": LENGTH, "dim": DIM}, GRID, True),
    (layers.Cells, {}, GRID, False),
]

RECURRENT = {
    "vocabulary_size": 7,
    "embedding_dim": 4,
    "hidden_dim": 5,
    "source_dim": 6,
    "num_layers": 2,
    "dropout": 0.1,
    "residual": True,
}
DECODERS: dict[type, dict[str, Any]] = {
    decoders.SutskeverDecoder: {**RECURRENT, "cell": "rnn"},
    decoders.ChoDecoder: RECURRENT,
    decoders.BahdanauDecoder: {**RECURRENT, "maxout": True, "start_dim": 6},
    decoders.LuongDecoder: {**RECURRENT, "score": "general", "input_feeding": True},
    decoders.ConvolutionalDecoder: {
        "vocabulary_size": 7,
        "embedding_dim": 4,
        "hidden_dim": 5,
        "num_layers": 2,
        "kernel_size": 3,
        "positions": "learned",
        "max_positions": 8,
        "tied": False,
        "dropout": 0.1,
    },
    decoders.TransformerDecoder: {
        "table": layers.output_table(7, DIM, tied=True),
        "sizes": SIZES,
        "num_layers": 2,
        "positions": "shaw",
        "max_positions": 8,
        "source_dim": 6,
    },
    decoders.PrefixDecoder: {
        "embedding": layers.TokenEmbedding(
            **{**embedding(), "table": layers.output_table(7, DIM, True)}
        ),
        "blocks": [layers.PrefixBlock(SIZES) for _ in range(2)],
        "norm": layers.normalization(DIM, name="norm"),
    },
}


class Harness(TestCase):
    """Keras' harness, without its way of being run."""

    def runTest(self) -> None:
        """Is not run."""


def public(module: Any, base: type) -> set[type]:
    found = {getattr(module, name) for name in module.__all__}
    return {kind for kind in found if inspect.isclass(kind) and issubclass(kind, base)}


def test_every_public_layer_is_tested():
    abstract = {layers.Prebuilt, decoders.Decoder}
    tested = {kind for kind, *_ in CASES} | set(DECODERS)
    both = public(layers, keras.layers.Layer) | public(decoders, keras.layers.Layer)
    assert both - abstract == tested


@pytest.mark.parametrize(
    ("kind", "arguments", "inputs", "trains"),
    CASES,
    ids=[f"{kind.__name__}-{index}" for index, (kind, *_) in enumerate(CASES)],
)
def test_a_layer_is_one_of_keras(kind, arguments, inputs, trains):
    Harness().run_layer_test(
        kind, arguments, input_data=inputs, run_training_check=trains, supports_masking=None
    )


@pytest.mark.parametrize("kind", DECODERS, ids=lambda kind: kind.__name__)
def test_a_decoder_is_saved_as_keras_saves_layers(kind):
    again = Harness().run_class_serialization_test(kind(**DECODERS[kind]))
    assert [w.path for w in again.weights] == [w.path for w in kind(**DECODERS[kind]).weights]


@pytest.mark.parametrize("kind", dict.fromkeys([case[0] for case in CASES[6:]] + list(DECODERS)))
def test_a_dtype_reaches_every_part(kind):
    firsts = {k: a for k, a, *_ in reversed(CASES)}
    arguments = {**firsts, **DECODERS}[kind]
    layer = kind(**arguments, dtype="mixed_bfloat16")
    given = [value for value in arguments.values() if isinstance(value, keras.layers.Layer)]
    given += arguments.get("blocks", [])
    outside = {id(part) for whole in given for part in whole._flatten_layers()}
    parts = [part for part in layer._flatten_layers() if id(part) not in outside]
    assert {part.dtype_policy.name for part in parts} == {"mixed_bfloat16"}
