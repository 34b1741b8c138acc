"""How many files of the package everyday calls enter: what a reader must open to follow them."""

from pathlib import Path

import pytest

import hops
import kseq2seq

MOST = {"decode step": 8, "pipeline call": 14, "training batch": 10}


@pytest.mark.parametrize("call", MOST)
def test_few_files_are_entered(call):
    files = hops.hops(call)
    assert 0 < len(files) <= MOST[call], sorted(files)


def test_files_are_small():
    package = Path(kseq2seq.__file__).parent
    lines = {
        path.relative_to(package).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in package.rglob("*.py")
    }
    assert {name: count for name, count in lines.items() if count > 350} == {}
