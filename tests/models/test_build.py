from __future__ import annotations

import re
import warnings

import keras
import pytest

from kseq2seq import Seq2Seq, build_model
from kseq2seq.models import Transformer

# (architecture, sizes): (the argument named, what was given, what to pass)
REFUSED = [
    ("lstn", {}, r"architecture.*'lstn'.*transformer.*Did you mean 'lstm'"),
    (
        None,
        {},
        r"architecture None.*rnn, lstm, gru, bahdanau, luong, convolutional, transformer, "
        r"conformer, decoder_only, masked_lm, crnn, image, hybrid",
    ),
    ("lstm", {"source": 4}, r"`source`.*at least 5.*4"),
    ("lstm", {"source": 10**9}, r"`source` must be at most 16,777,216; got 1000000000"),
    ("lstm", {"target": 10**9}, r"`target` must be at most 16,777,216"),
    ("gru", {"hidden_dim": 10**9}, r"`hidden_dim` must be at most 1,048,576"),
    ("gru", {"embedding_dim": 10**9}, r"`embedding_dim` must be at most"),
    ("gru", {"num_layers": 10**7, "hidden_dim": 1}, r"`num_layers` must be at most 1,024; got"),
    ("gru", {"hidden_dim": 2**20}, r"at least [\d,]{16,} parameters needs.*is available.*Lower"),
    ("transformer", {"hidden_dim": 10**9, "num_heads": 7}, r"`hidden_dim` must be at most"),
    ("transformer", {"num_layers": 10**7}, r"`num_layers` must be at most 1,024"),
    ("transformer", {"decoder_layers": 10**7}, r"`decoder_layers` must be at most 1,024"),
    ("transformer", {"inner_dim": 10**9}, r"`inner_dim` must be at most"),
    ("transformer", {"max_positions": 10**9}, r"`max_positions` must be at most"),
    ("transformer", {"window": 10**9}, r"`window` must be at most 4,096"),
    ("transformer", {"hidden_dim": 2**19, "num_layers": 99}, r"parameters needs at least.*GiB"),
    ("decoder_only", {"num_layers": 10**7}, r"`num_layers` must be at most 1,024"),
    ("convolutional", {"kernel_size": 10**9}, r"`kernel_size` must be at most 4,096"),
    ("convolutional", {"num_layers": 10**7}, r"`num_layers` must be at most 1,024"),
    ("convolutional", {"decoder_layers": 10**7}, r"`decoder_layers` must be at most 1,024"),
    ("convolutional", {"hidden_dim": 2**18}, r"parameters needs at least"),
    (
        "hybrid",
        {"encoder": {"architecture": "transformer", "num_layers": 10**7}, "decoder": "gru"},
        r"encoder of the hybrid: `num_layers` must be at most 1,024",
    ),
    (
        "hybrid",
        {"encoder": {"architecture": "gru", "hidden_dim": 2**20}, "decoder": "gru"},
        r"parameters needs at least",
    ),
    ("lstm", {"target": 2.5}, r"`target`.*whole number.*2\.5"),
    ("lstm", {"target": "9"}, r"`target`.*whole number.*'9'"),
    ("lstm", {"hiden_dim": 8}, r"'lstm' has no size `hiden_dim`.*Did you mean `hidden_dim`"),
    ("gru", {"score": "dot"}, r"'gru' has no size `score`; it has stride, hidden_dim"),
    ("gru", {"hidden_dim": 0}, r"`hidden_dim`.*at least 1.*0"),
    ("gru", {"hidden_dim": 8.0}, r"`hidden_dim`.*whole number.*8\.0"),
    ("gru", {"hidden_dim": True}, r"`hidden_dim`.*whole number.*True"),
    ("gru", {"embedding_dim": 0}, r"`embedding_dim`.*at least 1.*0"),
    ("gru", {"num_layers": 0}, r"`num_layers`.*at least 1.*0"),
    ("gru", {"dropout": 1.0}, r"`dropout`.*\[0, 1\).*1\.0"),
    ("gru", {"dropout": -0.1}, r"`dropout`.*\[0, 1\).*-0\.1"),
    ("gru", {"dropout": "a"}, r"`dropout`.*\[0, 1\).*'a'"),
    ("gru", {"residual": 1}, r"`residual`.*True or False.*1"),
    ("gru", {"bidirectional": "yes"}, r"`bidirectional`.*True or False.*'yes'"),
    ("gru", {"reverse_source": None}, r"`reverse_source`.*True or False.*None"),
    ("bahdanau", {"maxout": 2}, r"`maxout`.*True or False.*2"),
    ("luong", {"score": "additive"}, r"`score`.*'general', 'dot', 'concat'.*'additive'"),
    ("luong", {"score": "dot", "bidirectional": True}, r"`score`='dot'.*bidirectional.*Pass"),
    ("luong", {"input_feeding": "no"}, r"`input_feeding`.*True or False.*'no'"),
    ("transformer", {"num_heads": 7}, r"`num_heads`=7.*`hidden_dim`=256.*Pass.*\b8\b"),
    ("transformer", {"num_heads": 0}, r"`num_heads`.*at least 1.*0"),
    ("transformer", {"inner_dim": 0}, r"`inner_dim`.*at least 1.*0"),
    ("transformer", {"decoder_layers": 0}, r"`decoder_layers`.*at least 1.*0"),
    ("transformer", {"max_positions": 0}, r"`max_positions`.*at least 1.*0"),
    (
        "transformer",
        {"activation": "tanh"},
        r"`activation`.*'gelu', 'swish', 'swiglu'.*'tanh'",
    ),
    ("transformer", {"norm": "rms"}, r"`norm`.*'pre', 'post', 'deep'.*'rms'"),
    (
        "transformer",
        {"position_scheme": "kerple"},
        r"`position_scheme`.*'sinusoidal', 'learned', 'rotary', 'shaw', 'alibi', 't5'.*'kerple'",
    ),
    ("transformer", {"attention": "sparse"}, r"`attention`.*'full', 'chunked', 'local'.*'sparse'"),
    ("transformer", {"window": 0}, r"`window`.*at least 1.*0"),
    ("transformer", {"remat": 1}, r"`remat`.*True or False.*1"),
    ("transformer", {"target": None}, r"`target` is missing.*third argument"),
    ("convolutional", {"kernel_size": 1}, r"`kernel_size`.*at least 2.*1"),
    ("convolutional", {"embedding_dim": 0}, r"`embedding_dim`.*at least 1.*0"),
    ("convolutional", {"decoder_layers": 0}, r"`decoder_layers`.*at least 1.*0"),
    (
        "convolutional",
        {"position_scheme": "rotary"},
        r"`position_scheme`.*'learned', 'sinusoidal'.*'rotary'",
    ),
    ("convolutional", {"tie_embeddings": "all"}, r"`tie_embeddings`.*'none', 'target'.*'all'"),
    (
        "convolutional",
        {"position_scheme": "sinusoidal", "embedding_dim": 7},
        r"even `embedding_dim`; got 7.*Pass",
    ),
    ("decoder_only", {}, r"one sequence.*9 and 7 ids.*joint vocabulary"),
    ("decoder_only", {"prefix": "both"}, r"`prefix`.*'bidirectional', 'causal'.*'both'"),
    ("decoder_only", {"attention": "local"}, r"'decoder_only' has no size `attention`"),
    ("masked_lm", {}, r"no `target`.*9 source and 7 target ids"),
    ("hybrid", {"encoder": "lstm"}, r"'hybrid' needs more sizes.*decoder"),
    ("hybrid", {"encoder": "lstm", "decoder": "convolutional"}, r"'convolutional'.*rnn, lstm"),
    ("hybrid", {"encoder": "lstm", "decoder": 3}, r"`decoder` must be one of.*got 3"),
    (
        "hybrid",
        {"encoder": {"architecture": "transformer", "tie_embeddings": "all"}, "decoder": "lstm"},
        r"`tie_embeddings`='all'.*encoder pass 'target' or 'none'",
    ),
    (
        "hybrid",
        {"encoder": {"architecture": "lstm", "hiden_dim": 3}, "decoder": "lstm"},
        r"'lstm' has no size `hiden_dim`.*Did you mean `hidden_dim`",
    ),
    ("transformer", {"tie_embeddings": True}, r"`tie_embeddings`.*'none', 'target', 'all'.*True"),
    ("transformer", {"tie_embeddings": "all"}, r"`tie_embeddings`='all'.*9 and 7.*Pass|pass"),
    (
        "transformer",
        {"position_scheme": "rotary", "hidden_dim": 9, "num_heads": 3},
        r"`hidden_dim` / `num_heads`.*even.*9 / 3.*Pass",
    ),
    (
        "transformer",
        {"hidden_dim": 9, "num_heads": 3},
        r"`hidden_dim`.*9.*[Pp]ass.*even|`hidden_dim`.*even.*9",
    ),
    ("gru", {"dtype": "float33"}, r"`dtype`.*mixed_bfloat16.*'float33'"),
]


