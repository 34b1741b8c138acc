"""The distribution stands alone."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

USE = """
import sys
from kseq2seq_runtime import Beam, Greedy, Pipeline
pipeline = Pipeline(sys.argv[1])
print(ascii([*pipeline.texts(["hi", "zz"]), *pipeline.texts(["hi"], search=Beam(2))]))
for name in ("tensorflow", "keras", "kseq2seq"):
    assert name not in sys.modules, name
    try:
        __import__(name)
    except ImportError:
        continue
    raise AssertionError(name)
"""


def used(python, path, opened, folder):
    """Runs `USE` by another Python, away from the checkout."""
    clean = {name: x for name, x in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-c", USE, path], cwd=folder, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    from kseq2seq_runtime import Beam

    expected = [*opened.texts(["hi", "zz"]), *opened.texts(["hi"], search=Beam(2))]
    assert done.stdout.strip() == ascii(expected)


def test_a_clean_environment_goes_from_text_to_text(made, opened, tmp_path):
    project = tmp_path / "runtime"
    skipped = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "runtime", project, ignore=skipped)
    venv = [sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"]
    subprocess.run(venv, check=True)
    python = next(path for path in (tmp_path / "venv").glob("*/python*") if path.is_file())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    subprocess.run([*pip, "install", "--quiet", "--no-compile", project], check=True)
    listed = subprocess.run([*pip, "list"], check=True, capture_output=True, text=True).stdout
    assert "kseq2seq-runtime" in listed
    assert "tensorflow" not in listed and "keras" not in listed
    used(python, made["pieces"].path, opened["pieces"], tmp_path)


def test_it_imports_nothing_else():
    known = {"ai_edge_litert", "kseq2seq_runtime", "numpy", "sentencepiece"}
    optional = {"PIL", "soundfile", "soxr"}  # of the extras: imported where they are used
    for path in (ROOT / "runtime" / "kseq2seq_runtime").glob("*.py"):
        module = ast.parse(path.read_text())
        inside = {
            id(node)
            for function in ast.walk(module)
            if isinstance(function, ast.FunctionDef)
            for node in ast.walk(function)
        }
        for node in ast.walk(module):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            allowed = known | optional if id(node) in inside else known
            for name in names:
                package = name.split(".")[0]
                assert package in allowed or package in sys.stdlib_module_names, (path, name)
