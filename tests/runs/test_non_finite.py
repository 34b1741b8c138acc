"""A loss that is not finite: stop, skip or roll back."""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.runs.non_finite import undoing
from kseq2seq.training import TimeLimit


def without(batches, *places):
    """Batches but for those at some places."""
    left_out = tf.constant(places, tf.int64)
    kept = batches.enumerate().filter(lambda i, _: tf.reduce_all(i != left_out))
    return kept.map(lambda _, batch: batch)


def assert_finite(model):
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_it_stops_and_says_where_and_what_to_try(runs, tmp_path, small):
    with pytest.raises(FloatingPointError) as error:
        runs.fit(tmp_path, small, runs.numbers(bad=[4]))
    told = str(error.value)
    assert (
        "The loss is nan at step 5, with a learning rate of 0.02. This state was not saved" in told
    )
    assert "the newest checkpoint is " in told
    assert "000001-step-3. Lower the learning rate" in told
    assert runs.names(tmp_path) == ["000001-step-3"]


def test_one_just_before_a_checkpoint_is_not_saved(runs, tmp_path, small):
    with pytest.raises(FloatingPointError, match=r"at step 3.*there is no checkpoint yet"):
        runs.fit(tmp_path, small, runs.numbers(bad=[2]))
    assert runs.names(tmp_path) == []


def test_one_at_the_end_of_an_epoch_is_seen_before_its_metrics_are_reset(runs, tmp_path, small):
    with pytest.raises(FloatingPointError, match="at step 4"):
        runs.fit(tmp_path, small, runs.numbers(bad=[3]))


def test_a_weight_that_is_not_finite_is_not_saved(runs, tmp_path, small):
    bias = small.layers[-1].bias
    broken = [runs.At(3, lambda: bias.assign([math.inf]))]
    with pytest.raises(FloatingPointError, match=r"dense_?[0-9]*/bias is not finite at step 3"):
        runs.fit(tmp_path, small, runs.numbers(), callbacks=broken)
    assert runs.names(tmp_path) == []


def test_a_lower_rate_counts_afterwards(runs, tmp_path, small):
    rate = small.optimizer.learning_rate
    before = float(rate)
    try:
        with pytest.raises(runs.Ended):
            runs.fit(tmp_path, small, runs.numbers(), callbacks=[runs.At(4, runs.end)])
        rate.assign(0.001)
        for steps in (4, 5):
            runs.fit(tmp_path, small, runs.numbers(), steps=steps)
            assert float(rate) == np.float32(0.001)
    finally:
        rate.assign(before)


# Skip

SKIP = {"on_nan": "skip", "every_steps": 4}


def test_skipping_is_training_without_those_batches(runs, tmp_path, small, begun):
    batches = runs.numbers(bad=[0, 5, 6])
    with pytest.warns(UserWarning, match=r"Skipped the batch at step 6: loss or weights"):
        runs.fit(tmp_path / "skip", small, batches, 12, steps_per_epoch=12, run=SKIP)
    assert "train_step" not in vars(small)
    skipped = runs.state(small)
    runs.put(*begun)
    kept = without(runs.numbers(), 0, 5, 6)
    history = runs.fit(tmp_path / "without", small, kept, 9, steps_per_epoch=9).history
    for one, other in zip(skipped, runs.state(small), strict=True):
        np.testing.assert_array_equal(one, other)
    logs = json.loads((tmp_path / "skip" / "history.jsonl").read_text())["logs"]
    assert logs == {"skipped": 3} | {name: values[0] for name, values in history.items()}


def test_skipping_the_first_batches_of_a_new_model(runs, tmp_path):
    """Whose optimizer and metrics are made in the very step that is undone."""
    model = runs.tiny(jit_compile=True, steps_per_execution=2)
    with pytest.warns(UserWarning, match="2 batches skipped so far"):
        runs.fit(tmp_path, model, runs.numbers(bad=[0, 1]), 8, run=SKIP)
    assert_finite(model)
    assert int(model.optimizer.iterations) == 6


