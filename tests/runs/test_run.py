"""A run that was ended and went on is the run that was not."""

import json
import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.formats import upgraded
from kseq2seq.runs import Run, saving
from kseq2seq.runs.contents import UPGRADES
from kseq2seq.runs.snapshot import both_signatures
from kseq2seq.training import average_weights
from kseq2seq.training.state import state_variables

SETUPS = {
    "averaged": ("tiny", {}),
    "normalized, scaled and gathered": ("normalized", {}),
    "two at once, compiled": ("tiny", {"jit_compile": True, "steps_per_execution": 2}),
}


@pytest.mark.parametrize("setup", SETUPS)
def test_an_ended_run_goes_on_as_if_nothing_had_been(runs, tmp_path, setup):
    name, settings = SETUPS[setup]
    options = {"steps": 10, "validation_data": next(iter(runs.numbers()))}

    build = getattr(runs, name)
    model = build(**settings)
    begun = {id(variable): variable.numpy() for variable in state_variables(model)}
    history = runs.fit(tmp_path / "whole", model, runs.numbers(), **options)
    whole = runs.state(model), history
    for variable in state_variables(model):  # as it was, and what the first step made, at zero
        if variable.name != "learning_rate":
            variable.assign(begun.get(id(variable), np.zeros(variable.shape)))
    if name == "normalized":
        model.optimizer.dynamic_scale.assign(2.0**4)
    ended = [runs.At(8 // model.steps_per_execution, runs.end)]
    with pytest.raises(runs.Ended):
        runs.fit(tmp_path / "ended", model, runs.numbers(), callbacks=ended, **options)
    random.seed(5)
    fresh = build(**settings)  # as another process makes it, with other weights
    history = runs.fit(tmp_path / "ended", fresh, runs.numbers(), **options)
    runs.assert_same(whole, (runs.state(fresh), history))
    assert history.epoch == [0, 1, 2]


def test_a_translator_goes_on_as_if_nothing_had_been(runs, tmp_path):
    """With dropout, averaged weights, clipping and padding."""
    model = runs.translator()
    model.fit(runs.sentences().take(1), verbose=0)
    begun = runs.state(model)
    history = runs.fit(tmp_path / "whole", model, runs.sentences())
    whole = runs.state(model), history
    runs.put(model, begun)
    with pytest.raises(runs.Ended):
        ended = [runs.At(8, runs.end)]
        runs.fit(tmp_path / "ended", model, runs.sentences(), callbacks=ended)
    runs.assert_same(whole, runs.goes_on(tmp_path / "ended", model, batches=runs.sentences()))


def test_it_trains_as_keras_does(runs, tmp_path, small, begun):
    options = {"validation_data": next(iter(runs.numbers()))}
    ours = runs.fit(tmp_path, small, runs.numbers(), steps=8, **options).history
    weights = runs.state(small)
    runs.put(*begun)
    theirs = small.fit(runs.numbers(), epochs=2, steps_per_epoch=4, verbose=0, **options).history
    assert ours == theirs
    for one, other in zip(weights, runs.state(small), strict=True):
        np.testing.assert_array_equal(one, other)


def test_more_steps_go_on_from_the_weights_that_were_not_averaged(runs, tmp_path, small, whole):
    runs.fit(tmp_path, small, runs.numbers(), steps=6)  # in the middle of an epoch
    average = small.optimizer._model_variables_moving_average[0]
    np.testing.assert_array_equal(small.get_weights()[0], np.array(average))
    runs.goes_on(tmp_path, small, steps=8)
    runs.assert_same(whole, runs.goes_on(tmp_path, small))


def test_a_finished_run_trains_no_more(runs, tmp_path, small, whole):
    runs.fit(tmp_path, small, runs.numbers())
    kept = runs.names(tmp_path)
    never = [runs.At(1, runs.end)]
    runs.assert_same(whole, runs.goes_on(tmp_path, small, callbacks=never))
    assert runs.names(tmp_path) == kept == ["000002-step-6", "000003-step-9", "000004-step-11"]


def test_the_history_has_one_line_for_each_epoch(runs, tmp_path, small):
    run = {"every_steps": 5}
    with pytest.raises(runs.Ended):  # after the second epoch, but the checkpoint is within it
        runs.fit(
            tmp_path, small, runs.numbers(), steps=12, callbacks=[runs.At(9, runs.end)], run=run
        )
    with open(tmp_path / "history.jsonl", "a") as file:
        file.write('{"epoch": 3, "st')  # as a kill leaves it
    _, history = runs.goes_on(tmp_path, small, steps=12, run=run)
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line["step"]) for line in lines] == [(1, 4), (2, 8), (3, 12)]
    assert [line["logs"]["loss"] for line in lines] == history.history["loss"]
    assert 0 <= lines[0]["minutes"] <= lines[2]["minutes"]


