"""The reading order leads to files that are there, and to all that the everyday calls enter."""

import re
from pathlib import Path

import pytest

import hops
import kseq2seq

PACKAGE = Path(kseq2seq.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "reading.md"
NAMED = set(re.findall(r"`([\w/]+\.py)`", PAGE.read_text(encoding="utf-8")))


def test_every_file_that_the_page_names_is_there():
    assert len(NAMED) > 20
    missing = [name for name in sorted(NAMED) if not (PACKAGE / name).is_file()]
    assert not missing, f"docs/reading.md names files that are not there: {missing}"


@pytest.mark.parametrize("call", hops.CALLS)
def test_the_page_names_every_file_that_an_everyday_call_enters(call):
    entered = set(hops.hops(call))
    assert len(entered) > 5
    lacking = sorted(entered - NAMED)
    assert not lacking, f"docs/reading.md lacks files of the {call}: {lacking}"
