"""One table of architectures: what a class says of itself is all there is to say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq import cli
from kseq2seq.encoders import UNKNOWN, Facts
from kseq2seq.models import (
    ARCHITECTURES,
    Architecture,
    Hybrid,
    Luong,
    Transformer,
    register_architecture,
    warm_start,
)
from kseq2seq.training import layerwise_decay

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def table(monkeypatch):
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(ARCHITECTURES, "_classes", dict(ARCHITECTURES._classes))


@pytest.fixture
def mine(table):
    @register_architecture("mine")
    @dataclass(frozen=True, kw_only=True)
    class Mine(Luong):
        depth: int = 1

        layer_names = ("rung",)
        recipe_sizes: ClassVar = {"depth": 2}
        encoder_settings = ("depth",)

        def build_encoder(self, source):
            inputs = source.symbolic()
            x = keras.layers.Embedding(source.size, self.hidden_dim, name="table")(inputs["source"])
            for index in range(self.depth):
                x = keras.layers.Dense(self.hidden_dim, name=f"rung_{index}")(x)
            state = [x[:, 0]] * 2
            mask = keras.ops.cast(inputs["source_mask"], "bool")
            encoded = {"outputs": x, "mask": mask, "states": [state], "start": state[0]}
            return keras.Model(inputs, encoded, name="encoder")

        @property
        def facts(self):
            return Facts(lookahead=0)

    return Mine


def test_an_architecture_of_ones_own_is_everywhere(mine, tmp_path, lab):
    assert mine.kind == "mine" and ARCHITECTURES["mine"] is mine
    model = ks.build_model("mine", 9, 7, hidden_dim=8, depth=2)
    assert model.facts == Facts(lookahead=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(again)
    assert again.facts == clone.facts == model.facts
    inputs = {**lab.source, "target": np.array([[1, 3]] * 3)}
    np.testing.assert_allclose(again(inputs), model(inputs), atol=1e-6)
    assert {"encoder/rung_0", "encoder/rung_1"} <= set(layerwise_decay(model, 0.5))
    assert cli.architectures()["mine"] == {"depth": 2}
    other = ks.build_model("mine", 9, 7, hidden_dim=8, depth=2)
    warm_start(other, model)
    with pytest.raises(ValueError, match="`depth` is 1 in the model and 2"):
        warm_start(ks.build_model("mine", 9, 7, hidden_dim=8), model)


def test_halves_are_what_a_class_builds(mine):
    for encoder, decoder in ((mine(hidden_dim=8), "gru"), ("gru", mine(hidden_dim=8))):
        model = ks.build_model("hybrid", 9, 7, encoder=encoder, decoder=decoder)
        config = json.loads(json.dumps(model.get_config()))
        names = [config[side]["architecture"] for side in ("encoder", "decoder")]
        assert names == ["gru" if half == "gru" else "mine" for half in (encoder, decoder)]
        again = ks.Seq2Seq.from_config(config)
        assert again.count_params() == model.count_params()

    @register_architecture("lonely")
    @dataclass(frozen=True, kw_only=True)
    class Lonely(Architecture):
        size: int = 3

        def build_encoder(self, source):
            raise AssertionError("not built here")

    assert Lonely.is_half("encoder") and not Lonely.is_half("decoder")
    assert Lonely().facts == UNKNOWN
    with pytest.raises(ValueError, match=r"`decoder` must be one of rnn, .*mine"):
        Hybrid(encoder="gru", decoder=Lonely())


def test_what_is_inherited_says_nothing_of_another_encoder(mine):
    """A class that builds another encoder and declares nothing of it is never cropped."""

    @register_architecture("silent")
    @dataclass(frozen=True, kw_only=True)
    class Silent(Transformer):
        def build_encoder(self, source):
            return super().build_encoder(source)

    @register_architecture("wider")
    @dataclass(frozen=True, kw_only=True)
    class Wider(Transformer):
        hidden_dim: int = 8

    sizes = {"hidden_dim": 8, "num_heads": 2, "num_layers": 1}
    assert ks.build_model("silent", 9, 7, **sizes).facts == UNKNOWN
    assert ks.build_model("hybrid", 9, 7, encoder=Silent(**sizes), decoder="gru").facts == UNKNOWN
    assert ks.build_model("wider", 9, 7, num_heads=2).facts == Facts()
    assert ks.build_model("masked_lm", 9, **sizes).facts == Facts()
    warm_start(ks.build_model("silent", 9, 7, **sizes), ks.build_model("silent", 9, 7, **sizes))

    @register_architecture("wrong")
    @dataclass(frozen=True, kw_only=True)
    class Wrong(Transformer):
        facts = {"stride": 2}  # noqa: RUF012

    with pytest.raises(TypeError, match=r"`facts` of Wrong must be a kseq2seq.encoders.Facts"):
        ks.build_model("wrong", 9, 7, **sizes)


def test_what_is_not_registered_is_refused():
    @dataclass(frozen=True, kw_only=True)
    class Wider(Luong):
        pass

    for side in ("encoder", "decoder"):
        halves = {"encoder": "gru", "decoder": "gru", side: Wider()}
        with pytest.raises(ValueError, match=r"Wider is not registered.*register_architecture\('w"):
            Hybrid(**halves)


def test_a_saved_file_says_what_to_import(mine, tmp_path):
    sizes: dict[str, Any] = {"hidden_dim": 8}
    ks.build_model("mine", 9, 7, **sizes).save(tmp_path / "mine.keras")
    hybrid = ks.build_model("hybrid", 9, 7, encoder=mine(**sizes), decoder="gru")
    hybrid.save(tmp_path / "half.keras")
    del ARCHITECTURES._classes["mine"]
    for name in ("mine", "half"):
        with pytest.raises(ValueError, match=r"'mine'.*test_table\..*Mine.* import the module"):
            keras.saving.load_model(tmp_path / f"{name}.keras")


def test_names_are_taken_once(table):
    with pytest.raises(ValueError, match=r"'luong' is kseq2seq.*can't take that name"):

        @register_architecture("luong")
        class Other(Luong):
            pass

    with pytest.raises(TypeError, match=r"subclasses of kseq2seq.models.Architecture"):

        @register_architecture("nothing")
        class Nothing:
            pass

    with pytest.raises(TypeError, match=r"`positions` was renamed to `position_scheme`. Rename"):

        @register_architecture("turned")
        @dataclass(frozen=True, kw_only=True)
        class Turned(Transformer):
            positions: str = "rotary"

    assert not {"nothing", "turned"} & set(ARCHITECTURES)
    with pytest.raises(ValueError, match="must be a word"):
        register_architecture("two words")


def test_docs_know_every_architecture():
    page = (DOCS / "architectures.md").read_text()
    rows = set(re.findall(r"^\| `\"(\w+)\"` \|", page, re.M))
    assert rows == set(ARCHITECTURES)
    assert all(f"images/{name}.png" in page for name in ARCHITECTURES)
    assert all(f'"{name}"' in ks.build_model.__doc__ for name in ARCHITECTURES)


def test_what_packs_is_what_can_be_packed():
    assert {name for name, kind in ARCHITECTURES.items() if kind.packs} == {
        "transformer",
        "decoder_only",
    }
    assert Transformer.packs and not Luong.packs
