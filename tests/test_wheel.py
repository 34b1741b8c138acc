"""The wheel holds what the package needs, and imports outside the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

CHECK = """
import kseq2seq
from kseq2seq import data
assert not kseq2seq.__file__.startswith(%r), kseq2seq.__file__
print(next(iter(data.sample("ko"))).key != "")
"""


@pytest.mark.slow  # building fetches setuptools
def test_wheel_installs_and_imports_outside_the_checkout(tmp_path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path / "wheel", ROOT]
    subprocess.run(build, check=True, cwd=tmp_path)
    (wheel,) = (tmp_path / "wheel").glob("kseq2seq-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    samples, recipes = "data/samples/", "recipes/"
    for wanted in (
        "py.typed",
        *(samples + name for name in ("en-ko.tsv.gz", "NOTICE.md")),
        *(recipes + name for name in ("README.md", "translation.py", "comparison_run.py")),
    ):
        assert f"kseq2seq/{wanted}" in names
    assert not any(name.startswith(("tests/", "recipes/", "benchmarks/")) for name in names)
    install = [*pip, "install", "--quiet", "--no-deps", "--target", tmp_path / "site", wheel]
    subprocess.run(install, check=True, cwd=tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", CHECK % str(ROOT)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True"
    done = subprocess.run(
        [sys.executable, "-m", "kseq2seq.recipes.translation", "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--data NAME" in done.stdout
