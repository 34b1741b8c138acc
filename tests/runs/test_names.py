"""Names that moved from `kseq2seq.training` to `kseq2seq.runs` are found in both for a release."""

import importlib
import subprocess
import sys

import pytest

import kseq2seq as ks


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("training.Run", "runs.Run"),
        ("training.Record", "runs.Record"),
        ("training.add_scores", "runs.add_scores"),
        ("training.weight_places", "training.weight_paths"),
        ("runs.KeptRun", "runs.RecordedRun"),
    ],
)
def test_an_old_name_is_the_new_one_and_warns(old, new):
    def named(path):
        module, name = path.split(".")
        return getattr(importlib.import_module(f"kseq2seq.{module}"), name)

    with pytest.warns(FutureWarning, match=rf"kseq2seq\.{old} is kseq2seq\.{new} now"):
        moved = named(old)
    assert moved is named(new)


def test_all_names_are_there_and_others_are_not():
    for name in ks.runs.__all__:
        assert getattr(ks.runs, name).__module__.startswith("kseq2seq.runs.")
    with pytest.raises(AttributeError, match=r"kseq2seq\.runs.*'Walk'"):
        ks.runs.Walk  # noqa: B018


def test_the_module_prints_the_table(tmp_path):
    command = [sys.executable, "-m", "kseq2seq.runs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "There are no runs" in done.stderr
