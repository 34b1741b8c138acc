from __future__ import annotations

import keras
import pytest
import tensorflow as tf

from drawing.outline import outline
from kseq2seq import build_model


def blocks(made):
    groups = [group for column in made.columns for group in (*column.groups, *column.aside)]
    return {block.name: block for group in groups for block in group.blocks}


def labels(groups):
    return [(group.times, [block.label for block in group.blocks]) for group in groups]


def links(made, kind):
    """Links of a kind by labels; the column's first letter tells equal labels apart."""
    known = {name: f"{name[0]}:{block.label}" for name, block in blocks(made).items()}
    return {
        (known.get(link.source, link.source), known[link.target])
        for link in made.links
        if link.kind == kind
    }


def small(architecture, **sizes):
    return build_model(architecture, source=20, target=20, hidden_dim=8, **sizes)


def test_weights_are_counted_once_and_links_end_at_blocks(model):
    made = outline(model)
    names = blocks(made)
    assert made.params == model.count_params()
    assert sum(column.params for column in made.columns) == made.params
    assert sum(block.params for block in names.values()) == made.params
    last = names[made.output]
    copies = getattr(getattr(model, "decoder", None), "copies", False)
    answer = ("sum", "+") if copies else ("output", "Linear")
    assert (last.kind, last.label, last.width) == (*answer, model.output.shape[-1])
    assert len(set(made.links)) == len(made.links)
    for link in made.links:
        assert link.target in names
        assert link.source in names or link.source in ("source", "target")
    assert made.output not in {link.source for link in made.links}


def test_lstm():
    made = outline(small("lstm", num_layers=3))
    encoder, decoder = made.columns
    assert (made.title, encoder.title, decoder.title) == ("LSTM", "Encoder", "Decoder")
    assert (encoder.source, decoder.source) == ("source", "target")
    assert labels(encoder.groups) == [(1, ["Embedding"]), (3, ["LSTM"])]
    assert labels(decoder.groups) == [(1, ["Embedding"]), (3, ["LSTM"]), (1, ["Linear"])]
    assert decoder.aside == ()
    assert links(made, "start") == {("E:LSTM", "D:LSTM")}
    assert links(made, "feedback") == {("E:LSTM", "E:LSTM"), ("D:LSTM", "D:LSTM")}
    assert links(made, "data") == {
        ("source", "E:Embedding"),
        ("E:Embedding", "E:LSTM"),
        ("target", "D:Embedding"),
        ("D:Embedding", "D:LSTM"),
        ("D:LSTM", "D:Linear"),
    }


def test_residuals_are_sums_with_a_bypass():
    made = outline(small("lstm", num_layers=4, residual=True))
    groups = labels(made.columns[1].groups)
    assert groups == [(1, ["Embedding", "LSTM"]), (3, ["LSTM", "+"]), (1, ["Linear"])]
    first, second, plus = (block.name for block in made.columns[1].blocks[1:4])
    into = {link.source for link in made.links if link.target == plus}
    assert into == {first, second}


def test_a_wider_encoder_gets_a_bridge():
    made = outline(small("lstm", num_layers=2, bidirectional=True))
    assert labels(made.columns[1].aside) == [(1, ["Bridge"])]
    (bridge,) = made.columns[1].aside[0].blocks
    assert bridge.detail == "tanh · 16 → 8"
    assert bridge.params == 4 * (16 * 8 + 8)
    assert links(made, "start") == {("D:Bridge", "D:LSTM")}


def test_cho_sees_its_summary_everywhere():
    made = outline(small("gru"))
    assert labels(made.columns[1].aside) == [(1, ["Summary"]), (1, ["Start"])]
    assert {target for source, target in links(made, "data") if source == "D:Summary"} == {
        "D:Start",
        "D:GRU",
        "D:Readout",
    }
    readout = next(block for block in made.columns[1].blocks if block.label == "Readout")
    assert (readout.detail, readout.width) == ("24 → 16 · maxout", 8)


def test_bahdanau_looks_before_the_state_changes():
    made = outline(small("bahdanau"))
    assert labels(made.columns[1].groups)[0][1][1:3] == ["Additive attention", "GRU"]
    assert ("D:GRU", "D:Additive attention") in links(made, "feedback")
    assert ("D:Start", "D:Additive attention") in links(made, "start")
    assert ("D:Embedding", "D:Additive attention") not in links(made, "data")
    assert {source for source, target in links(made, "data") if target == "D:Readout"} == {
        "D:Embedding",
        "D:Additive attention",
        "D:GRU",
    }


@pytest.mark.parametrize("fed", [True, False])
def test_luong_looks_after_the_state_changed(fed):
    made = outline(small("luong", input_feeding=fed))
    order = [block.label for block in made.columns[1].blocks]
    assert order == ["Embedding", "LSTM", "General attention", "Combine", "Linear"]
    assert (("D:Combine", "D:LSTM") in links(made, "feedback")) == fed
    # the alignment is carried beside the attentional vector, and is not read from it
    assert {source for source, target in links(made, "data") if target == "D:Linear"} == {
        "D:Combine"
    }
    assert {source for source, target in links(made, "data") if target == "D:Combine"} == {
        "D:LSTM",
        "D:General attention",
    }


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_transformer_blocks_are_drawn_once(norm):
    sizes = {"num_heads": 2, "num_layers": 3, "decoder_layers": 2, "norm": norm}
    encoder, decoder = outline(small("transformer", **sizes)).columns
    apart = {"pre": ["Layer norm"], "post": []}[norm]

    def sublayers(*names):
        join = {"pre": lambda x: ["Layer norm", x, "+"], "post": lambda x: [x, "+", "Layer norm"]}
        return [label for name in names for label in join[norm](name)]

    start = (1, ["Embedding", "Sinusoidal\npositions"])
    assert labels(encoder.groups) == [
        start,
        (3, sublayers("Self-attention", "Feed-forward")),
        *([(1, apart)] if apart else []),
    ]
    assert labels(decoder.groups) == [
        start,
        (2, sublayers("Causal self-attention", "Cross-attention", "Feed-forward")),
        (1, [*apart, "Linear"]),
    ]


