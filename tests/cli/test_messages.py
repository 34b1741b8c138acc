import warnings

import pytest

from kseq2seq.cli import Messages

MESSAGES = Messages({"vocabulary_size": "--vocabulary", "source=0, target=1": "--columns 0 1"})


def test_names_of_arguments_become_flags_in_one_line():
    told = "`vocabulary_size` 8 is\n  too small; vocabulary_size_2 (source=0, target=1)"
    said = "--vocabulary 8 is too small; vocabulary_size_2 (--columns 0 1)"
    assert MESSAGES.translated(told) == said


@pytest.mark.parametrize("path", ["data/dropout/a.tsv", "dropout.json", "my-dropout", "./dropout"])
def test_a_word_in_a_path_is_left_as_it_is(path):
    messages = Messages({"dropout": "--dropout"})
    assert messages.translated(f"dropout: no {path}.") == f"--dropout: no {path}."


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("vocabulary_size 8 is too small."), "--vocabulary 8 is too small. Do this."),
        (FileNotFoundError("no such file: my.tsv"), "no such file: my.tsv. Do this."),
        (PermissionError(13, "Permission denied", "my.tsv"), "my.tsv: Permission denied. Do this."),
        (ValueError(), "ValueError. Do this."),
    ],
)
def test_an_error_is_one_line_and_a_status(error, told, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/some/where/recipe.py"])
    with pytest.raises(SystemExit) as ended, MESSAGES.errors("--data my.tsv", "Do this."):
        raise error
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"recipe.py: error: --data my.tsv: {told}\n"


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(KeyError), MESSAGES.errors("--data my.tsv"):
        raise KeyError("x")


def test_warnings_name_flags_too(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["recipe.py"])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        MESSAGES.show_warnings()
        warnings.warn("vocabulary_size was\nraised", stacklevel=1)
    assert capsys.readouterr().err == "recipe.py: --vocabulary was raised\n"
