"""How many files of the package everyday calls enter: what a reader must open to follow them."""

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "tools" / "hops.py"
MOST = {"decode step": 8, "pipeline call": 14, "training batch": 10}


@pytest.fixture(scope="module")
def hops():
    spec = importlib.util.spec_from_file_location("hops", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("call", MOST)
def test_few_files_are_entered(hops, call):
    files = hops.hops(call)
    assert 0 < len(files) <= MOST[call], sorted(files)


def test_files_are_small():
    package = PATH.parents[1] / "kseq2seq"
    lines = {
        path.relative_to(package).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in package.rglob("*.py")
    }
    assert {name: count for name, count in lines.items() if count > 350} == {}
