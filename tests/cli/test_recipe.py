import warnings

import pytest

from kseq2seq.cli import Recipe


@pytest.fixture
def begun(tmp_path, monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back at the end

    def begin(*flags):
        recipe = Recipe("task", None, data="FILE", models={"gru": {}})
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
