"""The floors up to the models are Keras alone: they run where there is no TensorFlow."""

import os
import subprocess
import sys

SCRIPT = """
import importlib.abc, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "tensorflow_text", "keras_hub"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())

import keras, numpy as np
import kseq2seq as ks
import kseq2seq.layers, kseq2seq.encoders, kseq2seq.decoders, kseq2seq.models

assert keras.backend.backend() == "jax"
ids = np.random.default_rng(0).integers(3, 9, (32, 4)).astype("int32")
inputs = {"source": ids, "target": np.roll(ids, 1, axis=1)}  # the mask is made from padding
keras.utils.set_random_seed(0)
model = ks.build_model("luong", source=9, target=9, hidden_dim=8)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.05), loss, metrics=[ks.metrics.TokenAccuracy()])
history = model.fit(inputs, ids, epochs=3, verbose=0).history
assert history["loss"][2] < history["loss"][0], history
for find in (lambda: ks.decode, lambda: model.generate({"source": ids}, max_length=3)):
    try:
        find()
    except ImportError as error:
        print(error)
assert not any(name.partition(".")[0] == "tensorflow" for name in sys.modules)
"""


def test_a_model_is_built_and_fitted_on_jax_without_tensorflow():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    refusal = "kseq2seq.decode needs TensorFlow, which is not installed; layers,"
    assert done.stdout.count(refusal) == 2


def test_decoding_on_another_backend_says_what_it_needs(monkeypatch):
    import keras
    import pytest

    from kseq2seq import build_model, decode

    model = build_model("gru", source=9, target=9, hidden_dim=4)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"needs Keras to run on TensorFlow.* is 'jax'"):
        decode(model, {}, max_length=3)
