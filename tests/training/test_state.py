import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.runs import Run
from kseq2seq.training import compile_ahead
from kseq2seq.training.state import random_state


def of_two_shapes(runs):
    """Batches of 8 and of 4 rows, in an order that stays."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 5)).astype("f4"), rng.normal(size=(12, 1)).astype("f4")
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(8).repeat()


def test_a_run_that_compiled_ahead_is_the_run_that_did_not(runs, tmp_path, small, begun):
    batches = of_two_shapes(runs)
    history = runs.fit(tmp_path / "without", small, batches)
    without = runs.state(small), history
    runs.put(*begun)
    history = runs.fit(tmp_path / "ahead", small, batches, compile_ahead=2)
    runs.assert_same(without, (runs.state(small), history))


def test_nothing_of_it_is_left(runs, small):
    before, numbers = runs.state(small), random_state()
    assert compile_ahead(small, of_two_shapes(runs), 5) > 0  # more than there are
    for one, other in zip(runs.state(small), before, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(random_state()["numpy"]["state"]["key"],
                                  numbers["numpy"]["state"]["key"])  # fmt: skip


def test_it_ends_between_two_shapes_when_it_is_told(runs, small):
    asked = []
    compile_ahead(small, of_two_shapes(runs), 2, stop=lambda: asked.append(1) or True)
    assert asked == [1]


def test_a_run_that_is_told_to_end_while_it_compiles_ends(runs, tmp_path, small, monkeypatch):
    import signal

    from kseq2seq.runs import training

    monkeypatch.setattr(training, "compile_ahead", lambda *_: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit) as error:
        runs.fit(tmp_path, small, of_two_shapes(runs), compile_ahead=1)
    assert error.value.code == 143
    assert runs.names(tmp_path) == []


def test_refuses(runs, tmp_path, small):
    import keras

    with pytest.raises(ValueError, match="not compiled"):
        compile_ahead(keras.Sequential(), of_two_shapes(runs))
    with pytest.raises(ValueError, match="`compile_ahead` must be a whole number of at least 0"):
        Run(tmp_path).fit(small, of_two_shapes(runs), steps=1, steps_per_epoch=1, compile_ahead=-1)
