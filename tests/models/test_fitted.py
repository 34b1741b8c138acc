"""A mask that is not given is made from padding, by whichever door a model is entered."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq.encoders import Facts
from kseq2seq.models import ARCHITECTURES, Gru, register_architecture
from kseq2seq.models.fitted import Fitted, MaskFromPadding

SIZES = {"hidden_dim": 8, "dropout": 0.0}
HEADS = {"num_heads": 2, "num_layers": 1}
CASES = {
    "gru": ("gru", 7, {}),
    "transformer": ("transformer", 7, HEADS),
    "decoder_only": ("decoder_only", 9, HEADS),
    "masked_lm": ("masked_lm", None, HEADS),
    "labels": ("gru", 7, {"head": "labels"}),
    "joint": ("gru", 7, {"head": "joint"}),
}
TARGET = np.array([[1, 3, 4], [1, 6, 6], [1, 4, 3]], "int32")


def build(case, **more):
    name, target, sizes = CASES[case]
    return ks.build_model(name, 9, target, **SIZES, **sizes, **more)


def inputs_of(model, source):
    """Inputs with a mask, and without."""
    more = {"target": TARGET} if "target" in model.input else {}
    return {**source, **more}, {"source": source["source"], **more}


def same(one, other):
    for a, b in zip(keras.tree.flatten(one), keras.tree.flatten(other), strict=True):
        np.testing.assert_array_equal(np.array(a), np.array(b))


@pytest.mark.parametrize("case", CASES)
def test_every_call_takes_sources_without_a_mask(case, lab, tmp_path):
    model = build(case)
    whole, bare = inputs_of(model, lab.source)
    expected = model(whole)
    with pytest.raises(AssertionError):  # the mask matters
        same(model({**whole, "source_mask": np.ones_like(lab.ids)}), expected)
    same(model(bare), expected)
    same(model(inputs={**bare, "source_mask": None}), expected)
    same(model(keras.tree.map_structure(tf.constant, bare)), expected)
    same(model.predict(bare, verbose=0), model.predict(whole, verbose=0))
    same(model.encoder({"source": lab.ids}), model.encoder(lab.source))
    for jit in (False, True):
        run = tf.function(lambda x: model(x), jit_compile=jit)
        tensors = keras.tree.map_structure(tf.constant, (bare, whole))
        same(run(tensors[0]), run(tensors[1]))
    symbolic = {name: keras.Input((None,), dtype="int32", name=name) for name in bare}
    same(keras.Model(symbolic, model(symbolic))(bare), expected)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for copy in (again, clone):
        same(copy(bare), expected)
        same(copy.encoder({"source": lab.ids}), model.encoder(lab.source))


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("case", ["gru", "transformer"])
def test_training_takes_sources_without_a_mask(case, jit, lab):
    found = []
    for bare in (False, True):
        keras.utils.set_random_seed(0)
        model = build(case)
        inputs = inputs_of(model, lab.source)[bare]
        model.compile(keras.optimizers.SGD(0.1), ks.TokenCrossEntropy(), jit_compile=jit)
        losses = model.fit(inputs, TARGET, epochs=2, verbose=0).history["loss"]
        losses.append(model.evaluate(inputs, TARGET, verbose=0))
        if not jit:  # these call the steps that were compiled above, each time traced anew
            losses.append(model.train_on_batch(inputs, TARGET))
            losses.append(model.test_on_batch(inputs, TARGET))
            batches = tf.data.Dataset.from_tensor_slices((inputs, TARGET)).batch(3)
            losses += model.fit(batches, verbose=0).history["loss"]
        assert losses[1] < losses[0]
        found.append([*map(float, losses), *model.get_weights()])
    for masked, bare in zip(*found, strict=True):
        np.testing.assert_allclose(bare, masked, rtol=1e-6, atol=1e-7)


def test_replicas_take_sources_without_a_mask():
    done = subprocess.run(
        [sys.executable, "-c", REPLICAS], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    masked, bare = (eval(line) for line in done.stdout.splitlines()[-2:])
    np.testing.assert_allclose(bare, masked, rtol=1e-5)


REPLICAS = """
import kseq2seq as ks, keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import kseq2seq.training
ids = np.array([[7, 8, 2], [9, 2, 0], [4, 2, 0], [5, 6, 2]], "int32")
for inputs in ({"source": ids, "source_mask": ids != 0}, {"source": ids}):
    keras.utils.set_random_seed(0)
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = ks.build_model("gru", 20, 20, hidden_dim=8, dropout=0.0)
        model.compile(keras.optimizers.Adam(0.01), ks.TokenCrossEntropy())
    history = model.fit({**inputs, "target": ids}, ids, epochs=2, batch_size=4, verbose=0)
    print(history.history["loss"])
