import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from kseq2seq import Greedy, Pipeline
from kseq2seq.cli import SHUFFLED, Recipe, evaluating
from kseq2seq.data import Example, Pair, named_pairs
from kseq2seq.image import LineSource
from kseq2seq.metrics import UnseenWords, exact_match
from kseq2seq.speech import AudioSource


@pytest.fixture
def begun(tmp_path, monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back at the end

    def begin(*flags, **settings):
        recipe = Recipe("task", None, data="FILE", models={"gru": {}}, **settings)
        recipe.begin(["--output", str(tmp_path), *flags])
        return recipe

    return begin


class Interrupted:
    """A pipeline whose user presses Ctrl-C."""

    def texts(self, *_, **__):
        raise KeyboardInterrupt

    export = texts


@pytest.mark.parametrize("step", ["evaluate", "export"])
def test_ctrl_c_after_training_says_how_to_go_on(begun, tmp_path, capsys, step):
    recipe = begun()
    (tmp_path / "checkpoints" / "000001-step-5").mkdir(parents=True)
    with pytest.raises(SystemExit) as ended:
        getattr(recipe, step)(Interrupted(), *([[], {}] if step == "evaluate" else []))
    assert ended.value.code == 130
    assert f"--resume {tmp_path} continues it" in capsys.readouterr().out


def test_a_directory_in_the_place_of_the_file_for_phones_is_told_of_first(begun, tmp_path, capsys):
    (tmp_path / "model.tflite").mkdir()
    with pytest.raises(SystemExit):
        begun("--tflite").corpora(lambda *_: [])
    assert "model.tflite is a directory; --tflite makes a file" in capsys.readouterr().err
    assert begun().options.tflite is None


@pytest.mark.parametrize("seed", ["-1", "4294967296", "1.5", "x"])
def test_a_seed_is_what_generators_take(begun, capsys, seed):
    with pytest.raises(SystemExit):
        begun("--seed", seed)
    assert "must be a whole number from 0 to 4,294,967,295" in capsys.readouterr().err


def test_flags_of_a_recipe_that_init_makes_idle_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    recipe = Recipe("task", None, data="FILE", models={"gru": {}}, too_long=["error", "cut"])
    recipe.flags.add("model", "--crf", action="store_true", of_model=True)
    recipe.flags.add("data", "--shown", action="store_true")
    recipe.begin(["--init", str(tmp_path), "--crf", "--shown", "--layers", "2"])
    assert "--layers, --crf: of no effect, since --init has a model" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        recipe.begin(["--too-long", "split"])
    assert "'split' (choose from" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        recipe.begin(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "'cut' reads the beginning" in told and "'split'" not in told


def test_a_directory_in_use_is_no_hindrance_until_data_is_read(begun, tmp_path, capsys):
    (tmp_path / "checkpoints" / "000001-step-5").mkdir(parents=True)
    recipe = begun()
    with pytest.raises(SystemExit):
        recipe.corpora(lambda *_: [])
    assert "holds a run that was interrupted" in capsys.readouterr().err


def test_what_data_takes_is_told_of_a_name_that_is_no_file(begun, capsys):
    recipe = begun("--data", "chichat")
    with pytest.raises(SystemExit):
        recipe.corpora(named_pairs)
    told = capsys.readouterr().err
    assert "--data takes FILE: .tsv, .csv, .jsonl, or two text files with a comma between." in told


def test_default_names_of_columns_are_those_of_tables(begun, tmp_path):
    for side in "ab":
        text = "\n".join(f"{side} {number}" for number in range(200))
        (tmp_path / f"{side}.txt").write_text(text, encoding="utf-8")
    name = f"{tmp_path / 'a.txt'},{tmp_path / 'b.txt'}"
    defaults = {"columns": ["docstring", "code"]}
    corpora = begun("--data", name, defaults=defaults).corpora(named_pairs)
    assert next(iter(corpora["train"])).target.startswith("b ")
    with pytest.raises(SystemExit):
        begun("--data", name, "--columns", "x", "y", defaults=defaults).corpora(named_pairs)


def test_a_pipeline_of_another_task_is_refused(begun, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Pipeline, "load", lambda _: SimpleNamespace(source="text", target=1))
    flags = "--init", str(tmp_path)
    for kinds, needed in (((str, list), "list"), (None, "TextSource")):  # which most recipes need
        with pytest.raises(SystemExit):
            begun(*flags, **({"kinds": kinds} if kinds else {})).pipeline(None, None)
        assert f"where task needs {needed}: another recipe" in capsys.readouterr().err
    assert begun(*flags, kinds=(str, int)).pipeline(None, None).source == "text"


def test_messages_about_lengths_name_the_flags_that_set_them(begun, tmp_path):
    said = begun(longest="--seconds or --width").messages.translated
    assert said("or raise max_length.") == "or raise --seconds or --width."
    said = begun("--init", str(tmp_path)).messages.translated
    assert said("Raise `max_length`.") == "Raise --max-length of a new model, without --init."


def test_data_is_read_as_the_model_of_init_reads_it(begun, tmp_path, monkeypatch, capsys):
    saved = SimpleNamespace(source=AudioSource(16_000, 20, 2.0), target=1)
    loads = []
    monkeypatch.setattr(Pipeline, "load", lambda path: loads.append(path) or saved)
    flags = "--init", str(tmp_path), "--data", "some"
    recipe = begun(*flags, kinds=(AudioSource, int))
    some = [Example(np.zeros(320), str(number), str(number)) for number in range(300)]
    usual = AudioSource(8000, 40)
    monkeypatch.setattr(usual, "read", None)  # which is not asked
    corpora = recipe.corpora(lambda *_: some, usual)
    assert sum(map(len, corpora.values())) == 300
    assert recipe.pipeline(None, corpora["train"]).source is saved.source and len(loads) == 1
    with pytest.raises(SystemExit):
        begun(*flags, kinds=(LineSource, int)).corpora(lambda *_: [], LineSource(16, 100))
    assert "it has AudioSource where task needs LineSource" in capsys.readouterr().err


def test_texts_are_scored_as_those_of_other_sources_too(begun, monkeypatch, capsys):
    monkeypatch.setattr(evaluating, "add_scores", lambda directory, scores: None)
    test = [Pair(x, x, "") for x in "abcd"]
    recipe = begun(metrics={"EM": exact_match})
    recipe.evaluate(Echo(), test, {})
    assert re.search(rf"\n{SHUFFLED} +0\.0\n", capsys.readouterr().out) and not recipe.useless
    constant = [Pair(x, "a", "") for x in "aaaa"]
    recipe.evaluate(Echo(), constant, {})
    assert f"WARNING: no better than {SHUFFLED} by EM." in capsys.readouterr().out
    recipe.evaluate(Echo(), test[:1], {})
    assert SHUFFLED not in capsys.readouterr().out


class Echo:
    """A pipeline that returns its sources."""

    search = Greedy()

    def texts(self, raws, **_):
        return raws


def test_what_decides_is_the_recipe_s_choice_and_only_numbers_are_recorded(
    begun, monkeypatch, capsys
):
    kept = []
    monkeypatch.setattr(evaluating, "add_scores", lambda directory, scores: kept.append(scores))
    metrics = {"EM": exact_match, "strange": lambda texts, references: float("nan")}
    test = [Pair("a", "a", ""), Pair("b", "c", "")]
    begun("--interval", metrics=metrics, decisive=["EM"]).evaluate(Echo(), test, {"x": ["x", "x"]})
    assert kept == [{"em": 50.0}]
    printed = capsys.readouterr().out
    assert "p-value, x" in printed and "WARNING" not in printed
    begun(metrics=metrics).evaluate(Echo(), test, {"x": ["x", "x"]})
    assert "WARNING: no better than x by strange" in capsys.readouterr().out


def test_metrics_may_be_set_after_the_flags(begun, monkeypatch, capsys):
    kept = []
    monkeypatch.setattr(evaluating, "add_scores", lambda directory, scores: kept.append(scores))
    recipe = begun("--interval")
    assert recipe.decisive is None
    recipe.metrics = {"EM": exact_match}
    test = [Pair("a", "a", ""), Pair("b", "c", "")]
    known = {"unseen": UnseenWords(["a", "b"], {"a"})}
    recipe.evaluate(Echo(), test, {"x": ["a", "c"]}, metrics=known)
    assert "WARNING: no better than x by EM and unseen" in capsys.readouterr().out
    recipe.evaluate(Echo(), test, {"x": ["x", "x"]}, name="Other genres")
    assert "Other genres: 2" in capsys.readouterr().out
    assert kept == [{"em": 50.0, "unseen": 0.0}, {"other genres em": 50.0}]


def test_numbers_beside_scores_are_recorded_if_they_are_finite(begun, monkeypatch, capsys):
    kept = []
    monkeypatch.setattr(evaluating, "add_scores", lambda directory, scores: kept.append(scores))
    recipe = begun()
    recipe.compare("Pairs", {"chance": {"hits": 10.0}, "it": {"hits": 9.0, "Loss": float("inf")}})
    assert kept == [{"hits": 9.0}] and recipe.useless
    assert "no better than chance by hits." in capsys.readouterr().out
    shares = {"Short": lambda texts, others: 100.0 * (texts[0] in others)}
    recipe.shares(shares, {"a": ["abc"], "b": ["x"]}, ["x"])
    assert kept[1:] == [{"short": 100.0}]
