"""Models that shorten their source: in any padding and company, saved, and in files."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.encoders import Facts
from kseq2seq.export.fixed import FixedModel
from kseq2seq.export.interpreter import Signatures
from kseq2seq.export.tflite import convert
from kseq2seq.models import Conformer, Luong, Transformer

FRAMES = {"source": ((None, 6), "float32"), "source_mask": ((None,), "int32")}
TARGET, LENGTH, LONGEST = 9, 5, 23
LENGTHS = np.array([LONGEST, 17, 16, 5, 1])
ATTENTIVE = {"hidden_dim": 8, "num_heads": 2, "num_layers": 1, "dropout": 0.0}
RECURRENT = {"hidden_dim": 8, "bidirectional": True, "dropout": 0.0}
CASES = {
    "conformer, ctc": ("conformer", {**ATTENTIVE, "stride": 4, "kernel_size": 3, "head": "ctc"}),
    "conformer, joint": (
        "conformer",
        {**ATTENTIVE, "stride": 2, "kernel_size": 4, "head": "joint"},
    ),
    "transformer": ("transformer", {**ATTENTIVE, "stride": 4}),
    "bahdanau": ("bahdanau", {**RECURRENT, "stride": 4}),
    "lstm, ctc": ("lstm", {**RECURRENT, "stride": 4, "head": "ctc"}),
    "hybrid": (
        "hybrid",
        {
            "encoder": Conformer(**{**ATTENTIVE, "stride": 4, "kernel_size": 3}),
            "decoder": Luong(hidden_dim=6, dropout=0.0),
        },
    ),
}


def source():
    rng = np.random.default_rng(3)
    mask = np.arange(LONGEST) < LENGTHS[:, None]
    frames = rng.normal(size=(len(LENGTHS), LONGEST, 6)) * mask[..., None]
    return {"source": frames.astype("float32"), "source_mask": mask.astype("int32")}


FILES = [
    ("conformer, ctc", "float32"),
    ("conformer, ctc", "int8"),
    ("hybrid", "float32"),
    *(
        pytest.param(name, "float32", marks=pytest.mark.slow)
        for name in ("conformer, joint", "transformer", "bahdanau", "lstm, ctc")
    ),
]


@pytest.fixture(scope="module")
def built():
    """Makes a case, and what it finds for each source, once."""
    made = {}

    def get(name, lab):
        if name not in made:
            architecture, sizes = CASES[name]
            keras.utils.set_random_seed(1)
            model = ks.build_model(architecture, FRAMES, TARGET, **sizes)
            rng = np.random.default_rng(2)
            for weight in model.weights:
                weight.assign(np.asarray(weight) + rng.normal(scale=0.5, size=weight.shape))
            made[name] = model, lab.searched(model, source(), ks.Greedy(), LENGTH)
        return made[name]

    return get


def same(made, expected):
    np.testing.assert_array_equal(made.ids, expected.ids)
    np.testing.assert_allclose(made.scores, expected.scores, atol=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_no_source_depends_on_its_company_or_padding(name, built, lab):
    model, found = built(name, lab)
    assert len(np.unique(np.round(found.scores, 3))) == len(LENGTHS)  # sources are told apart
    whole = source()
    longer = {
        name: np.pad(x, [(0, 0), (0, 3), *[(0, 0)] * (x.ndim - 2)]) for name, x in whole.items()
    }
    longer["source"][~longer["source_mask"].astype(bool)] = 4.0
    same(lab.searched(model, longer, ks.Greedy(), LENGTH), found)
    for row in (1, 3, 4):
        alone = {name: x[row : row + 1, : LENGTHS[row]] for name, x in whole.items()}
        made = lab.searched(model, alone, ks.Greedy(), LENGTH)
        np.testing.assert_array_equal(made.ids[0], found.ids[row])
        np.testing.assert_allclose(made.scores[0], found.scores[row], atol=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_it_is_saved_and_cloned(name, built, lab, tmp_path):
    model, found = built(name, lab)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for copy in (loaded, clone):
        assert copy.facts == model.facts and copy.facts.stride > 1
        same(lab.searched(copy, source(), ks.Greedy(), LENGTH), found)


@pytest.mark.parametrize(("name", "precision"), FILES)
def test_a_file_finds_the_same(name, precision, built, lab):
    model, found = built(name, lab)
    fixed = FixedModel(model, ks.Greedy(), LONGEST, LENGTH, ks.SpecialTokens())
    file, given = Signatures(convert(fixed, precision)), source()
    for row, length in enumerate(LENGTHS):
        made = file(
            "generate",
            source=given["source"][row : row + 1],
            source_length=np.array([length], "int32"),
        )
        if precision == "float32":
            np.testing.assert_array_equal(made["ids"][0], found.ids[row])
            np.testing.assert_allclose(made["scores"][0], found.scores[row], atol=1e-3)
        else:  # weights of 8 bits: near, where the same ids were found
            assert np.isfinite(made["scores"]).all()
            if np.array_equal(made["ids"][0], found.ids[row]):
                np.testing.assert_allclose(made["scores"][0], found.scores[row], atol=1.0)


def test_a_model_that_reads_one_way_knows_nothing_of_later_units():
    model = ks.build_model("gru", FRAMES, TARGET, hidden_dim=8, stride=4, head="labels")
    assert model.facts == Facts(stride=4, lookahead=0)
    one, other = source(), source()
    other["source"][:, 12:] += 1
    made = [np.asarray(model(inputs))[0] for inputs in (one, other)]
    np.testing.assert_allclose(made[0][:3], made[1][:3], atol=1e-6)
    assert np.abs(made[0][3:] - made[1][3:]).max() > 1e-4


@pytest.mark.parametrize(
    ("name", "given", "sizes", "message"),
    [
        ("transformer", 50, {"stride": 4}, r"`stride`=4 shortens sources of features.*50 ids"),
        ("gru", FRAMES, {"stride": 3}, r"`stride` must be one of"),
        (
            "conformer",
            FRAMES,
            {"stride": 2, "position_scheme": "learned"},
            r"Learned positions.*stride",
        ),
        ("conformer", FRAMES, {"norm": "post"}, r"norm='pre'"),
    ],
)
def test_refuses(name, given, sizes, message):
    with pytest.raises(ValueError, match=message):
        ks.build_model(name, given, 9, **sizes)


def test_without_a_stride_it_reads_ids_too(lab):
    model = ks.build_model("conformer", 9, 9, kernel_size=3, **ATTENTIVE)
    assert model.facts == Facts()
    found = lab.searched(model, lab.source, ks.Beam(2), 4)
    assert np.isfinite(found.scores).all()
    local = Conformer(attention="local", window=2, kernel_size=3, num_layers=2, stride=2)
    assert local.facts == Facts(stride=2, lookahead=12)
    assert Transformer(attention="local", window=2, num_layers=2, stride=2).facts.lookahead == 8
