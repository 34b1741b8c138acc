"""The wheel holds what the package needs, and imports outside the checkout."""

import ast
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


def settings():
    """The arguments of `setup`, where they are written out."""
    calls = ast.walk(ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")))
    (setup,) = (
        node for node in calls if isinstance(node, ast.Call) and ast.unparse(node.func) == "setup"
    )
    found = {}
    for word in setup.keywords:
        if isinstance(word.value, ast.Constant | ast.Dict | ast.List):
            found[word.arg] = ast.literal_eval(word.value)
    return found


def files():
    """Every file of the package by its name in the wheel, the recipes among them."""
    places = {"kseq2seq": ROOT / "kseq2seq", "kseq2seq/recipes": ROOT / "recipes"}
    return {
        f"{name}/{path.relative_to(place).as_posix()}": path
        for name, place in places.items()
        for path in place.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_lists_every_file_of_the_package():
    data = {
        f"{package.replace('.', '/')}/{pattern}"
        for package, patterns in settings()["package_data"].items()
        for pattern in patterns
    }
    for name, path in files().items():
        if path.suffix == ".py":
            recipe = path.parent == ROOT / "recipes"
            assert recipe or (path.parent / "__init__.py").is_file(), f"{name} is in no package"
        else:
            folder, _, file = name.rpartition("/")
            assert data & {name, f"{folder}/*"}, f"{file} is not in `package_data` of setup.py"
    assert {"kseq2seq/corpora/fetching.py", "kseq2seq/recipes/translation.py"} <= files().keys()


@pytest.mark.slow  # building fetches setuptools
def test_wheel_installs_and_imports_outside_the_checkout(tmp_path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path / "wheel", ROOT]
    subprocess.run(build, check=True, cwd=tmp_path)
    (wheel,) = (tmp_path / "wheel").glob("kseq2seq-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"kseq2seq/py.typed", "kseq2seq/data/samples/en-ko.tsv.gz"} <= files().keys()
    assert files().keys() <= set(names)
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
