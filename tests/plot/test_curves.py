from __future__ import annotations

import json
import math
import sys

import keras
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from kseq2seq import plot

HISTORY = {
    "loss": [3.0, 2.0, 1.5],
    "token_accuracy": [0.2, 0.4, 0.5],
    "val_loss": [3.1, 2.4, np.float32(2.2)],
    "val_bleu": [4, 9, 12],
}


def drawn(figure):
    """For each panel its label, and the points of each line."""
    return {
        axes.get_ylabel(): {
            line.get_label(): [tuple(map(float, point)) for point in line.get_xydata()]
            for line in axes.lines
        }
        for axes in figure.axes
    }


def test_training_and_validation_share_a_panel():
    figure = plot.curves(HISTORY, title="en-ko")
    assert list(drawn(figure)) == ["loss", "token accuracy", "bleu"]
    loss = drawn(figure)["loss"]
    assert loss["training"] == [(1.0, 3.0), (2.0, 2.0), (3.0, 1.5)]
    assert loss["validation"] == pytest.approx(np.array([(1, 3.1), (2, 2.4), (3, 2.2)]))
    assert list(drawn(figure)["bleu"]) == ["validation"]
    assert figure.get_suptitle() == "en-ko"
    for axes in figure.axes:
        assert axes.get_xlabel() == "epoch"
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels == [line.get_label() for line in axes.lines]


def test_lines_can_be_told_apart_without_color():
    one, other = plot.curves(HISTORY).axes[0].lines
    assert (one.get_linestyle(), one.get_marker()) != (other.get_linestyle(), other.get_marker())
    assert one.get_linestyle() != other.get_linestyle()


def test_what_fit_returns_is_drawn():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((8, 1))
    history = model.fit(x, x, epochs=2, validation_data=(x, x), verbose=0)
    (panel,) = drawn(plot.curves(history)).values()
    values = [history.history["loss"], history.history["val_loss"]]
    assert [[y for _, y in line] for line in panel.values()] == values


def test_a_run_is_read_from_its_directory(tmp_path):
    lines = [
        {"epoch": 1, "step": 5, "logs": {"loss": 3.0, "per_class": [0.1, 0.2]}},
        {"epoch": 2, "step": 10, "logs": {"loss": None, "val_loss": 2.5}},
        {"epoch": 3, "step": 15, "logs": {"loss": 2.0, "val_loss": None}},
    ]
    history = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "history.jsonl").write_text(history)
    (panel,) = drawn(plot.curves(tmp_path)).values()
    (_, first), (_, gap), (_, last) = panel["training"]
    assert (first, last) == (3.0, 2.0) and math.isnan(gap)  # null: it was not finite
    assert panel["validation"][0] == (2.0, 2.5) and len(panel["validation"]) == 2
    assert drawn(plot.curves(str(tmp_path))).keys() == {"loss"}


def test_a_line_that_is_being_written_does_not_count(tmp_path):
    line = json.dumps({"epoch": 1, "logs": {"loss": 3.0}}) + "\n"
    (tmp_path / "history.jsonl").write_text(line + '{"epoch": 2, "logs": {"lo')
    assert drawn(plot.curves(tmp_path))["loss"]["training"] == [(1.0, 3.0)]


def test_epochs_are_whole_numbers():
    figure = plot.curves({"loss": [2.0, 1.0]})
    FigureCanvasAgg(figure).draw()
    assert all(tick == round(tick) for tick in figure.axes[0].get_xticks())


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")]
)
def test_saved_in_the_format_of_the_suffix(tmp_path, suffix, start):
    path = tmp_path / f"곡선.{suffix}"
    plot.curves(HISTORY, str(path))
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["curves.jpg", "curves", "png"])
def test_unknown_suffixes_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=rf"`path` must end in \.png, \.svg or \.pdf.*{name}"):
        plot.curves(HISTORY, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_run_that_began_with_numbers_that_are_not_finite_is_drawn(tmp_path):
    lines = [{"epoch": 1, "logs": {"loss": None}}, {"epoch": 2, "logs": {"loss": 2.0}}]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (_, first), last = drawn(plot.curves(tmp_path, tmp_path / "a.png"))["loss"]["training"]
    assert math.isnan(first) and last == (2.0, 2.0)


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"matrix": [[1.0], [2.0]]}])
def test_a_history_without_numbers_is_refused(history):
    with pytest.raises(ValueError, match="a number for at least one epoch"):
        plot.curves(history)


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"one number an epoch.*\{'loss': 2, 'val_loss': 1\}.*NaN"):
        plot.curves({"loss": [2.0, 1.0], "val_loss": [2.0]})


def test_what_is_no_history_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"`history` must be what `fit` returns.*got list"):
        plot.curves([2.0, 1.0])
    with pytest.raises(FileNotFoundError, match=r"history\.jsonl is missing\. Give the directory"):
        plot.curves(tmp_path)


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'kseq2seq\[plot\]'"):
        plot.curves(HISTORY)


def test_no_window_toolkit_is_loaded():
    loaded = "matplotlib.pyplot" in sys.modules
    plot.curves(HISTORY)
    assert ("matplotlib.pyplot" in sys.modules) == loaded
