"""Every recipe's `--smoke`, as a user runs it: trains, beats a bound, exports, reloads.

A bound is a score of the held-out sample that a broken model can't reach; for error rates, which
are named with "<", one that it can't get below.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from kseq2seq.runs import less_is_better, read_runs

RECIPES = Path(__file__).parents[2] / "recipes"
TABLE = {
    # recipe: (metric, bound)
    "translation": ("chrf", 12.0),
    "sequence_labeling": ("accuracy", 95.0),
}


def test_every_recipe_is_in_the_table():
    recipes = {path.stem for path in RECIPES.glob("*.py") if "cli.Recipe(" in path.read_text()}
    assert recipes == TABLE.keys()


@pytest.mark.parametrize("recipe", TABLE)
def test_smoke_trains_beats_its_bound_exports_and_reloads(recipe, tmp_path):
    metric, bound = TABLE[recipe]
    done = subprocess.run(
        [
            sys.executable,
            str(RECIPES / f"{recipe}.py"),
            "--smoke",
            "--tflite",
            "--output",
            tmp_path,
        ],
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "TensorFlow's log reached the user"
    for line in ("Held-out pairs: ", "The reloaded export", "model.tflite says", "Saved in "):
        assert line in done.stdout
    (run,), _ = read_runs([tmp_path])
    score = run.record["scores"][metric]
    assert score < bound if less_is_better(metric) else score > bound, done.stdout
