import json
import os
import subprocess
import sys
import time
import warnings

import keras
import numpy as np
import pytest

from kseq2seq import build_model
from kseq2seq.data import Corpus, Pair
from kseq2seq.disk.files import sha256
from kseq2seq.runs import Record, Run, add_scores, read_runs
from kseq2seq.runs import record as module
from kseq2seq.runs.description import revision
from kseq2seq.training import InverseSquareRoot, TokenCrossEntropy, packed


def read(path):
    return json.loads((path / "run.json").read_text(encoding="utf-8"))


@pytest.fixture
def fresh(small):
    """A model that has taken no step yet, though it was traced."""
    small.optimizer.iterations.assign(0)
    return small


@pytest.fixture
def train(runs):
    def fit(model, callbacks, epochs=2):
        model.fit(
            runs.numbers(), epochs=epochs, steps_per_epoch=3, callbacks=callbacks, verbose=0,
            shuffle=False,
        )  # fmt: skip

    return fit


def begin(record, model):
    record.set_model(model)
    record.on_train_begin()
    record.on_train_batch_begin(0)


def test_all_of_a_run_is_written_down(tmp_path):
    keras.utils.set_random_seed(11)
    (tmp_path / "words.txt").write_text("하나 👩‍🚀\n", encoding="utf-8")
    with Corpus.write([Pair("a", "b", "a"), Pair("c", "d", "c")]) as corpus:
        checksum = sha256(corpus.path)
        record = Record(
            tmp_path / "run",
            settings={
                "name": "한국어 é",
                "sizes": (1, 2),
                "rate": 0.5,
                "from": tmp_path,
                "no": None,
            },
            data={"train": corpus, "words": tmp_path / "words.txt"},
        )
    model = build_model("gru", source=9, target=9, hidden_dim=4)
    model.compile(
        keras.optimizers.Adam(InverseSquareRoot(1e-3, 10), use_ema=True),
        TokenCrossEntropy(label_smoothing=0.1),
    )
    begin(record, model)
    kept = read(tmp_path / "run")
    assert kept["format_version"] == 1
    assert kept["steps"] == 0
    assert kept["seed"] == 11
    assert kept["settings"] == {
        "name": "한국어 é",
        "sizes": [1, 2],
        "rate": 0.5,
        "from": str(tmp_path),
        "no": None,
    }
    assert kept["data"]["train"] == {"pairs": 2, "sha256": checksum}
    assert kept["data"]["words"]["sha256"] == sha256(tmp_path / "words.txt")
    assert kept["model"] == {
        "class": "Seq2Seq",
        "config": model.get_config(),
        "parameters": model.count_params(),
    }
    optimizer = kept["optimizer"]
    assert (optimizer["class"], optimizer["config"]["use_ema"]) == ("Adam", True)
    assert optimizer["config"]["learning_rate"] == {
        "class": "InverseSquareRoot",
        "config": {"peak": 1e-3, "warmup_steps": 10},
    }
    assert kept["loss"]["config"]["label_smoothing"] == 0.1
    assert kept["environment"]["keras"] == keras.__version__
    assert kept["environment"]["precision"] == "float32"
    assert kept["environment"]["devices"]
    assert kept["resumed"] == []
    assert kept["began"].endswith("+00:00")
    rebuilt = build_model(**kept["model"]["config"])
    assert rebuilt.count_params() == kept["model"]["parameters"]


def test_the_last_the_least_and_the_most_of_each_log_are_kept(fresh, tmp_path):
    record = Record(tmp_path)
    begin(record, fresh)
    for epoch, bleu in enumerate((0.0, 7.0, 3.0, float("nan"))):
        record.on_epoch_end(
            epoch, {"val_bleu": np.float32(bleu), "confusion": np.eye(2), "note": "x"}
        )
    assert read(tmp_path)["logs"] == {"val_bleu": {"last": None, "least": 0.0, "most": 7.0}}
    assert read(tmp_path)["state"] == "training"
    record.on_train_end()
    assert read(tmp_path)["state"] == "finished"