@pytest.mark.parametrize(
    ("architecture", "sizes", "message"), REFUSED, ids=[f"{a}-{s}" for a, s, _ in REFUSED]
)
def test_refuses(architecture, sizes, message):
    policy = keras.config.dtype_policy()
    with pytest.raises(ValueError) as refusal:
        build_model(architecture, **{"source": 9, "target": 7, **sizes})
    assert re.search(message, str(refusal.value)), str(refusal.value)
    assert "sines and cosines`" not in str(refusal.value)
    assert keras.config.dtype_policy() == policy


HINTS = [
    ("attention", {}, r"Pass 'bahdanau' or 'luong'\."),
    ("bert", {}, r"Pass 'masked_lm', or 'hybrid' with a KerasHub backbone"),
    ("GPT-2", {}, r"Pass 'decoder_only'\."),
    ("T5", {}, r"Pass 'transformer'\."),
    ("vaswani", {}, r"Pass 'transformer'\."),
    ("seq2seq", {}, r"Pass 'lstm', 'gru'"),
    ("ConvS2S", {}, r"Pass 'convolutional'\."),
    ("BiLSTM", {}, r"Pass 'lstm' with bidirectional=True\."),
    ("Transformer", {}, r"Did you mean 'transformer'\?"),
    ("decoder-only", {}, r"Did you mean 'decoder_only'\?"),
    ("GRU", {}, r"Did you mean 'gru'\?"),
    ("transformer", {"d_model": 8}, r"Pass `hidden_dim`\."),
    ("lstm", {"units": 8}, r"Pass `hidden_dim` \(and `embedding_dim`\)\."),
    ("gru", {"embed_dim": 8}, r"Pass `hidden_dim` \(and `embedding_dim`\)\."),
    ("transformer", {"nhead": 8}, r"Pass `num_heads`\."),
    ("masked_lm", {"num_attention_heads": 8}, r"Pass `num_heads`\."),
    ("lstm", {"n_heads": 8}, r"'lstm' has no size `n_heads`; it has [\w, ]+\.$"),
    ("transformer", {"num_encoder_layers": 2}, r"Pass `num_layers` \(and `decoder_layers`\)\."),
    ("gru", {"n_layers": 2}, r"Pass `num_layers`\."),
    ("transformer", {"dim_feedforward": 2}, r"Pass `inner_dim`\."),
    ("transformer", {"intermediate_dim": 2}, r"Pass `inner_dim`\."),
    ("gru", {"vocab_size": 9}, r"Pass `source` \(and `target`\)\."),
    ("masked_lm", {"vocab_size": 9}, r"Pass `source`\."),
    ("gru", {"input_vocab_size": 9}, r"Pass `source`\."),
    ("gru", {"tgt_vocab_size": 9}, r"Pass `target`\."),
    ("transformer", {"Hidden-Dim": 9}, r"Did you mean `hidden_dim`\?"),
]


