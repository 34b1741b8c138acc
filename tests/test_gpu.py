"""What a GPU must do as a CPU does; `make test-gpu`, and nothing else, runs this."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks

pytestmark = pytest.mark.gpu
NAMES = ["lstm", "gru", "bahdanau", "luong", "convolutional", "transformer", "decoder_only"]


@pytest.fixture(scope="module")
def gpu():
    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees no GPU here; pip install 'kseq2seq[gpu]' where there is one")
    tf.config.experimental.enable_tensor_float_32_execution(False)
    return "GPU:0"


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("search", [ks.Greedy(), ks.Beam(4)], ids=["greedy", "beam"])
def test_decoding_finds_the_same(gpu, lab, name, search, jit_compile):
    found = []
    for device in ("CPU:0", gpu):
        with tf.device(device):
            model = lab.make(name)
            made = ks.decode(model, lab.of(lab.IDS), search, max_length=6, jit_compile=jit_compile)
            found.append(made)
    assert found[0].ids.numpy().tolist() == found[1].ids.numpy().tolist()
    assert np.allclose(found[0].scores, found[1].scores, atol=1e-3)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_training_lowers_the_loss(gpu, lab, name, policy):
    import keras

    with tf.device(gpu):
        model = lab.make(name, dtype=policy)
        model.compile(keras.optimizers.Adam(0.01), ks.TokenCrossEntropy(), jit_compile=True)
        targets = np.array([[3, 4, 2], [6, 6, 2], [4, 3, 2]], "int32")
        inputs = {**lab.of(lab.IDS), "target": lab.inputs_for(targets)}
        losses = model.fit(inputs, targets, epochs=30, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.7 * losses[0]


def test_an_exported_signature_compiles(gpu, translator, tmp_path):
    pipeline = translator("transformer")
    pipeline.export(tmp_path / "served", searches={"greedy": ks.Greedy()})
    served = tf.saved_model.load(str(tmp_path / "served"))
    inputs = pipeline.source(translator.sources[:4])
    with tf.device(gpu):
        made = tf.function(served.signatures["greedy_ids"], jit_compile=True)(
            source=inputs["source"],
            source_length=tf.reduce_sum(tf.cast(inputs["source_mask"], tf.int32), axis=1),
        )
    texts = pipeline.target.texts(made["ids"][:, 0]).numpy()
    assert [text.decode() for text in texts] == translator.targets[:4]