def test_a_checkpoint_when_minutes_have_passed(runs, tmp_path, small, monkeypatch):
    times = iter(range(0, 10_000, 20))
    monkeypatch.setattr(saving.time, "monotonic", lambda: next(times))
    run = {"every_steps": None, "every_minutes": 2, "keep": 100}
    runs.fit(tmp_path, small, runs.numbers(), run=run)
    steps = [int(name.rsplit("-", 1)[1]) for name in runs.names(tmp_path)]
    assert 3 <= len(steps) <= 6
    assert steps[-1] == 11


def test_data_that_cannot_tell_its_position_is_counted(runs, tmp_path, small, begun):
    def rows():
        rng = np.random.default_rng(0)
        while True:
            yield rng.normal(size=(8, 5)).astype("f4"), rng.normal(size=(8, 1)).astype("f4")

    spec = (tf.TensorSpec((None, 5)), tf.TensorSpec((None, 1)))
    batches = tf.data.Dataset.from_generator(rows, output_signature=spec)
    with pytest.warns(UserWarning, match="position in this data can't be saved") as record:
        history = runs.fit(tmp_path / "whole", small, batches)
        whole = runs.state(small), history
        assert len(record) == 1
        runs.put(*begun)
        with pytest.raises(runs.Ended):
            runs.fit(tmp_path / "ended", small, batches, callbacks=[runs.At(5, runs.end)])
        runs.assert_same(whole, runs.goes_on(tmp_path / "ended", small, batches=batches))


def test_bfloat16_weights_come_back_bit_for_bit(runs, tmp_path):
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1, dtype="bfloat16")])
    model.compile("adam", "mse")
    history = runs.fit(tmp_path, model, runs.numbers(), steps=3)
    before = runs.state(model)
    assert before[0].dtype == "bfloat16"
    runs.assert_same((before, history), runs.goes_on(tmp_path, model, steps=3))