def test_another_fit_of_the_model_goes_on_and_a_new_model_begins_anew(
    fresh, train, tmp_path, monkeypatch
):
    clock = iter(range(0, 10_000, 60))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    train(fresh, [Record(tmp_path, settings={"part": 1})])
    first = read(tmp_path)
    add_scores(tmp_path, {"bleu": 3.5})
    train(fresh, [Record(tmp_path, settings={"part": 2})])
    second = read(tmp_path)
    assert (first["steps"], second["steps"]) == (6, 12)
    assert second["minutes"] == 2 * first["minutes"] > 1
    assert second["began"] == first["began"]
    assert second["scores"] == {"bleu": 3.5}
    assert second["settings"] == {"part": 1}
    (resumed,) = second["resumed"]
    assert resumed["step"] == 6
    assert resumed["settings"] == {"part": 2}
    assert "data" not in resumed and "environment" not in resumed
    fresh.optimizer.iterations.assign(0)
    train(fresh, [Record(tmp_path)])
    anew = read(tmp_path)
    assert (anew["steps"], anew["resumed"], anew["scores"]) == (6, [], {})


def test_other_data_is_told(fresh, train, tmp_path):
    for name, text in (("one", "a"), ("same", "a"), ("other", "b")):
        (tmp_path / name).write_text(text)
    train(fresh, [Record(tmp_path / "run", data={"train": tmp_path / "one"})])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(fresh, [Record(tmp_path / "run", data={"train": tmp_path / "same"})])
    with pytest.warns(UserWarning, match=r"other data than before: 'train' is .*other.*one"):
        train(fresh, [Record(tmp_path / "run", data={"train": tmp_path / "other"})])
    *_, resumed = read(tmp_path / "run")["resumed"]
    assert resumed["data"]["train"]["file"].endswith("other")


def test_a_run_that_goes_on_is_one_run(fresh, runs, tmp_path):
    with pytest.raises(runs.Ended):  # after a checkpoint at step 6, an epoch's end at step 4
        callbacks = [Record(tmp_path, settings={"a": 1}), runs.At(8, runs.end)]
        runs.fit(tmp_path, fresh, runs.numbers(), callbacks=callbacks)
    ended = read(tmp_path)
    assert (ended["state"], ended["steps"]) == ("training", 4)
    _, history = runs.goes_on(tmp_path, fresh, callbacks=[Record(tmp_path, settings={"a": 1})])
    whole = read(tmp_path)
    assert (whole["state"], whole["steps"]) == ("finished", 11)
    assert whole["began"] == ended["began"]
    assert [(each["step"], "settings" in each) for each in whole["resumed"]] == [(6, False)]
    assert whole["minutes"] >= ended["minutes"]
    assert whole["logs"]["loss"]["last"] == history.history["loss"][-1]
    runs.goes_on(tmp_path, fresh, callbacks=[Record(tmp_path)])  # nothing is left to do
    assert (read(tmp_path)["state"], read(tmp_path)["steps"]) == ("finished", 11)


