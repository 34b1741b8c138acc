"""The reading order leads to files that are there, and to the few that everyday calls enter."""

import re
from pathlib import Path

import pytest

import hops
import kseq2seq

PACKAGE = Path(kseq2seq.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "reading.md"
MOST = {"decode step": 8, "pipeline call": 14, "training batch": 10}  # files that a call enters
NAMED = set(re.findall(r"`([\w/]+\.py)`", PAGE.read_text(encoding="utf-8")))


def test_every_file_that_the_page_names_is_there():
    assert len(NAMED) > 20
    missing = [name for name in sorted(NAMED) if not (PACKAGE / name).is_file()]
    assert not missing, f"docs/reading.md names files that are not there: {missing}"


@pytest.mark.parametrize("call", hops.CALLS)
def test_everyday_calls_enter_few_files_and_the_page_names_them(call):
    entered = set(hops.hops(call))
    assert 5 < len(entered) <= MOST[call], sorted(entered)
    lacking = sorted(entered - NAMED)
    assert not lacking, f"docs/reading.md lacks files of the {call}: {lacking}"


def test_files_are_small():
    lines = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    assert {name: count for name, count in lines.items() if count > 350} == {}