"""


def test_padding_is_the_sources_own(tmp_path):
    """An id that a tokenizer fills rows up with may be another than 0, and 0 a token."""
    ids = np.array([[0, 5, 2, 1], [0, 2, 1, 1]])
    special = SimpleNamespace(padding=1)
    model = ks.build_model("gru", SimpleNamespace(vocabulary_size=9, special=special), 7, **SIZES)
    assert model.get_config()["source_padding"] == 1
    expected = model.encoder({"source": ids, "source_mask": ids != 1})
    model.save(tmp_path / "model.keras")
    for each in (model, keras.saving.load_model(tmp_path / "model.keras")):
        same(each.encoder({"source": ids}), expected)
    model = ks.build_model("gru", 9, 7, source_padding=1, **SIZES)
    assert np.array(model.encoder({"source": ids})["mask"]).tolist() == (ids != 1).tolist()
    assert "source_padding" not in build("gru").get_config()
    with pytest.raises(ValueError, match=r"`source_padding` must be a whole number.*-1"):
        build("gru", source_padding=-1)


def test_the_source_of_a_strided_encoder_is_masked_before_it_is_filled_up(monkeypatch, tmp_path):
    monkeypatch.setattr(ARCHITECTURES, "_classes", dict(ARCHITECTURES._classes))

    @register_architecture("halved")
    @dataclass(frozen=True, kw_only=True)
    class Halved(Gru):
        facts = Facts(stride=2)

        def build_encoder(self, source):
            inputs = source.symbolic()
            x = keras.layers.Embedding(source.size, self.hidden_dim)(inputs["source"])[:, ::2]
            mask = keras.ops.cast(inputs["source_mask"], "bool")[:, ::2]
            encoded = {"outputs": x, "mask": mask, "states": [[x[:, 0]]], "start": x[:, 0]}
            return keras.Model(inputs, encoded, name="encoder")

    model = ks.build_model("halved", 9, 7, **SIZES)
    encoder = model.encoder
    ids = np.array([[7, 8, 2], [8, 2, 0]])
    inputs = {"source": ids, "source_mask": ids != 0}
    same(encoder({"source": ids}), encoder(inputs))
    assert type(encoder).__name__ == "FilledEncoder"
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    encoder.save(tmp_path / "encoder.keras")
    for again in (clone.encoder, keras.saving.load_model(tmp_path / "encoder.keras")):
        assert type(again).__name__ == "FilledEncoder" and again.multiple == 2
        same(again(inputs), encoder(inputs))


def test_features_need_their_mask(lab):
    frames = {"source": ((None, 5), "float32"), "source_mask": ((None,), "int32")}
    model = ks.build_model("gru", frames, 7, **SIZES)
    source = {"source": np.ones((3, 4, 5), "float32")}
    for call in (lambda: model({**source, "target": TARGET}), lambda: model.encoder(source)):
        with pytest.raises(ValueError, match='Missing data for input "source_mask"'):
            call()


def test_an_encoder_is_the_model_that_keras_knows(tmp_path):
    """Files hold weights under the name of its class, and it can be saved alone."""
    encoder = build("gru").encoder
    assert isinstance(encoder, MaskFromPadding) and type(encoder).__name__ == "Functional"
    encoder.save(tmp_path / "encoder.keras")
    ids = np.array([[7, 8, 2]])
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    same(again({"source": ids, "source_mask": ids != 0}), encoder({"source": ids}))


def test_other_models_are_called_as_ever():
    x = keras.Input((2,))
    model = Fitted(x, keras.layers.Dense(1)(x))
    assert model(np.ones((3, 2))).shape == (3, 1)