def test_minutes_of_a_checkpoint_count_where_the_record_is_older(fresh, tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    record = Record(tmp_path)
    record.set_model(fresh)
    record.on_train_begin()
    now[0] = 120.0
    state = record.get_state()
    assert state == {"minutes": 2.0}
    now[0] = 300.0
    record.set_state(state)  # a roll-back: the time has gone by all the same
    assert record.get_state() == {"minutes": 5.0}
    record.set_state({"minutes": 9.0})
    now[0] = 360.0
    assert record.get_state() == {"minutes": 10.0}


def test_compiling_is_told_from_training(fresh, runs, tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    class Slow(keras.callbacks.Callback):
        """A first step of 3 minutes, of which all but little is compiling, and steps of one."""

        def __init__(self):
            super().__init__()
            self.first = True

        def on_train_batch_begin(self, batch, logs=None):
            now[0] += 180.0 if self.first else 60.0
            self.first = False

    def train(steps):
        callbacks = [Slow(), Record(tmp_path)]
        options = {"run": {"every_steps": None}, "steps_per_epoch": 2, "callbacks": callbacks}
        runs.fit(tmp_path, fresh, runs.numbers(), steps, **options)
        lines = (tmp_path / "history.jsonl").read_text().splitlines()
        told = [json.loads(line) for line in lines] + [read(tmp_path)]
        return [(each["minutes"], each["compiling"]) for each in told]

    assert train(4) == [(4.0, 3.0), (6.0, 3.0), (6.0, 3.0)]
    assert train(6)[-2:] == [(10.0, 6.0), (10.0, 6.0)]


def test_scores_added_in_the_middle_stay(fresh, train, tmp_path):
    class Score(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch:
                add_scores(tmp_path, {f"at_{epoch}": epoch})

    train(fresh, [Record(tmp_path), Score()], epochs=3)
    assert read(tmp_path)["scores"] == {"at_1": 1.0, "at_2": 2.0}


def test_what_cant_be_written_does_not_end_training(fresh, train, tmp_path, monkeypatch):
    def full(path, record):
        if record["steps"]:
            raise OSError(28, "No space left on device")
        write(path, record)

    write = module.write_record
    monkeypatch.setattr(module, "write_record", full)
    with pytest.warns(UserWarning, match="No space left"):
        train(fresh, [Record(tmp_path)])
    assert read(tmp_path)["steps"] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "run.json"]


def test_any_keras_model_optimizer_and_loss_can_be_recorded(train, tmp_path):
    class Rate(keras.optimizers.schedules.LearningRateSchedule):  # without get_config
        def __call__(self, step):
            return 0.1

    class Odd(keras.Model):
        def __init__(self, scale):
            super().__init__()
            self.dense = keras.layers.Dense(1, kernel_initializer=scale)

        def call(self, x):
            return self.dense(x)

    def distance(y, made):
        return keras.ops.mean(keras.ops.abs(y - made))

    model = Odd(keras.initializers.Ones())
    model.compile(keras.optimizers.SGD(Rate()), distance)
    train(model, [Record(tmp_path)], epochs=1)
    kept = read(tmp_path)
    assert kept["loss"] == "distance"
    assert kept["optimizer"]["class"] == "SGD"
    assert kept["model"]["class"] == "Odd"
    assert kept["model"]["parameters"] == 6


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"optimizer": keras.optimizers.SGD}, TypeError, "settings.optimizer"),
        ({"a": {"rate": np.float32(1)}}, TypeError, r"settings.a.rate.*float32"),
        ({"a": [1.0, float("inf")]}, ValueError, r"settings.a\[1\].*finite"),
        ({"a": {1: 2}}, TypeError, "Names in `settings.a` must be strings"),
        (["a"], TypeError, "settings.*list"),
    ],
)
def test_settings_that_json_cant_hold_are_refused(tmp_path, settings, error, told):
    with pytest.raises(error, match=told):
        Record(tmp_path / "run", settings=settings)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("data", "error", "told"),
    [
        ({"train": "no such file"}, FileNotFoundError, "data.train"),
        ({"train": 3}, TypeError, "data.train.*Corpus or a path"),
        ("train.tsv", TypeError, '"train": corpus'),
    ],
)
def test_data_of_another_kind_is_refused(tmp_path, data, error, told):
    with pytest.raises(error, match=told):
        Record(tmp_path, data=data)


