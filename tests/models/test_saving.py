from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from kseq2seq import Beam, Greedy, decode

TARGETS = np.array([[1, 3, 4, 5], [1, 6, 6, 3], [1, 4, 3, 6]], "int32")

DECODED = ("luong", "transformer")  # by the compiled loop too

# A process of its own, which has built no model.
RELOAD = """
import sys
import kseq2seq
import keras
import numpy as np

from kseq2seq.decoding import search_targets

folder, decoded, *names = sys.argv[1:]
source = dict(np.load(folder + "/source.npz"))
target = source.pop("target")
found = {}
for name in names:
    model = keras.saving.load_model(f"{folder}/{name}.keras")
    logits = model({**source, "target": target}, training=False)
    found[name + ":logits"] = keras.ops.convert_to_numpy(keras.ops.cast(logits, "float32"))
    found[name + ":dtype"] = np.array(model.get_config()["dtype"])
    for search in (kseq2seq.Greedy(), kseq2seq.Beam(3)):
        found_ids = search_targets(model, source, search, 6).ids
        found[f"{name}:{type(search).__name__}"] = np.array(found_ids)
    if name in decoded.split(","):
        ids = kseq2seq.decode(model, source, kseq2seq.Beam(3), max_length=6).ids
        np.testing.assert_array_equal(ids, found_ids)
np.savez(folder + "/found.npz", **found)
"""


@pytest.fixture(scope="module")
def saved(lab, model_named):
    """Every variant, and one of mixed precision, as they were when saved."""
    models = {name: model_named(name) for name in lab.variants}
    models["mixed"] = lab.make("luong", dtype="mixed_bfloat16")
    return models


@pytest.fixture(scope="module")
def reloaded(lab, saved, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    np.savez(folder / "source.npz", **lab.source, target=TARGETS)
    for name, model in saved.items():
        if name in DECODED:  # a decode before saving leaves nothing in the file
            decode(model, lab.source, Greedy(), max_length=6)
        model.save(folder / f"{name}.keras")
    command = [sys.executable, "-c", RELOAD, str(folder), ",".join(DECODED), *saved]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(np.load(folder / "found.npz"))


def test_importing_the_package_is_all_that_loading_needs(model_named, tmp_path):
    path = tmp_path / "model.keras"
    model_named("gru").save(path)
    script = "import sys, kseq2seq, keras; keras.saving.load_model(sys.argv[1])"
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-1500:]


def logits_of(lab, model):
    import keras

    made = model({**lab.source, "target": TARGETS}, training=False)
    return lab.numpy(keras.ops.cast(made, "float32"))


def test_logits_are_the_same(lab, saved, reloaded):
    for name, model in saved.items():
        made = reloaded[f"{name}:logits"]
        np.testing.assert_allclose(made, logits_of(lab, model), atol=1e-6, err_msg=name)


def test_decoding_is_the_same(lab, saved, reloaded):
    for name, model in saved.items():
        for search in (Greedy(), Beam(3)):
            expected = lab.searched(model, lab.source, search, 6).ids
            made = reloaded[f"{name}:{type(search).__name__}"]
            np.testing.assert_array_equal(made, expected, err_msg=name)


def test_dtype_is_the_same(saved, reloaded):
    for name, model in saved.items():
        assert str(reloaded[f"{name}:dtype"]) == model.get_config()["dtype"]
    assert str(reloaded["mixed:dtype"]) == "mixed_bfloat16"


def test_weights_alone_load_into_a_model_built_anew(lab, plain_model, tmp_path):
    path = tmp_path / "model.weights.h5"
    plain_model.save_weights(path)
    other = lab.make(plain_model.get_config()["architecture"], seed=1)
    assert np.abs(logits_of(lab, other) - logits_of(lab, plain_model)).max() > 1e-3
    other.load_weights(path)
    np.testing.assert_allclose(logits_of(lab, other), logits_of(lab, plain_model), atol=1e-6)