def test_global_random_numbers_go_on(runs, tmp_path, small):
    class Drawn(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            noise = float(np.array(keras.random.uniform(())))
            drawn.append((random.random(), np.random.normal(), noise))

    drawn = []
    runs.fit(tmp_path / "whole", small, runs.numbers(), callbacks=[Drawn()])
    whole, drawn = drawn, []
    keras.utils.set_random_seed(0)
    with pytest.raises(runs.Ended):
        runs.fit(
            tmp_path / "ended", small, runs.numbers(), callbacks=[Drawn(), runs.At(8, runs.end)]
        )
    del drawn[6:]
    random.seed(5)
    np.random.seed(5)
    runs.fit(tmp_path / "ended", small, runs.numbers(), callbacks=[Drawn()])
    assert drawn == whole


def test_another_global_seed_is_told_of(runs, tmp_path, small):
    runs.fit(tmp_path, small, runs.numbers(), steps=3)
    keras.utils.set_random_seed(1)
    with pytest.warns(UserWarning, match=r"seed was 0 when the run began and is 1 now"):
        runs.fit(tmp_path, small, runs.numbers(), steps=4)


# Another small, other data


@pytest.mark.parametrize(
    "build, told",
    [
        (lambda runs: runs.tiny(units=4), r"dense/kernel float32 \(5, 4\) in place of .* \(5, 3\)"),
        (
            lambda runs: runs.tiny(keras.optimizers.Adam()),
            "19 variables there, 19 here, 10 of them unlike",
        ),
        (lambda runs: runs.tiny(keras.optimizers.SGD()), "19 variables there, 11 here"),
        (
            lambda runs: runs.tiny(metrics=["mse"]),
            "mean_squared_error/total .* in place of mean_absolute",
        ),
    ],
)
def test_another_model_is_refused(runs, tmp_path, small, build, told):
    runs.fit(tmp_path, small, runs.numbers(), steps=3)
    with pytest.raises(ValueError, match=told):
        runs.fit(tmp_path, build(runs), runs.numbers(), steps=4)


def test_other_data_is_refused(runs, tmp_path, small):
    runs.fit(tmp_path, small, runs.numbers(), steps=3)
    with pytest.raises(ValueError, match=r"other data: its batches were \['float32 \(None, 5\)'"):
        runs.fit(tmp_path, small, runs.numbers(width=6), steps=4)
    with pytest.raises(ValueError, match="was made with different data"):
        runs.fit(tmp_path, small, runs.numbers().shuffle(10, seed=2), steps=4)


def test_other_epochs_are_refused(runs, tmp_path, small):
    runs.fit(tmp_path, small, runs.numbers(), steps=3)
    with pytest.raises(ValueError, match="has steps_per_epoch=4; got 5"):
        runs.fit(tmp_path, small, runs.numbers(), steps=4, steps_per_epoch=5)


def test_data_that_ends_is_refused(runs, tmp_path, small):
    with pytest.raises(ValueError, match="has 5 batches, fewer than steps=11"):
        runs.fit(tmp_path, small, runs.numbers().take(5))
    unknown = runs.numbers().take(5).filter(lambda *_: True)
    with pytest.raises(ValueError, match="ended after 5 batches, before steps=11"):
        runs.fit(tmp_path, small, unknown)


@pytest.mark.parametrize(
    "options, told",
    [
        ({"every_steps": 0}, "every_steps"),
        ({"every_minutes": 0}, "every_minutes"),
        ({"keep": 0}, "keep"),
        ({"nan_limit": 0}, "nan_limit"),
        ({"on_nan": "ignore"}, "on_nan.*'ignore'"),
        ({"on_full_disk": "skip"}, "on_full_disk.*'skip'"),
    ],
)
def test_bad_settings_are_refused(runs, tmp_path, options, told):
    with pytest.raises(ValueError, match=told):
        Run(tmp_path, **options)


def test_the_weights_of_checkpoints_are_there_to_read(runs, tmp_path, small):
    seen = []
    watch = runs.At(6, lambda: seen.append(small.get_weights()))
    runs.fit(tmp_path, small, runs.numbers(), steps=9, callbacks=[watch], run={"keep": 2})
    kept = list(Run(tmp_path).weights(small))
    assert len(kept) == 2
    for weight, before in zip(kept[0], seen[0], strict=True):
        np.testing.assert_array_equal(weight, before)
    small.set_weights(average_weights(kept))
    (tmp_path / "checkpoints" / "000003-step-9" / "state.npz").write_bytes(b"")
    (only,) = Run(tmp_path).weights(small)
    np.testing.assert_array_equal(only[0], kept[0][0])
    with pytest.raises(ValueError, match="is of another model"):
        list(Run(tmp_path).weights(runs.tiny(units=4)))
    with pytest.raises(FileNotFoundError, match=r"no checkpoint in .*nothing"):
        list(Run(tmp_path / "nothing").weights(small))
    assert not (tmp_path / "nothing").exists()


def test_a_model_in_which_other_layers_are_frozen_is_refused(runs, tmp_path):
    runs.fit(tmp_path, runs.tiny(), runs.numbers(), steps=2)
    model = runs.tiny()
    model.layers[-1].trainable = False
    with pytest.raises(
        ValueError, match=r"has 0 frozen weights and this model \d.* is frozen here"
    ):
        runs.fit(tmp_path, model, runs.numbers(), steps=4)


def test_checkpoints_of_before_paths_were_whole_are_read():
    here = [keras.Variable(np.zeros((2, 3), "float32"), name=name) for name in ("kernel", "other")]
    before = {"described": ["norm/gamma float32 (2, 3)", "beta float32 (2, 3)"]}

    def compared(record):
        return set(map(tuple, both_signatures(here, upgraded(record, UPGRADES, "state.json"))))

    assert len(compared(before)) == 1
    assert len(compared({**before, "format": 2})) == 2
    with pytest.raises(ValueError, match="format 3"):
        compared({**before, "format": 3})


def test_bad_arguments_are_refused(runs, tmp_path, small):
    with pytest.raises(ValueError, match="not compiled"):
        runs.fit(tmp_path, keras.Sequential(), runs.numbers())
    with pytest.raises(TypeError, match=r"tf\.data\.Dataset.*list"):
        runs.fit(tmp_path, small, [1])
    with pytest.raises(ValueError, match="multiples of the model's steps_per_execution=2; got 7"):
        runs.fit(tmp_path, runs.tiny(steps_per_execution=2), runs.numbers(), steps=7)
    endless = runs.numbers().apply(
        tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    )
    with pytest.raises(ValueError, match="`validation_data` has no end"):
        runs.fit(tmp_path, small, runs.numbers(), validation_data=endless)
    assert list(tmp_path.iterdir()) == []