@pytest.mark.parametrize(
    ("architecture", "sizes", "hint"), HINTS, ids=[f"{a}-{s}" for a, s, _ in HINTS]
)
def test_names_of_others_are_hints(architecture, sizes, hint):
    with pytest.raises(ValueError) as refusal:
        build_model(architecture, 9, 7, **sizes)
    assert re.search(hint, str(refusal.value)), str(refusal.value)


def test_halves_are_hinted_among_halves():
    with pytest.raises(ValueError, match=r"decoder of the hybrid: Unknown.*'gpt'") as refusal:
        build_model("hybrid", 9, 7, encoder="gru", decoder="gpt")
    assert "decoder_only" not in str(refusal.value)


def test_an_old_name_of_a_size_works_with_a_warning():
    sizes = {"hidden_dim": 8, "num_heads": 2, "num_layers": 1}
    old, new = {"positions": "rotary"}, {"position_scheme": "rotary"}
    expected = build_model("transformer", 9, 7, **sizes, **new).get_config()
    with pytest.warns(FutureWarning, match=r"`positions` of Transformer\(\).*`position_scheme`"):
        assert build_model("transformer", 9, 7, **sizes, **old).get_config() == expected
    with pytest.warns(FutureWarning, match="`positions` of Transformer"):
        assert Transformer(**old) == Transformer(**new)
    half = {"architecture": "transformer", **sizes, **old}
    with pytest.warns(FutureWarning, match="`positions` of Transformer"):
        config = build_model("hybrid", 9, 7, encoder=half, decoder="gru").get_config()
    assert config["encoder"]["position_scheme"] == "rotary"
    with pytest.raises(ValueError, match="'gru' has no size `positions`"):
        build_model("gru", 9, 7, **old)


