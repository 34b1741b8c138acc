"""Models that copy: what they refuse, and the coverage loss in `fit` and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq import build_model, text
from kseq2seq.contracts import shift_right
from kseq2seq.encoders import Facts
from kseq2seq.models import ARCHITECTURES, Lstm, register_architecture
from kseq2seq.training import packed, r_drop, scheduled_sampling, truncated, with_alignments

SIZES = {"hidden_dim": 8, "dropout": 0.0, "copy": True}
SOURCE = np.array([[4, 5, 4, 2], [6, 3, 2, 0], [3, 2, 0, 0]], "int32")
TARGET = np.array([[4, 5, 2], [6, 2, 0], [3, 3, 2]], "int32")
GIVEN = shift_right(TARGET, ks.SpecialTokens()).numpy()  # as batches give a decoder its targets
PACKED = {
    "source": [[4, 5, 4, 2, 6, 3, 2, 3, 2]],
    "source_segments": [[1, 1, 1, 1, 2, 2, 2, 3, 3]],
    "target": [[1, 4, 5, 1, 6, 1, 3, 3, 0]],
    "target_segments": [[1, 1, 1, 2, 2, 3, 3, 3, 0]],
}
PACKED = {name: np.array(rows, "int32") for name, rows in PACKED.items()}


def inputs():
    return {"source": SOURCE, "source_mask": SOURCE != 0, "target": GIVEN}


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("luong", {"copy": True}, "must share one vocabulary; the source has 8 ids"),
        ("luong", {"copy": 1}, "`copy` must be True or False"),
        ("bahdanau", {"coverage": -1}, "`coverage` must be a finite number"),
        ("bahdanau", {"coverage": float("nan")}, "`coverage` must be a finite number"),
        ("luong", {"coverage": 1}, "Pass score='concat' and input_feeding=True"),
        ("luong", {"coverage": 1, "score": "concat", "input_feeding": False}, "input_feeding=True"),
        ("gru", {"copy": True}, "'gru' has no size `copy`"),
    ],
)
def test_refused(name, sizes, message):
    with pytest.raises(ValueError, match=message):
        build_model(name, 8, 7, hidden_dim=8, **sizes)


def test_features_cannot_be_copied():
    frames = {"source": ((None, 7), "float32"), "source_mask": ((None,), "int32")}
    with pytest.raises(ValueError, match="must share one vocabulary; the source has source"):
        build_model("bahdanau", frames, 7, **SIZES)


def test_positions_of_several_units_cannot_be_copied():
    @dataclass(frozen=True, kw_only=True)
    class Strided(Lstm):
        facts = Facts(stride=2)

        def build_encoder(self, source):
            return super().build_encoder(source)

    register_architecture("strided_for_copying")(Strided)
    halves = {
        "encoder": {"architecture": "strided_for_copying", "hidden_dim": 8},
        "decoder": {"architecture": "bahdanau", **SIZES},
    }
    try:
        with pytest.raises(ValueError, match=r"makes one position of each 2\. Pass copy=False"):
            build_model("hybrid", 7, 7, **halves)
        halves["decoder"]["copy"] = False
        assert build_model("hybrid", 7, 7, **halves).facts.stride == 2
    finally:
        del ARCHITECTURES._classes["strided_for_copying"]


def test_other_vocabularies_of_the_same_size_are_refused_by_the_pipeline():
    here, there = (text.CharacterTokenizer.train([letters], 7) for letters in ("abc", "abd"))
    model = build_model("bahdanau", here, here, **SIZES)
    ks.Pipeline(model, here, here)
    plain = build_model("bahdanau", here, here, **{**SIZES, "copy": False})
    for copies in (model, ks.Ensemble([plain, model]), ks.Ensemble([model, plain])):
        with pytest.raises(ValueError, match="copies source ids"):
            ks.Pipeline(copies, here, there)
    ks.Pipeline(plain, here, there)


def test_a_hybrid_copies_with_its_decoder(lab):
    halves = {
        "encoder": {"architecture": "transformer", **lab.architectures["transformer"]},
        "decoder": {"architecture": "bahdanau", "copy": True, "coverage": 1.0},
    }
    for half in halves.values():
        half.update(hidden_dim=8, dropout=0.0)
    model = build_model("hybrid", 7, 7, **halves)
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    made = np.array(again(inputs(), training=False))
    np.testing.assert_allclose(np.exp(made).sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(made, model(inputs(), training=False), atol=1e-6)


def coverage_by_hand(lab, model):
    """Equation 12 over all steps that predict a token of a target, its end too."""
    parts = model.decoder.initial(model.encoder(lab.of(SOURCE)))
    alignment = np.array(model.decoder(GIVEN, *parts, training=False).alignment)
    counted = list(zip(*np.nonzero(TARGET), strict=True))
    again = [np.minimum(alignment[b, t], alignment[b, :t].sum(axis=0)).sum() for b, t in counted]
    return np.sum(again) / len(counted)


@pytest.mark.parametrize(("name", "jit_compile"), [("bahdanau", True), ("transformer", False)])
def test_fit_adds_the_coverage_loss(lab, name, jit_compile):
    """A step of no length: the loss of training is that of evaluation and the coverage's."""
    sizes = {**lab.architectures[name], **SIZES}
    model = build_model(name, 7, 7, coverage=0.5, **sizes)
    expected = 0.5 * coverage_by_hand(lab, model)
    assert expected > 0.05
    model.compile(keras.optimizers.SGD(0.0), ks.TokenCrossEntropy(), jit_compile=jit_compile)
    trained = model.fit(inputs(), TARGET, batch_size=3, epochs=2, verbose=0).history["loss"]
    evaluated = model.evaluate(inputs(), TARGET, verbose=0)
    np.testing.assert_allclose(trained, evaluated + expected, atol=1e-4)
    model.generate({"source": SOURCE}, max_length=3)
    assert not model.losses


