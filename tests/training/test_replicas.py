"""Two devices that share each batch train as one does, whatever the tokens of each."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    script = Path(__file__).with_name("on_two_devices.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path_factory.mktemp("runs"))],
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("what", ["fitted", "guided", "compiled by XLA", "a run"])
def test_two_devices_train_as_one(made, what):
    one, two = made["one"][what], made["two"][what]
    assert one.keys() == two.keys()
    assert one["history"].keys() == two["history"].keys()
    for name, values in one["history"].items():
        np.testing.assert_allclose(two["history"][name], values, rtol=1e-5, err_msg=name)
    for ours, theirs in zip(one["weights"], two["weights"], strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-5)


def test_evaluation_and_prediction_are_those_of_one(made):
    one, two = made["one"]["fitted"], made["two"]["fitted"]
    assert set(one["history"]) >= {"val_loss", "val_accuracy", "val_perplexity"}
    np.testing.assert_allclose(two["found"], one["found"], rtol=1e-5)
    assert two["mean"] == pytest.approx(one["mean"], abs=1e-6)


def test_a_run_left_out_a_batch_and_went_on(made):
    assert made["two"]["a run"]["history"]["skipped"] == [1, 1]


def test_seeds_of_dropout_go_on(made):
    one, two = made["one"]["dropped"], made["two"]["dropped"]
    assert one["before"] == two["before"] != two["after"]
    assert two["after"] == one["after"]
