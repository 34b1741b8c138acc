"""What tests of recipes share: each recipe's `--smoke`, run as a user does, once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# LiteRT's own, about each interpreter; no setting of it turns this off
_NOTE = "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
RECIPES = Path(__file__).parents[2] / "recipes"


def names():
    """The recipes on the spine of the house, by the names of their files."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(RECIPES.glob("*.py"))}
    return [name for name, text in texts.items() if "cli.Recipe(" in text]


@pytest.fixture(scope="session")
def smoked(once):
    """Runs `--smoke --tflite` of a recipe, once for all tests: name -> (output, what it said)."""

    def run(name):
        def make(folder):
            command = [RECIPES / f"{name}.py", "--smoke", "--tflite", "--output", folder / "run"]
            done = subprocess.run(
                [sys.executable, *map(str, command)], capture_output=True, text=True, timeout=1200
            )
            said = [done.returncode, done.stdout, done.stderr.replace(_NOTE, "")]
            (folder / "said.json").write_text(json.dumps(said), encoding="utf-8")

        folder = once(f"smoke-{name}", make)
        code, out, error = json.loads((folder / "said.json").read_text(encoding="utf-8"))
        return folder / "run", subprocess.CompletedProcess(name, code, out, error)

    return run