def test_packed_rows_copy_from_their_own_source(lab):
    model = build_model(
        "transformer", 7, 7, coverage=1.0, **lab.architectures["transformer"], **SIZES
    )
    wanted = np.array(model(inputs(), training=False))
    view = packed(model)
    made = np.array(view(PACKED, training=False))
    np.testing.assert_allclose(made[0, :3], wanted[0], atol=1e-5)
    np.testing.assert_allclose(made[0, 3:5], wanted[1, :2], atol=1e-5)
    np.testing.assert_allclose(made[0, 5:8], wanted[2], atol=1e-5)


@pytest.mark.parametrize(
    ("view", "given"),
    [
        (packed, PACKED),
        (r_drop, None),
        (lambda model: scheduled_sampling(model, 0.0), None),
        (with_alignments, None),
    ],
    ids=["packed", "r_drop", "scheduled_sampling", "with_alignments"],
)
def test_views_add_the_coverage_loss_of_the_model(lab, view, given):
    sizes = {**lab.architectures["transformer"], **SIZES}
    model = build_model("transformer", 7, 7, coverage=0.5, **sizes)
    expected = 0.5 * coverage_by_hand(lab, model)
    made = view(model)
    made(inputs() if given is None else given, training=False)
    assert not made.losses
    made(inputs() if given is None else given, training=True)
    assert [float(loss) for loss in made.losses] == [pytest.approx(expected, abs=1e-5)]


def test_truncated_refuses_coverage():
    model = build_model("bahdanau", 7, 7, coverage=0.5, **SIZES)
    with pytest.raises(ValueError, match=r"stops gradients between chunks.*coverage=0\.5"):
        truncated(model, 2)


@pytest.mark.parametrize(
    "name", ["bahdanau-copy", pytest.param("transformer-copy", marks=pytest.mark.slow)]
)
def test_exports_give_the_ids_of_the_model(lab, name, tmp_path):
    tokenizer = text.CharacterTokenizer.train(["abc"], 7)
    sides = text.TextSource(tokenizer, 9), text.TextTarget(tokenizer, 8)
    pipeline = ks.Pipeline(lab.make(name), *sides, ks.Beam(3))
    texts = ["abcaabc", "c", "bab", "cbacba", "aa"]
    parity = pipeline.export(
        tmp_path / "model.tflite",
        search=ks.Beam(3),
        source_length=9,
        target_length=8,
        examples=texts,
        report=None,
    )
    assert parity.same == parity.sentences == len(texts)
    pipeline.export(tmp_path / "served", searches={"beam": ks.Beam(3)})
    signature = tf.saved_model.load(str(tmp_path / "served")).signatures["beam"]
    made = signature(texts=tf.constant(texts))["texts"].numpy()
    assert [row[0].decode() for row in made] == pipeline.texts(texts)
    assert len(set(pipeline.texts(texts))) > 1
