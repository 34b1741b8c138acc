"""How many weights each architecture has, against counts by hand."""

from __future__ import annotations

import pytest

from kseq2seq import build_model

S, T = 1000, 1200  # source and target ids
E, H, L = 48, 64, 3  # width of the vectors, of the layers, and their number


def dense(n, m):
    return n * m + m


def rnn(n, h):
    return h * (n + h + 1)


def lstm(n, h):
    return 4 * rnn(n, h)


def gru(n, h):
    return 3 * rnn(n, h)


def stack(cell, n, h, layers):
    return cell(n, h) + (layers - 1) * cell(h, h)


def norm(d):
    return 2 * d


def attention(d):
    return 4 * d * d  # query, key, value and output, without biases


def feed_forward(d, inner):
    return dense(d, inner) + dense(inner, d)


def encoder_block(d, inner):
    return attention(d) + feed_forward(d, inner) + 2 * norm(d)


def decoder_block(d, inner):
    return 2 * attention(d) + feed_forward(d, inner) + 3 * norm(d)


SIZES = {"hidden_dim": H, "embedding_dim": E, "num_layers": L}
TRANSFORMER = {"hidden_dim": H, "num_layers": L, "num_heads": 4}
BOTH_WAYS = lstm(E, H) + (L - 1) * lstm(2 * H, H)  # one direction reading both directions below

# name: (architecture, sizes, source ids, count by hand)
COUNTS = {
    "rnn": ("rnn", SIZES, S, S * E + T * E + 2 * stack(rnn, E, H, L) + dense(H, T)),
    "lstm": ("lstm", SIZES, S, S * E + T * E + 2 * stack(lstm, E, H, L) + dense(H, T)),
    "lstm, both ways": (
        "lstm",
        {**SIZES, "bidirectional": True},
        S,
        S * E
        + T * E
        + 2 * BOTH_WAYS
        + L * 2 * dense(2 * H, H)
        + stack(lstm, E, H, L)
        + dense(H, T),
    ),
    "gru": (
        "gru",
        SIZES,
        S,
        S * E
        + T * E
        + stack(gru, E, H, L)
        + dense(H, H)  # the summary
        + L * dense(H, H)  # where each layer starts
        + stack(gru, E + H, H, L)
        + dense(H + E + H, 2 * E)  # maxout
        + dense(E, T),
    ),
    "bahdanau": (
        "bahdanau",
        {**SIZES, "num_layers": 1},
        S,
        S * E
        + T * E
        + 2 * gru(E, H)
        + dense(H, H)  # the start
        + dense(H, H)
        + 2 * H * H
        + H  # W, U and v of the scores
        + gru(E + 2 * H, H)
        + dense(H + E + 2 * H, 2 * E)
        + dense(E, T),
    ),
    "luong": (
        "luong",
        SIZES,
        S,
        S * E
        + T * E
        + stack(lstm, E, H, L)
        + H * H  # general scores
        + stack(lstm, E + H, H, L)
        + 2 * H * H  # the attentional vector
        + H * T,
    ),
    "convolutional": (
        "convolutional",
        {**SIZES, "max_positions": 100},
        S,
        (S + 100) * E
        + (T + 100) * E
        + 2 * (dense(E, H) + dense(H, E))
        + 2 * L * dense(3 * H, 2 * H)
        + L * (dense(H, E) + dense(E, H)),
    ),
    "transformer": (
        "transformer",
        TRANSFORMER,
        S,
        S * H + T * H + L * (encoder_block(H, 4 * H) + decoder_block(H, 4 * H)) + 2 * norm(H),
    ),
    "transformer, swiglu, shaw": (
        "transformer",
        {**TRANSFORMER, "activation": "swiglu", "position_scheme": "shaw", "norm": "post"},
        S,
        S * H
        + T * H
        + L * (3 * attention(H) + 2 * 3 * H * 4 * H + 5 * norm(H))
        + 2 * L * 2 * 33 * (H // 4),  # keys and values for distances of -16 to 16
    ),
    "transformer, t5 buckets": (
        "transformer",
        {**TRANSFORMER, "position_scheme": "t5"},
        S,
        S * H
        + T * H
        + L * (encoder_block(H, 4 * H) + decoder_block(H, 4 * H))
        + 2 * norm(H)
        + 2 * 32 * 4,  # one table a stack: 32 buckets, 4 heads
    ),
    "decoder_only": (
        "decoder_only",
        TRANSFORMER,
        T,
        T * H + L * encoder_block(H, 4 * H) + norm(H),
    ),
    "masked_lm": (
        "masked_lm",
        TRANSFORMER,
        S,
        S * H + L * encoder_block(H, 4 * H) + norm(H) + dense(H, H) + norm(H) + S,
    ),
    "hybrid": (
        "hybrid",
        {
            "encoder": {"architecture": "transformer", **TRANSFORMER},
            "decoder": {"architecture": "luong", **SIZES},
        },
        S,
        S * H
        + L * encoder_block(H, 4 * H)
        + norm(H)
        + T * E
        + stack(lstm, E + H, H, L)
        + H * H
        + 2 * H * H
        + H * T,
    ),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    architecture, sizes, source, count = COUNTS[name]
    target = None if architecture == "masked_lm" else T
    assert build_model(architecture, source, target, **sizes).count_params() == count


def test_transformer_base_has_the_published_size():
    """Vaswani et al. 2017, table 3: 65 million, with 37,000 ids (section 5.1)."""
    model = build_model(
        "transformer",
        37_000,
        37_000,
        hidden_dim=512,
        num_layers=6,
        num_heads=8,
        inner_dim=2048,
        norm="post",
        tie_embeddings="all",
    )
    by_hand = 37_000 * 512 + 6 * (encoder_block(512, 2048) + decoder_block(512, 2048))
    assert model.count_params() == by_hand == 63_045_632
    assert abs(by_hand / 65e6 - 1) < 0.035  # the paper rounds, and does not say what it counts