def test_scores_that_are_none_are_refused(fresh, train, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run.json is missing; pass the directory of"):
        add_scores(tmp_path, {"bleu": 1.0})
    train(fresh, [Record(tmp_path)])
    for score in (float("nan"), "31", None):
        with pytest.raises(ValueError, match=r"'bleu' must be a finite number"):
            add_scores(tmp_path, {"bleu": score})
    add_scores(tmp_path, {"bleu": np.float32(1.5)})
    add_scores(tmp_path, {"chrf": 2, "bleu": 2.5})
    assert read(tmp_path)["scores"] == {"bleu": 2.5, "chrf": 2.0}


def test_a_damaged_record_is_told_of_before_training_goes_on(fresh, train, tmp_path):
    train(fresh, [Record(tmp_path)])
    text = (tmp_path / "run.json").read_text()
    (tmp_path / "run.json").write_text(text[:-20])
    with pytest.raises(ValueError, match=r"run.json is not valid JSON"):
        train(fresh, [Record(tmp_path)])


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"minutes": None}, "minutes"),
        ({"minutes": float("nan")}, "minutes"),
        ({"steps": 10**400}, "steps"),
        ({"logs": {"loss": 3}}, "logs"),
        ({"scores": [1]}, "scores"),
        ({"data": {"train": "x"}}, "data"),
        ({"resumed": 3}, "resumed"),
    ],
)
def test_a_record_that_cant_be_is_named(fresh, train, tmp_path, change, name):
    record = Record(tmp_path)
    begin(record, fresh)
    record.on_train_end()
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**read(tmp_path), **change}))
    fresh.optimizer.iterations.assign(3)
    with pytest.raises(ValueError, match=f"run.json is damaged: it has no usable '{name}'.*rename"):
        begin(Record(tmp_path), fresh)
    with pytest.raises(ValueError, match="is damaged"):
        add_scores(tmp_path, {"bleu": 1.0})


@pytest.mark.parametrize("content", ["", "{", "[]", "\0", '{"format_version": 1}'])
def test_a_record_that_is_damaged_while_it_trains_is_written_anew(fresh, tmp_path, content):
    record = Record(tmp_path, settings={"rate": 1})
    begin(record, fresh)
    add_scores(tmp_path, {"bleu": 2.0})
    record.on_epoch_end(0, {"loss": 1.5})
    (tmp_path / "run.json").write_text(content)
    record.on_epoch_end(1, {"loss": 0.5})
    assert read(tmp_path)["logs"]["loss"] == {"last": 0.5, "least": 0.5, "most": 1.5}
    assert (read(tmp_path)["scores"], read(tmp_path)["settings"]) == ({"bleu": 2.0}, {"rate": 1})


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes there")
@pytest.mark.parametrize("make", ["mkdir", "mkfifo"])
def test_an_odd_lock_is_not_waited_for(fresh, tmp_path, make):
    getattr(os, make)(tmp_path / "lock")
    begin(Record(tmp_path), fresh)
    ((run,), _) = read_runs([tmp_path])
    assert run.state == "unfinished"


def test_the_commit_is_that_of_the_working_directory(tmp_path, monkeypatch):
    def git(*arguments):
        name = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
        done = subprocess.run(
            ["git", *name, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revision() is None
    try:
        git("init")
    except OSError:
        pytest.skip("git is not installed")
    assert revision() is None  # no commit yet
    (tmp_path / "code.py").write_text("1")
    git("add", ".")
    git("commit", "--message", "one")
    (tmp_path / "untracked").write_text("")
    assert revision() == {"commit": git("rev-parse", "HEAD"), "changed": False}
    (tmp_path / "code.py").write_text("2")
    assert revision() == {"commit": git("rev-parse", "HEAD"), "changed": True}
    monkeypatch.setenv("PATH", "")
    assert revision() is None


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_others_see_that_it_goes_on(fresh, train, runs, tmp_path):
    seen = []

    class See(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            ((run,), _) = read_runs([tmp_path])
            seen.append(run.state)

    train(fresh, [Record(tmp_path), See()], epochs=1)
    Run(tmp_path / "kept").fit(
        fresh, runs.numbers(), steps=2, steps_per_epoch=2, verbose=0,
        callbacks=[Record(tmp_path), See()],
    )  # fmt: skip
    (run,), _ = read_runs([tmp_path])
    assert seen == ["running", "running"]
    assert run.state == "finished"


def test_a_view_is_recorded_as_the_model_that_it_is_of(tmp_path):
    model = build_model(
        "transformer", 9, 9, hidden_dim=8, num_layers=1, num_heads=2, dtype="mixed_bfloat16"
    )
    view = packed(model)
    view.compile("adam", TokenCrossEntropy())
    begin(Record(tmp_path, model=model), view)
    kept = read(tmp_path)
    assert kept["model"]["config"]["architecture"] == "transformer"
    assert kept["model"]["parameters"] == model.count_params()
    assert kept["environment"]["precision"] == "mixed_bfloat16"
