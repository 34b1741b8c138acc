"""Models whose source is not ids: a projection stands where the embedding would."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.encoders import Facts, SourceSpec
from kseq2seq.models import Luong

FRAMES = {"source": ((None, 5), "float32"), "source_mask": ((None,), "int32")}
TRANSFORMER = {"hidden_dim": 8, "num_heads": 2, "num_layers": 1}
CASES = {
    "lstm": {"hidden_dim": 8, "reverse_source": True, "bidirectional": True},
    "luong": {"hidden_dim": 8, "embedding_dim": 6},
    "convolutional": {"hidden_dim": 8, "num_layers": 1, "max_positions": 20},
    "transformer": {**TRANSFORMER, "positions": "learned", "max_positions": 20},
    "hybrid": {
        "encoder": {"architecture": "transformer", **TRANSFORMER},
        "decoder": Luong(hidden_dim=8),
    },
}


def batch(rows=3, length=7, **shapes):
    rng = np.random.default_rng(1)
    mask = np.arange(length) < np.array([length, 4, 2])[:rows, None]
    return {"source": rng.normal(size=(rows, length, 5)).astype("float32"), "source_mask": mask}


def build(name):
    source, target = (FRAMES, 9)
    if name == "hybrid":
        source, target = SimpleNamespace(spec=FRAMES), SimpleNamespace(size=9)
    return ks.build_model(name, source, target, **CASES[name])


def test_trains():
    model = build("transformer")
    model.compile("adam", ks.TokenCrossEntropy())
    before = model.encoder.get_weights()
    target = np.array([[1, 4, 5], [1, 6, 0], [1, 7, 8]])
    labels = np.array([[4, 5, 2], [6, 2, 0], [7, 8, 2]])
    model.fit({**batch(), "target": target}, labels, verbose=0)
    assert any((b != a).any() for b, a in zip(before, model.encoder.get_weights(), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_decodes_saves_and_clones(name, lab, tmp_path):
    model = build(name)
    assert model.vocabulary_sizes == {"source": None, "target": 9}
    assert model.source_spec == SourceSpec.of(FRAMES)
    assert model.facts.crops and model.facts.stride == 1
    source, target = batch(), np.array([[1, 4, 5], [1, 6, 0], [1, 7, 8]])
    made = np.array(model({**source, "target": target}))
    # what lies under the mask is not seen, however much of it there is
    mask = source["source_mask"]
    longer = {
        "source": np.pad(
            np.where(mask[..., None], source["source"], 9.0),
            [(0, 0), (0, 3), (0, 0)],
            constant_values=7.0,
        ),
        "source_mask": np.pad(mask, [(0, 0), (0, 3)]),
    }
    np.testing.assert_allclose(model({**longer, "target": target}), made, atol=1e-5)
    found = lab.searched(model, source, ks.Greedy(), 3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for copy in (again, clone):
        assert copy.facts == model.facts and copy.source_spec == model.source_spec
        np.testing.assert_allclose(copy({**source, "target": target}), made, atol=1e-6)
    np.testing.assert_array_equal(lab.searched(again, source, ks.Greedy(), 3).ids, found.ids)


def test_several_axes_and_whole_numbers_are_features():
    spec = {"source": ((None, 4, 2), "uint8"), "source_mask": ((None,), "int32")}
    model = ks.build_model("gru", spec, 9, hidden_dim=4)
    source = np.arange(48).reshape(2, 3, 4, 2)
    mask = np.ones((2, 3), bool)
    assert model({"source": source, "source_mask": mask, "target": np.array([[1], [1]])}).shape == (
        2,
        1,
        9,
    )
    flat = ks.build_model("gru", {**spec, "source": ((None,), "float32")}, 9, hidden_dim=4)
    samples = {"source": np.ones((2, 3)), "source_mask": mask, "target": np.array([[1], [1]])}
    assert flat(samples).shape == (2, 1, 9)


def test_projections_start_as_embeddings_do():
    """Vectors of normal features have the deviation of those of ids."""
    wide = {**FRAMES, "source": ((None, 300), "float32")}
    x = np.random.default_rng(0).normal(size=(4, 50, 300)).astype("float32")
    for name, sizes in (("gru", {}), ("transformer", {"num_layers": 1})):
        ids = ks.build_model(name, 2000, 9, hidden_dim=128, **sizes).encoder
        frames = ks.build_model(name, wide, 9, hidden_dim=128, **sizes).encoder
        tables = [
            getattr(e.get_layer("embedding"), "table", e.get_layer("embedding"))
            for e in (ids, frames)
        ]
        expected = np.std(tables[0](np.arange(2000)[None]))
        np.testing.assert_allclose(np.std(tables[1](x)), expected, rtol=0.1)


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("decoder_only", FRAMES, r"decoder-only model reads ids alone.*'transformer'"),
        ("masked_lm", FRAMES, r"masked language model reads ids alone"),
        (
            "gru",
            {"source": ((32, 32, 3), "float32")},
            r"encoder of a recurrent model reads 'source'",
        ),
        ("transformer", {**FRAMES, "speaker": ((4,), "float32")}, r"speaker \(4,\) float32"),
        ("convolutional", {**FRAMES, "source": ((None, None), "float32")}, r"convolutional"),
        ("gru", {"source": ((None, 2**20), "float32"), "source_mask": ((None,), "int32")}, r"GiB"),
    ],
)
def test_refuses(name, source, message):
    sizes = {"hidden_dim": 2**16} if name == "gru" and "source_mask" in source else {}
    target = None if name == "masked_lm" else 9
    with pytest.raises(ValueError, match=message):
        ks.build_model(name, source, target, **sizes)


def test_tied_tables_need_ids():
    with pytest.raises(ValueError, match=r"'all' reads ids alone"):
        ks.build_model("transformer", FRAMES, 9, tie_embeddings="all")


@pytest.mark.parametrize(
    ("name", "sizes", "lookahead"),
    [
        ("gru", {}, 0),
        ("gru", {"bidirectional": True}, None),
        ("lstm", {"reverse_source": True}, None),
        ("bahdanau", {}, None),
        ("convolutional", {"num_layers": 3, "kernel_size": 4}, 6),
        ("convolutional", {"num_layers": 3, "kernel_size": 5}, 6),
        ("transformer", {}, None),
        ("transformer", {"attention": "chunked"}, None),
        ("transformer", {"attention": "local", "window": 3, "num_layers": 2}, 6),
        ("decoder_only", {}, None),
        ("decoder_only", {"prefix": "causal"}, 0),
        ("masked_lm", {"attention": "local", "window": 3, "num_layers": 2}, 6),
    ],
)
def test_facts_are_true(name, sizes, lookahead):
    """Outputs change with the unit that is declared as the furthest, and with none after it."""
    small = {"num_heads": 2, "num_layers": 2} if name in ("transformer", "decoder_only") else {}
    target = None if name == "masked_lm" else 9
    heads = {"num_heads": 2} if name == "masked_lm" else {}
    model = ks.build_model(name, 9, target, hidden_dim=8, **{**small, **heads, **sizes})
    assert model.facts == Facts(lookahead=lookahead)
    for weight in model.weights:
        weight.assign(np.random.default_rng(3).normal(scale=0.5, size=weight.shape))
    ids = np.full((1, 12), 5)
    place = 2

    def outputs(ids):
        return np.array(model.encoder({"source": ids, "source_mask": ids != 0})["outputs"])[0]

    def changes(at):
        other = ids.copy()
        other[0, at] = 7
        return np.abs(outputs(other) - outputs(ids))[place].max() > 1e-7

    if lookahead is None:
        assert changes(11)
    else:
        assert changes(place + lookahead)
        assert not any(changes(at) for at in range(place + lookahead + 1, 12))
