"""The comparison as a user runs it, and what its parts promise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[2] / "recipes"
PNG = b"\x89PNG"
PLOTS = ("quality_by_length.png", "quality_by_speed.png")
pytest.importorskip("matplotlib", reason="pip install 'kseq2seq[plot]'")


@pytest.fixture
def recipe(monkeypatch):
    """Imports a file of `recipes/`."""
    import importlib

    monkeypatch.syspath_prepend(str(RECIPES))
    return importlib.import_module


@pytest.fixture
def options(recipe, monkeypatch, tmp_path):
    """Parses a command line."""

    def parse(*arguments):
        monkeypatch.setattr(sys, "argv", ["compare.py", "--output", str(tmp_path), *arguments])
        return recipe("compare").arguments()

    return parse


def result(name, seed, chrf, **settings):
    shared = {"data": "sample", "minutes": 4.0, "vocabulary": 800, "batch_tokens": 512}
    shared |= {"dropout": 0.0, "test": 32, "threads": 1, "parallel": 2}
    found = {"bleu": chrf / 2, "chrf": chrf}
    return {
        "settings": {"name": name, "seed": seed, **shared, **settings},
        "parameters": 2_012_345,
        "pipeline_mb": 16.04,
        "compile_seconds": 9.7,
        "train_seconds": 240.0,
        "steps": 1000 + seed,
        "losses": [6.0, 5.0],
        "train_tokens_per_second": 4000.0,
        "train_peak_mb": 2000.0,
        "greedy": {"bleu": 1.5, "chrf": 2.5},
        "beam": found,
        "by_length": {"1-5": {"pairs": 20, **found}, "21+": {"pairs": 12, **found}},
        "decode_tokens_per_second": 5000.0,
        "latency_ms": 12.4,
        "total_peak_mb": 2100.0,
    }


def results_in(folder, results):
    shared = {"pairs": {"kept": 900, "test": 32}, "copying": {"bleu": 1.0, "chrf": 20.0}}
    records = {"data/data.json": shared}
    for each in results:
        records[f"{each['settings']['name']}-{each['settings']['seed']}/result.json"] = each
    for name, record in records.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(record), encoding="utf-8")


def test_report_averages_seeds_and_puts_the_best_first(recipe, tmp_path):
    results_in(tmp_path, [result("gru", 1, 30), result("luong", 1, 50), result("luong", 2, 52)])
    recipe("comparison_report").report(tmp_path)
    table = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert "| 1-5 words (20) | 21+ words (12) |" in rows[0]
    assert rows[2:5] == [
        "| luong | 25.5 (25.0 to 26.0) | 51.0 (50.0 to 52.0) | 1.5 / 2.5 | 25.5 / 51.0 "
        "| 25.5 / 51.0 |",
        "| gru | 15.0 | 30.0 | 1.5 / 2.5 | 15.0 / 30.0 | 15.0 / 30.0 |",
        "| copying the source | 1.0 | 20.0 |  |  |  |",
    ]
    assert rows[7] == "| luong | 2.01 M | 16.0 | 1,002 | 4,000 | 10 | 5,000 | 12 | 2,000 | 2,100 |"
    for plot in PLOTS:
        assert (tmp_path / plot).read_bytes().startswith(PNG)


def test_report_refuses_results_of_different_settings(recipe, tmp_path):
    results_in(tmp_path, [result("gru", 1, 30), result("lstm", 1, 20, minutes=9.0)])
    with pytest.raises(ValueError, match="do not compare"):
        recipe("comparison_report").report(tmp_path)


def test_report_of_nothing_says_so(recipe, tmp_path):
    with pytest.raises(FileNotFoundError, match="no result"):
        recipe("comparison_report").report(tmp_path)


def test_labels_move_apart_no_further_than_they_must(recipe):
    from matplotlib.figure import Figure

    places = {"a": (0, 10.0), "b": (0, 10.0), "c": (0, 90.0)}
    axes = Figure().subplots()
    axes.set_ylim(0, 110)
    recipe("comparison_report").label(
        axes, places, dict.fromkeys(places, "x"), {name: {"color": "black"} for name in places}
    )
    heights = [text.xyann[1] for text in axes.texts]
    assert heights == pytest.approx([7.5, 12.5, 90])


def test_settings_tell_runs_apart_and_reach_both_halves(recipe, options):
    settings_of = recipe("compare").settings_of
    four = settings_of(options("--minutes", "4"), "gru", 1)
    assert four == settings_of(options("--minutes", "4", "--seeds", "1", "2"), "gru", 1)
    for other in (("--minutes", "5"), ("--steps", "200"), ("--dropout", "0.1"), ("--threads", "1")):
        assert settings_of(options(*other), "gru", 1) != four
    assert settings_of(options(), "gru", 2) != four
    halves = settings_of(options("--dropout", "0.3"), "hybrid", 1)["sizes"]
    assert [half["dropout"] for half in halves.values()] == [0.3, 0.3]
    assert json.loads(json.dumps(halves)) == halves


def test_sizes_are_about_equal(recipe):
    from kseq2seq import build_model

    for name, sizes in recipe("compare").MODELS.items():
        count = build_model(name, source=4000, target=4000, **sizes).count_params()
        assert abs(count - 2e6) < 0.11e6, f"{name} has {count:,} parameters"


def test_what_all_runs_read_is_made_once(recipe, options, tmp_path, capsys):
    prepare = recipe("comparison_data").prepare
    chosen = options("--smoke", "--data", "sample:ko", "--vocabulary", "600", "--test", "5")
    prepare(chosen)
    made = json.loads((tmp_path / "data" / "data.json").read_text(encoding="utf-8"))
    assert made["pairs"]["test"] == 5
    assert made["pairs"]["train"] > 1000
    assert made["copying"]["bleu"] < 5
    assert "Test pairs: 5 of" in capsys.readouterr().out
    prepare(chosen)
    assert not capsys.readouterr().out


@pytest.mark.parametrize("flags", [("--seeds", "-1"), ("--seeds", "1.5"), ("--threads", "-2")])
def test_numbers_that_no_run_takes_are_refused_at_once(options, flags, capsys):
    with pytest.raises(SystemExit):
        options(*flags)
    assert "must be a whole number from 0" in capsys.readouterr().err


def test_a_seed_is_run_once(options):
    assert options("--seeds", "2", "1", "2").seeds == [2, 1]


def test_one_failure_does_not_stop_the_rest(recipe, options, monkeypatch, capsys):
    compare, started = recipe("compare"), []

    def fails_for_gru(command, **_):
        name, seed = command[-3], command[-1]
        started.append(f"{name}-{seed}")
        if name != "gru":
            folder = chosen.output / started[-1]
            found = {"settings": compare.settings_of(chosen, name, int(seed))}
            compare.write(folder / "result.json", {**found, "beam": {"bleu": 1, "chrf": 2}})
        return subprocess.CompletedProcess(command, 1 if name == "gru" else 0)

    monkeypatch.setattr(compare.subprocess, "run", fails_for_gru)
    chosen = options("--models", "gru", "lstm", "--seeds", "1", "2")
    assert compare.run_all(chosen) == ["gru-1", "gru-2"]
    assert started == ["gru-1", "lstm-1", "gru-2", "lstm-2"]
    assert "gru-1: failed with status 1, see" in capsys.readouterr().out
    assert compare.run_all(chosen) == ["gru-1", "gru-2"]
    assert started[4:] == ["gru-1", "gru-2"]


def test_compiling_ahead_leaves_everything_as_it_was(recipe):
    import keras
    import numpy as np
    import tensorflow as tf

    import kseq2seq as ks
    from kseq2seq import training

    def of_shapes():
        for rows, length in ((2, 3), (2, 3), (1, 4)):
            ids = np.full((rows, length), 5, "int32")
            yield {"source": ids, "source_mask": ids != 0, "target": ids}, ids

    ids = tf.TensorSpec((None, None), tf.int32)
    mask = tf.TensorSpec((None, None), tf.bool)
    spec = ({"source": ids, "source_mask": mask, "target": ids}, ids)
    batches = tf.data.Dataset.from_generator(of_shapes, output_signature=spec).repeat()
    model = ks.build_model("gru", source=9, target=9, hidden_dim=4, dropout=0.5)
    model.compile(keras.optimizers.Adam(0.1, use_ema=True), training.TokenCrossEntropy())
    model.optimizer.build(model.trainable_variables)
    kept = [*model.variables, *model.optimizer.variables]
    before = [variable.numpy() for variable in kept]
    assert training.compile_ahead(model, batches, 2) > 0
    for variable, value in zip(kept, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value, err_msg=variable.path)
    model.fit(batches, steps_per_epoch=1, shuffle=False, verbose=0)
    assert any(
        (variable.numpy() != value).any() for variable, value in zip(kept, before, strict=True)
    )


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(RECIPES / "compare.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.mark.slow
def test_smoke_compares_and_goes_on_where_it_stopped(tmp_path):
    command = ("--smoke", "--output", tmp_path, "--parallel", 2, "--threads", 1)
    done = run(*command)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "TensorFlow's log reached the user"
    for name in ("lstm", "transformer"):
        found = json.loads((tmp_path / f"{name}-1" / "result.json").read_text(encoding="utf-8"))
        assert found["steps"] > 5
        assert 3 <= found["train_seconds"] < 60
        assert 100 < 0.99 * found["train_peak_mb"] < found["total_peak_mb"]
        assert sum(of["pairs"] for of in found["by_length"].values()) == 32
        assert (tmp_path / f"{name}-1" / "pipeline" / "pipeline.json").is_file()
        assert f"| {name} |" in (tmp_path / "comparison.md").read_text(encoding="utf-8")
    for plot in PLOTS:
        assert (tmp_path / plot).read_bytes().startswith(PNG)

    # 1. What is there is not repeated, but for what was made under other settings.
    path = tmp_path / "lstm-1" / "result.json"
    stale = json.loads(path.read_text(encoding="utf-8"))
    stale["settings"]["minutes"] = 9
    path.write_text(json.dumps(stale), encoding="utf-8")
    again = run(*command)
    assert again.returncode == 0, again.stderr
    assert "transformer-1: there already" in again.stdout
    assert "lstm-1: BLEU" in again.stdout
    assert json.loads(path.read_text(encoding="utf-8"))["settings"]["minutes"] == 0.05

    # 2. The report alone runs nothing.
    made = path.stat().st_mtime_ns
    (tmp_path / "comparison.md").unlink()
    report = run(*command, "--report")
    assert report.returncode == 0, report.stderr
    assert (tmp_path / "comparison.md").is_file()
    assert path.stat().st_mtime_ns == made
    assert "lstm-1" not in report.stdout
