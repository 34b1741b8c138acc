import time

import keras
import numpy as np
import pytest

from kseq2seq.training import GenerationScore, TimeLimit, averaged_weights


def tiny(use_ema=False):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=use_ema, ema_momentum=0.5), "mse")
    return model


X, Y = np.ones((8, 1), "float32"), np.ones((8, 1), "float32")


def test_early_stopping_finds_the_score(tmp_path):
    answers = iter([["a b"], ["a b c d"], ["x"], ["x"], ["x"]])
    score = GenerationScore(lambda texts: next(answers), ["source"], ["a b c d"])
    stop = keras.callbacks.EarlyStopping(monitor="val_chrf", mode="max", patience=1)
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best-{epoch}.keras", monitor="val_chrf", mode="max", save_best_only=True
    )
    history = tiny().fit(X, Y, epochs=5, verbose=0, callbacks=[score, stop, best]).history
    assert len(history["val_chrf"]) == 3  # best at the second epoch, patience of one
    assert history["val_chrf"][1] == pytest.approx(100)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best-1.keras", "best-2.keras"]


def test_an_epoch_without_a_score_has_none_in_its_logs():
    made = []
    score = GenerationScore(lambda texts: made.append(1) or ["a"], ["s"], ["a"], every=3)
    history = tiny().fit(X, Y, epochs=5, verbose=0, callbacks=[score]).history
    assert len(made) == 2
    assert len(history["val_bleu"]) == 2
    assert len(history["loss"]) == 5


def test_scores_averaged_weights_and_puts_the_others_back():
    model, seen = tiny(use_ema=True), []

    def generate(texts):
        seen.append(model.get_weights()[0].copy())
        return ["a"]

    model.fit(X, Y, epochs=1, batch_size=1, verbose=0, callbacks=[])
    raw = model.get_weights()[0]
    average = model.optimizer._model_variables_moving_average[0]
    average.assign(average + 1)
    with averaged_weights(model):
        generate([])
    assert np.allclose(seen[0], np.array(average))
    assert np.array_equal(model.get_weights()[0], raw)


def test_refuses_sources_without_references():
    with pytest.raises(ValueError, match="1 sources and 0 references"):
        GenerationScore(lambda texts: texts, ["a"], [])
    with pytest.raises(ValueError, match="`sources` must be a list of strings"):
        GenerationScore(lambda texts: texts, "ab", "cd")
    with pytest.raises(TypeError, match="Text 0 of `references` must be a str"):
        GenerationScore(lambda texts: texts, ["a"], [None])


def test_a_chinese_score_is_of_chinese_units_from_the_first_epoch_on():
    references = ["今天天气很好。", ["我喜欢在公园里散步。", "我爱在公园散步。"]]
    answers = iter([["", ""], ["今天天气很好。", "我爱在公园散步。"]])
    score = GenerationScore(lambda texts: next(answers), ["a", "b"], references)
    found = []
    for epoch in range(2):
        logs = {}
        score.set_model(tiny())
        score.on_epoch_end(epoch, logs)
        found.append(logs["val_bleu"])
        assert "val_bleu" in str(score.scores) and "tok:zh" in str(score.scores)
    assert found == [0, pytest.approx(100)]


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


def test_what_is_not_compiled_has_no_averages():
    with (
        pytest.raises(ValueError, match=r"'gone' is not compiled.*the view"),
        averaged_weights(keras.Sequential(name="gone")),
    ):
        pass
