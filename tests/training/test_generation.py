import html
import re
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import Greedy, Pipeline, build_model
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
from kseq2seq.training import GenerationScore, Samples, averaged_weights
from kseq2seq.training.generation import markdown_table

TEXTS = [
    "a | b",
    "*bold* _and_ `code` <b>&amp; [link](http://a.b) ![x](y) ~~no~~ $x$ \\| \\",
    "두 줄\n그리고 👩‍🚀 e\u0301",
    "# no title",
    "- no list",
    "1. no list",
    "",
    "   ",
    "| --- |",
]


def events(directory):
    """(step, tag, kind of plugin, strings of its tensor) of all that was written, in order."""
    found = []
    for path in sorted(directory.glob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                kind = value.metadata.plugin_data.plugin_name
                strings = tf.make_ndarray(value.tensor).reshape(-1).tolist()
                found.append((event.step, value.tag, kind, strings))
    return found


def predictions(texts):
    """Upper-case letters, each of which looked at its own; what is empty has no alignment."""
    return [
        SimpleNamespace(
            text=text.upper(),
            source_tokens=list(text),
            target_tokens=list(text.upper()),
            alignment=np.eye(len(text)) if text else None,
        )
        for text in texts
    ]


def show(directory, epochs, **options):
    callback = Samples(directory, predictions, ["abc", ""], ["A|C", "nothing"], **options)
    model = keras.Sequential()
    model.compile("sgd", "mse")
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in epochs:
        callback.on_epoch_end(epoch, {})
    callback.on_train_end()


def test_a_table_and_pictures_are_written_at_each_epoch(tmp_path):
    show(tmp_path, range(2))
    found = events(tmp_path)
    assert [each[:3] for each in found] == [
        (0, "samples", "text"),
        (0, "alignment/1", "images"),
        (1, "samples", "text"),
        (1, "alignment/1", "images"),
    ]
    (table,) = found[0][3]
    assert table.decode() == (
        "| source | reference | generated |\n| --- | --- | --- |\n"
        "| abc | A&#124;C | ABC |\n|  | nothing |  |"
    )
    width, height, png = found[1][3]
    picture = tf.io.decode_png(png).numpy()
    assert picture.shape == (int(height), int(width), 3)
    assert (picture == 255).all(axis=-1).mean() > 0.3
    dark = picture.sum(axis=-1) < 50
    assert 0.02 < dark.mean() < 0.5  # three cells of nine, and the letters


def test_not_each_epoch_need_be_shown_and_a_second_fit_adds_to_the_first(tmp_path):
    show(tmp_path, range(4), every=3)
    show(tmp_path, range(4, 8), every=3)
    steps = [step for step, tag, _, _ in events(tmp_path) if tag == "samples"]
    assert sorted(steps) == [0, 3, 6]


def test_tensorboard_shows_each_text_as_it_is():
    from tensorboard.plugin_util import markdown_to_safe_html

    page = markdown_to_safe_html(markdown_table(("n", "text"), [("x", text) for text in TEXTS]))
    rows = re.findall(r"<td[^>]*>x</td>\s*<td[^>]*>(.*?)</td>", page, flags=re.DOTALL)
    assert [html.unescape(row) for row in rows] == [" ".join(text.split()) for text in TEXTS]
    assert "<a" not in page and "<img" not in page


def test_a_pipeline_can_be_given_with_and_without_alignments(tmp_path):
    tokenizer = ByteTokenizer()
    model = build_model("luong", source=tokenizer, target=tokenizer, hidden_dim=4, num_layers=1)
    pipeline = Pipeline(model, TextSource(tokenizer, 20), TextTarget(tokenizer, 5), Greedy())
    for name, generate, tags in (
        ("with", lambda texts: pipeline(texts, alignments=True), ["samples", "alignment/1"]),
        ("without", pipeline, ["samples"]),
    ):
        callback = Samples(tmp_path / name, generate, ["한"], ["one"])
        model.compile()
        callback.set_model(model)
        callback.on_train_begin()
        callback.on_epoch_end(0)
        callback.on_train_end()
        assert [tag for _, tag, _, _ in events(tmp_path / name)] == tags


def test_averaged_weights_generate(small, tmp_path):
    averaged = np.array(small.optimizer._model_variables_moving_average[0]) + 1
    small.optimizer._model_variables_moving_average[0].assign(averaged)
    before, seen = small.get_weights()[0], []

    def generate(texts):
        seen.append(small.get_weights()[0])
        return predictions(texts)

    callback = Samples(tmp_path, generate, ["a"], ["A"])
    callback.set_model(small)
    callback.on_train_begin()
    callback.on_epoch_end(0)
    callback.on_train_end()
    np.testing.assert_array_equal(seen[0], averaged)
    np.testing.assert_array_equal(small.get_weights()[0], before)


def test_it_goes_with_the_curves_of_keras_in_one_directory(small, runs, tmp_path):
    samples = Samples(tmp_path, predictions, ["ab"], ["AB"])
    curves = keras.callbacks.TensorBoard(tmp_path, write_graph=False)
    small.fit(
        runs.numbers(), epochs=2, steps_per_epoch=1, shuffle=False, verbose=0,
        callbacks=[samples, curves],
    )  # fmt: skip
    assert {step for step, _, _, _ in events(tmp_path)} == {0, 1}
    losses = [step for step, tag, _, _ in events(tmp_path / "train") if tag == "epoch_loss"]
    assert losses == [0, 1]


@pytest.mark.parametrize(
    ("sources", "references", "every", "told"),
    [
        (["a"], [], 1, "1 sources and 0 references"),
        ([], [], 1, "at least one"),
        ("a", "b", 0, "every"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, sources, references, every, told):
    with pytest.raises(ValueError, match=told):
        Samples(tmp_path, predictions, sources, references, every)


@pytest.mark.parametrize(
    ("module", "extra"), [("tensorboard", "tensorboard"), ("matplotlib", "plot")]
)
def test_what_is_not_installed_is_told_of_before_training(monkeypatch, tmp_path, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"pip install 'kseq2seq\[{extra}\]'"):
        Samples(tmp_path, predictions, ["a"], ["A"])


X, Y = np.ones((8, 1), "float32"), np.ones((8, 1), "float32")


def tiny(use_ema=False):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=use_ema, ema_momentum=0.5), "mse")
    return model


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
