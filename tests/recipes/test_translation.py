"""The recipe as a user runs it: the bundled sample, then a file of one's own going on from it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from kseq2seq import Pipeline
from kseq2seq.runs import read_runs

RECIPE = Path(__file__).parents[2] / "recipes" / "translation.py"


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(RECIPE), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=400,
    )


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    output = tmp_path_factory.mktemp("recipe")
    return output, run("--smoke", "--output", output)


def test_smoke_trains_scores_exports_and_reloads(smoke):
    output, done = smoke
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "TensorFlow's log reached the user"
    for line in ("copying the source", "BLEU    chrF", "The reloaded export", f"Saved in {output}"):
        assert line in done.stdout
    assert (output / "pipeline" / "pipeline.json").is_file()
    assert (output / "saved_model" / "saved_model.pb").is_file()
    (kept,), _ = read_runs([output])
    assert (kept.state, kept.record["settings"]["smoke"]) == ("finished", True)
    assert kept.record["scores"].keys() == {"bleu", "chrf"}
    assert kept.record["logs"].keys() >= {"loss", "val_bleu"}
    assert kept.record["data"].keys() == {"train", "validation", "test"}


def test_goes_on_from_a_saved_pipeline_on_a_file(smoke, tmp_path):
    output, _ = smoke
    rows = [f"open file {n} now\touvrir le fichier {n}" for n in range(200)]
    (tmp_path / "my.tsv").write_text("\n".join(["english\tfrench", *rows]), encoding="utf-8")
    done = run(
        *("--smoke", "--data", tmp_path / "my.tsv", "--columns", "english", "french"),
        *("--init", output / "pipeline", "--output", tmp_path / "out"),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "pipeline" / "pipeline.json").is_file()


def test_packs_and_computes_in_bfloat16_and_survives_being_told_to_end(tmp_path):
    command = "--smoke", "--minutes", 2, "--packed", "--bfloat16", "--output", tmp_path
    told = subprocess.Popen(
        [sys.executable, str(RECIPE), *map(str, command)], stdout=subprocess.PIPE, text=True
    )
    history = tmp_path / "history.jsonl"
    while told.poll() is None and not (history.exists() and history.read_text()):
        time.sleep(0.1)
    told.terminate()
    said, _ = told.communicate(timeout=200)
    assert told.returncode == 143
    assert f"--resume {tmp_path} goes on with it" in said
    done = run(*command)
    assert done.returncode == 1
    assert "holds a run that was interrupted" in done.stderr
    done = run("--resume", tmp_path, "--minutes", 0.2)
    assert done.returncode == 0, done.stderr
    assert "Going on from step" in done.stdout
    assert "% padding" in done.stdout
    assert not (tmp_path / "checkpoints").exists()
    model = Pipeline.load(tmp_path / "pipeline").model
    assert model.dtype_policy.name == "mixed_bfloat16"
    (kept,), _ = read_runs([tmp_path])
    assert (kept.state, len(kept.record["resumed"])) == ("finished", 1)
    assert kept.record["model"]["config"]["architecture"] == "transformer"
    assert kept.record["environment"]["precision"] == "mixed_bfloat16"
    assert not kept.record["environment"]["jit_compile"]


@pytest.mark.parametrize(
    "given, told",
    [
        (("--packed", "--model", "lstm"), "--packed is for --model transformer or decoder_only"),
        (("--bfloat16", "--init", "saved"), "--bfloat16 is for a new model"),
        (("--resume", "nowhere"), "there is no checkpoint in nowhere to go on from"),
        (("--resume", "here", "--output", "there"), "leave --output out"),
    ],
)
def test_refuses_what_does_not_go_together(given, told):
    done = run(*given)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_file_that_is_not_there_is_named():
    done = run("--data", "nowhere.tsv")
    assert done.returncode != 0
    assert "no such file: nowhere.tsv" in done.stderr
