import warnings

import pytest

from kseq2seq import Greedy
from kseq2seq.cli import Recipe, evaluating
from kseq2seq.data import Pair
from kseq2seq.metrics import UnseenWords, exact_match


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
        begun("--tflite")
    assert "model.tflite is a directory; --tflite makes a file" in capsys.readouterr().err
    assert begun().options.tflite is None


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
    assert "WARNING: no better than x by strange." in capsys.readouterr().out


def test_metrics_may_be_set_after_the_flags(begun, monkeypatch, capsys):
    kept = []
    monkeypatch.setattr(evaluating, "add_scores", lambda directory, scores: kept.append(scores))
    recipe = begun("--interval")
    assert recipe.decisive is None
    recipe.metrics = {"EM": exact_match}
    test = [Pair("a", "a", ""), Pair("b", "c", "")]
    known = {"unseen": UnseenWords(["a", "b"], {"a"})}
    recipe.evaluate(Echo(), test, {"x": ["a", "c"]}, metrics=known)
    assert "WARNING: no better than x by EM and unseen." in capsys.readouterr().out
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
    recipe.shares({"Short": lambda texts, _: 100.0 * len(texts[0])}, {"a": ["abc"], "b": ["x"]})
    assert kept[1:] == [{"short": 100.0}]