@pytest.mark.parametrize(
    ("architecture", "sizes", "same"),
    [
        ("luong", {"dtype": "mixed_bfloat16"}, {}),
        (
            "transformer",
            {"num_heads": 2, "num_layers": 1, "dtype": "mixed_bfloat16", "remat": True},
            {"num_heads": 2, "num_layers": 1},
        ),
    ],
)
def test_precision_and_remat_change_nothing(architecture, sizes, same):
    assert outline(small(architecture, **sizes)) == outline(small(architecture, **same))


def test_shared_weights_are_counted_where_they_come_first():
    made = outline(small("transformer", num_heads=2, num_layers=1, tie_embeddings="all"))
    source = made.columns[0].blocks[0]
    target, logits = made.columns[1].blocks[0], made.columns[1].blocks[-1]
    assert (source.params, target.params, logits.params) == (160, 0, 0)
    assert source.size == target.size == logits.size == 160
    untied = outline(small("transformer", num_heads=2, num_layers=1, tie_embeddings="none"))
    assert untied.columns[1].blocks[-1].params == 160


def test_decoder_only_shares_all_blocks():
    made = outline(small("decoder_only", num_heads=2, num_layers=2))
    encoder, decoder = made.columns
    assert decoder.params == 0
    assert encoder.params == made.params
    assert links(made, "data") >= {("E:Self-attention", "D:Causal self-attention")}
    causal = outline(small("decoder_only", num_heads=2, num_layers=1, prefix="causal"))
    assert "Causal self-attention" in [block.label for block in causal.columns[0].blocks]


def test_convolutions_attend_in_every_block():
    made = outline(small("convolutional", num_layers=3))
    layers = ["Gated convolution", "Query", "+", "Dot attention", "Condition", "+", "+"]
    assert (3, layers) in labels(made.columns[1].groups)
    # its keys are the encoder's last layer, its values these with the embeddings
    into = {source for source, target in links(made, "data") if target == "D:Dot attention"}
    assert into == {"E:Leave", "E:+", "D:+"}


def test_an_encoder_alone_is_one_column():
    model = build_model("masked_lm", source=20, hidden_dim=8, num_heads=2)
    (column,) = outline(model).columns
    assert column.blocks[-1].label == "Linear"
    assert column.blocks[-1].params == 20  # the bias; its matrix is the embedding's
    assert column.params == model.count_params()


def test_a_hybrid_starts_from_a_mean():
    sizes = {"encoder": "transformer", "decoder": {"architecture": "luong", "hidden_dim": 8}}
    made = outline(build_model("hybrid", source=20, target=20, **sizes))
    assert labels(made.columns[1].aside) == [(1, ["Mean"]), (1, ["Bridge"])]


class Mystery(keras.layers.Layer):
    """A layer of weights that no table knows."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.scale = self.add_weight((3,), "ones", name="scale")

    def call(self, x):
        return x * self.scale


class Opened(keras.layers.Layer):
    """Holds known layers, and a weight of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3, name="inner")
        self.dense.build((None, None, 3))
        self.shift = self.add_weight((3,), "zeros", name="shift")

    def call(self, x):
        return self.dense(x) + self.shift


class Closed(Opened):
    """Does what can't be done to symbolic tensors."""

    def call(self, x):
        return tf.tanh(self.dense(x))


def test_unknown_layers_are_boxes_with_their_names():
    source = keras.Input((None,), dtype="int32", name="source")
    x = Mystery()(keras.layers.Embedding(5, 3)(source))
    x = keras.layers.Dropout(0.1)(Opened()(x))
    model = keras.Model({"source": source}, Closed()(keras.layers.Add()([x, Mystery()(x)])))
    made = outline(model)
    found = [(block.label, block.params) for block in blocks(made).values()]
    assert found == [
        ("Embedding", 15),
        ("Mystery", 3),
        ("Inner", 12 + 3),
        ("Mystery", 3),
        ("+", 0),
        ("Closed", 15),
    ]
    assert made.params == model.count_params() == 51


def test_the_model_is_left_as_it_was():
    model = small("luong", num_layers=2)
    layers = list(model._flatten_layers())
    before = [(len(x._inbound_nodes), len(x._outbound_nodes)) for x in layers]
    call, remat = keras.layers.Layer.__call__, keras.remat
    outline(model)
    assert [(len(x._inbound_nodes), len(x._outbound_nodes)) for x in layers] == before
    assert (keras.layers.Layer.__call__, keras.remat) == (call, remat)
    assert outline(model) == outline(model)


def test_a_failing_decoder_says_so_and_keras_is_as_it_was(monkeypatch):
    model = small("gru")
    call = keras.layers.Layer.__call__
    monkeypatch.setattr(type(model.decoder), "call", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        outline(model)
    assert keras.layers.Layer.__call__ is call


@pytest.mark.parametrize("given", ["lstm", None, keras.layers.Dense(3)])
def test_what_is_no_model_is_refused(given):
    with pytest.raises(TypeError, match=r"`model` must be a model that `build_model` returned"):
        outline(given)
