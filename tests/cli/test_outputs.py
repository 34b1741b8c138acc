import json
from types import SimpleNamespace

import pytest

from kseq2seq.cli import check_not_begun, check_output, outputs, resumable, settings_of

PARTS = {"pipeline": "pipeline.json"}


def run(folder, state, checkpoint=True, resumed=()):
    (folder / "checkpoints" / "000001-step-5").mkdir(parents=True)
    record = {
        "format_version": 1, "state": state, "began": "2030", "minutes": 1.0, "steps": 5,
        "logs": {}, "scores": {}, "settings": {"steps": 5, "output": "x"}, "model": {}, "data": {},
        "resumed": list(resumed),
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(record))


def test_what_can_be_written_to_is_left_as_it_was(tmp_path):
    check_output(tmp_path / "a" / "b", PARTS)
    (tmp_path / "pipeline").mkdir()
    check_output(tmp_path, PARTS)
    (tmp_path / "pipeline" / "pipeline.json").touch()
    check_output(tmp_path, PARTS)
    assert [path.name for path in tmp_path.iterdir()] == ["pipeline"]


def test_a_file_in_the_way_is_told_of(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"nothing can be written to .*file"):
        check_output(tmp_path / "file", PARTS)
    with pytest.raises(ValueError, match=r"nothing can be written to .*file"):
        check_output(tmp_path / "file" / "below", PARTS)
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "my_notes.txt").touch()
    with pytest.raises(ValueError, match="pipeline is there, and no run made it"):
        check_output(tmp_path, PARTS)


def test_a_finished_run_is_not_called_interrupted(tmp_path):
    check_not_begun(tmp_path)
    run(tmp_path, "finished")
    with pytest.raises(ValueError, match=r"finished run whose .* by --resume ") as told:
        check_not_begun(tmp_path)
    assert "interrupted" not in str(told.value)
    (tmp_path / "run.json").unlink()
    with pytest.raises(ValueError, match=r"a run that was interrupted\. Continue it by --resume "):
        check_not_begun(tmp_path)


def test_settings_are_the_last_ones(tmp_path):
    with pytest.raises(ValueError, match="there is no checkpoint in"):
        settings_of(tmp_path)
    run(tmp_path, "training", resumed=[{"settings": {"steps": 9}}, {}])
    assert settings_of(tmp_path) == {"steps": 9}
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ValueError, match=r"run\.json"):
        settings_of(tmp_path)


@pytest.mark.parametrize(
    ("end", "code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143), (SystemExit(2), 2)]
)
def test_what_ends_a_run_says_how_to_go_on(tmp_path, capsys, end, code):
    with pytest.raises(SystemExit) as ended, resumable(tmp_path):
        raise end
    assert ended.value.code == code
    assert "before anything was saved" in capsys.readouterr().out
    run(tmp_path, "training")
    with pytest.raises(SystemExit), resumable(tmp_path):
        raise end
    assert f"--resume {tmp_path} continues it" in capsys.readouterr().out


def test_a_run_knows_what_it_and_those_before_it_were_trained_on(tmp_path, monkeypatch):
    settings = {
        tmp_path / "second": {"data": None, "train": "my.tsv", "init": str(tmp_path / "first")},
        tmp_path / "first": {"data": "cmudict:stems", "init": str(tmp_path / "second")},
    }
    for path in settings:
        path.mkdir()
        (path / "run.json").touch()

    def read(paths):
        return [SimpleNamespace(record={"settings": settings[path]}) for path in paths], []

    monkeypatch.setattr(outputs, "read_runs", read)
    options = SimpleNamespace(data="sample", init=tmp_path / "second" / "pipeline")
    assert outputs.trained_on(options) == {"sample", "my.tsv", "cmudict"}
    assert outputs.trained_on(SimpleNamespace(data="my.tsv", init=tmp_path)) == {"my.tsv"}
    own = SimpleNamespace(train="cmudict:stems", data=None, init=None)
    assert outputs.trained_on(own) == {"cmudict"}