def test_a_state_of_the_optimizer_that_overflows_is_undone():
    """Adam's second moment is infinite from a gradient of 1e20, and the weight would stay put."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    x = np.ones((1, 1), "float32")
    model.train_on_batch(x, x)
    with undoing(model) as undone:
        model.train_on_batch(x, 1e10 * x)
        assert int(undone.total) == 0
        model.train_on_batch(3e18 * x, 3e18 * x)  # its loss is finite
        assert (int(undone.total), int(undone.in_a_row)) == (1, 1)
        model.train_on_batch(x, x)
        assert (int(undone.total), int(undone.in_a_row)) == (1, 0)


def test_skipping_ends_with_too_many_in_a_row(runs, tmp_path, small):
    run = {"on_nan": "skip", "nan_limit": 3}
    with (
        pytest.warns(UserWarning, match="2 batches skipped so far"),
        pytest.raises(FloatingPointError, match="not finite 3 times in a row at step 7"),
    ):
        runs.fit(tmp_path, small, runs.numbers(bad=[1, 4, 5, 6]), run=run)
    assert runs.names(tmp_path) == ["000001-step-3", "000002-step-6"]


def test_skipping_goes_on_counting_after_a_restart(runs, tmp_path, small, begun):
    run = {"on_nan": "skip"}
    with pytest.warns(UserWarning, match="2 batches skipped so far"):
        history = runs.fit(tmp_path / "whole", small, runs.numbers(bad=[1, 7]), run=run)
        whole = runs.state(small), history
        runs.put(*begun)
        with pytest.raises(runs.Ended):
            ended = [runs.At(5, runs.end)]
            runs.fit(tmp_path / "ended", small, runs.numbers(bad=[1, 7]), callbacks=ended, run=run)
        again = runs.goes_on(tmp_path / "ended", small, batches=runs.numbers(bad=[1, 7]), run=run)
    runs.assert_same(whole, again)
    assert history.history["skipped"] == [1, 2, 2]


# Roll back


def test_rolling_back_goes_on_with_the_data_after(runs, tmp_path, small, begun):
    with pytest.warns(UserWarning, match=r"loss is nan at step 8.*Going back to .*step-6"):
        batches = runs.numbers(bad=[7])
        history = runs.fit(tmp_path / "back", small, batches, run={"on_nan": "roll_back"})
    assert_finite(small)
    back = runs.state(small), history
    runs.put(*begun)
    history = runs.fit(tmp_path / "without", small, without(runs.numbers(), 6, 7))
    runs.assert_same(back, (runs.state(small), history))
    lines = (tmp_path / "back" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]


def test_rolling_back_goes_on_after_a_restart(runs, tmp_path, small, begun):
    run = {"on_nan": "roll_back"}
    with pytest.warns(UserWarning, match="Going back"):
        history = runs.fit(tmp_path / "whole", small, runs.numbers(bad=[4]), run=run)
        whole = runs.state(small), history
        runs.put(*begun)
        with pytest.raises(runs.Ended):  # after the checkpoint of step 6, which is batch 8
            ended = [runs.At(10, runs.end)]
            runs.fit(tmp_path / "ended", small, runs.numbers(bad=[4]), callbacks=ended, run=run)
    runs.assert_same(
        whole, runs.goes_on(tmp_path / "ended", small, batches=runs.numbers(bad=[4]), run=run)
    )


def test_rolling_back_gives_up(runs, tmp_path, small):
    run = {"on_nan": "roll_back", "nan_limit": 2}
    with (
        pytest.warns(UserWarning, match="2 of at most 2 times"),
        pytest.raises(FloatingPointError, match="It went back 2 times before"),
    ):
        runs.fit(tmp_path, small, runs.numbers(bad=range(4, 99)), run=run)
    assert runs.names(tmp_path) == ["000001-step-1", "000002-step-3"]


def test_rolling_back_without_a_checkpoint_stops(runs, tmp_path, small):
    with pytest.raises(FloatingPointError, match="there is no checkpoint yet") as error:
        runs.fit(tmp_path, small, runs.numbers(bad=[0]), run={"on_nan": "roll_back"})
    assert "on_nan" not in str(error.value)  # it is chosen already


def test_there_is_something_to_roll_back_to_from_the_first_step_on(runs, tmp_path, small):
    run = {"on_nan": "roll_back", "every_steps": None}
    with pytest.warns(UserWarning, match=r"loss is nan at step 2.*Going back to .*step-1 "):
        runs.fit(tmp_path, small, runs.numbers(bad=[1]), run=run)
    assert_finite(small)
    assert runs.names(tmp_path) == ["000001-step-1", "000002-step-11"]


def test_rolling_back_does_not_turn_clocks_back(runs, tmp_path, small):
    ticks = iter(range(1000))
    limit = TimeLimit(60, clock=lambda: next(ticks))
    begun = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: begun.append(limit.begin)
    )
    with pytest.warns(UserWarning, match="Going back"):
        runs.fit(
            tmp_path,
            small,
            runs.numbers(bad=[7]),
            callbacks=[limit, watch],
            run={"on_nan": "roll_back"},
        )
    assert set(begun) == {begun[0]}