def as_format_1(config):
    """A configuration as it was before it had a number."""
    config = {"positions" if k == "position_scheme" else k: v for k, v in config.items()}
    config.pop("format", None)
    return {k: as_format_1(v) if k in ("encoder", "decoder") else v for k, v in config.items()}


@pytest.mark.parametrize("name", ["transformer-rotary", "convolutional", "hybrid-lstm-transformer"])
def test_configurations_are_upgraded_in_silence(name, model_named):
    config = model_named(name).get_config()
    assert config["format"] == 2
    old = as_format_1(config)
    assert "positions" in str(old) and "position_scheme" not in str(old)
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        assert Seq2Seq.from_config(old).get_config() == config
        assert build_model(**config).get_config() == config
    with pytest.raises(ValueError, match=r"configuration of a model has format 3; this kseq2seq"):
        Seq2Seq.from_config({**config, "format": 3, "what_comes": 1})


def test_takes_what_has_a_vocabulary_size():
    class Tokenizer:
        vocabulary_size = 11

    model = build_model("gru", Tokenizer(), 7, hidden_dim=8)
    assert model.get_config()["source"] == 11
    assert model.encoder.get_layer("embedding").input_dim == 11


@pytest.mark.parametrize("dtype", [None, "float32", "mixed_bfloat16"])
def test_dtype_is_the_models_own(dtype):
    before = keras.config.dtype_policy()
    model = build_model("gru", 9, 7, hidden_dim=8, dtype=dtype)
    assert keras.config.dtype_policy() == before
    assert model.get_config()["dtype"] == (dtype or before.name)
    compute = "bfloat16" if dtype == "mixed_bfloat16" else "float32"
    assert {layer.compute_dtype for layer in model.decoder._flatten_layers()} == {compute}


def test_global_dtype_is_taken_and_recorded():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_model("lstm", 9, 7, hidden_dim=8)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.get_config()["dtype"] == "mixed_bfloat16"
    assert Seq2Seq.from_config(model.get_config()).decoder.compute_dtype == "bfloat16"
