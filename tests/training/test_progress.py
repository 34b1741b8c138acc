import io
import math
import time

import keras
import numpy as np
import pytest

from kseq2seq.training import Progress, TimeLimit
from kseq2seq.training import progress as module


class Model:
    steps_per_execution = 1
    stop_training = False


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def begun(progress, *others):
    for each in (*others, progress):
        each.set_model(Model())
        each.on_train_begin()
    return progress


@pytest.mark.parametrize(
    ("steps", "minutes", "told"),
    [
        (100, 10, "step 50 of 100  0.8 of 10 min  loss 2.500  0:50 left"),  # a second a step
        (10**9, 2, "step 50 of 1,000,000,000  0.8 of 2 min  loss 2.500  1:11 left"),
        (None, 2, "step 50  0.8 of 2 min  loss 2.500  1:11 left"),
        (100, None, "step 50 of 100  loss 2.500  0:50 left"),
        (100, math.inf, "step 50 of 100  loss 2.500  0:50 left"),
    ],
)
def test_the_time_left_is_that_of_what_ends_training_first(clock, steps, minutes, told):
    limit = minutes and TimeLimit(minutes, lambda: clock[0])
    file = io.StringIO()
    progress = begun(Progress(steps, limit, file=file), *([limit] if limit else []))
    clock[0] = 600.0  # compiling says nothing of the pace
    for _ in range(50):
        clock[0] += 1.0
        if limit:
            limit.on_train_batch_end(0)
        progress.on_train_batch_end(0, {"loss": 2.5})
    progress.on_epoch_end(0, {"loss": 2.5})
    assert file.getvalue().splitlines()[-1] == told


def test_a_pace_that_changes_is_followed(clock):
    file = io.StringIO()
    progress = begun(Progress(1000, file=file))
    for seconds in [1.0] * 100 + [5.0] * 100:
        clock[0] += seconds
        progress.on_train_batch_end(0)
    progress.on_epoch_end(0)
    hours, minutes, _ = file.getvalue().splitlines()[-1].split()[-2].split(":")
    assert 60 <= 60 * int(hours) + int(minutes) <= 67  # 800 steps of five seconds


def test_scores_have_the_names_of_tables_and_stay_until_the_next(clock):
    file = io.StringIO()
    progress = begun(Progress(4, rewrite=True, file=file))
    clock[0] = 2.0
    progress.on_train_batch_end(0, {"loss": 3.0})
    progress.on_epoch_end(0, {"loss": 3.0, "val_bleu": 12.34, "val_chrf": 40.0, "val_loss": 2.0})
    clock[0] = 4.0
    progress.on_train_batch_end(0, {"loss": 2.0})
    progress.on_epoch_end(1, {"loss": 2.0})  # not scored
    assert "BLEU 12.3  chrF 40.0" in file.getvalue().splitlines()[-1]
    progress.on_train_batch_end(0, {"loss": 2.0})
    clock[0] = 6.0
    progress.on_train_batch_end(0, {"loss": 2.0})
    progress.on_train_end()
    first, second, third, _ = file.getvalue().replace("\r", "\n").splitlines()[:4]
    assert first == "step 1 of 4  loss 3.000"
    assert second == "step 1 of 4  loss 3.000  BLEU 12.3  chrF 40.0  val_loss 2.000"
    assert third.startswith("step 2 of 4  loss 2.000  BLEU 12.3  chrF 40.0  val_loss 2.000  0:04")
    assert file.getvalue().endswith("\n")


def test_a_log_has_a_line_a_minute_and_a_terminal_one_that_is_rewritten(clock):
    log, screen = io.StringIO(), io.StringIO()
    shown = [begun(Progress(1000, file=log)), begun(Progress(1000, rewrite=True, file=screen))]
    for _ in range(150):
        clock[0] += 1.0
        for each in shown:
            each.on_train_batch_end(0, {"loss": 1.0})
    assert len(log.getvalue().splitlines()) == 2
    assert screen.getvalue().count("\r") > 100
    assert "\n" not in screen.getvalue()


def test_a_run_shows_it_and_its_own_limit(runs, tmp_path, small, capsys):
    limit = TimeLimit(60)
    runs.fit(tmp_path, small, runs.numbers(), callbacks=[limit], verbose=2)
    said = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in said] == [f"step {n} of 11" for n in (4, 8, 11)]
    assert all(" of 60 min  loss " in line for line in said)
    assert all(line.endswith(" left") for line in said)
    assert said[-1].endswith(" 0:00 left")
    runs.fit(tmp_path, small, runs.numbers(), 14, callbacks=[limit], verbose=2)
    went_on, *rest = capsys.readouterr().out.splitlines()
    assert went_on.startswith("Resuming from step 11")
    assert rest[-1].startswith("step 14 of 14")


X, Y = np.ones((8, 1), "float32"), np.ones((8, 1), "float32")


def tiny():
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def test_time_limit_ends_training_between_batches():
    class Slow(keras.callbacks.Callback):
        batches = 0

        def on_train_batch_end(self, batch, logs=None):
            Slow.batches += 1
            time.sleep(0.05)

    tiny().fit(X, Y, epochs=1000, batch_size=1, verbose=0, callbacks=[Slow(), TimeLimit(0.005)])
    assert 1 <= Slow.batches <= 8


def test_time_limit_refuses_no_time():
    with pytest.raises(ValueError, match="above 0"):
        TimeLimit(0)


def test_time_limit_asks_the_clock_it_is_given():
    ticks = iter(range(100))
    done = tiny().fit(
        X, Y, epochs=50, batch_size=len(X), verbose=0, callbacks=[TimeLimit(0.1, ticks.__next__)]
    )
    assert len(done.epoch) == 6  # seconds: one at each batch


def test_time_limit_counts_training_and_not_what_comes_before():
    now = [0.0]

    spans = iter([600.0, *[10.0] * 50])  # compiles, then trains

    class Slow(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            now[0] += next(spans)

    limit = TimeLimit(1, lambda: now[0])
    seen = (
        tiny().fit(X, Y, epochs=50, batch_size=len(X), verbose=0, callbacks=[Slow(), limit]).epoch
    )
    assert len(seen) == 7  # the first, and six of ten seconds
