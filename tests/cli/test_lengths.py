import pytest

from kseq2seq.cli.lengths import refuse_too_long
from kseq2seq.data import Pair
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

SIDES = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 4)


def test_too_long_ones_of_all_splits_are_counted_and_the_first_shown():
    many = [Pair(f"far too long {number}", "x", str(number)) for number in range(1001)]
    corpora = {
        "train": [*many, Pair("short", "x", "")],
        "validation": [Pair("short", "x", "")],
        "test": [Pair("short", "a long target", "")],
    }
    with pytest.raises(
        ValueError, match="1,001 of 1,002 train pairs have more than 8 source tokens"
    ) as e:
        refuse_too_long(*SIDES, corpora)
    told = str(e.value)
    assert told.count("'far too long") == 3 and " and others." in told
    assert "1 of 1 test pairs" in told and "'short' -> 'a long target' (6 and 14)." in told
    assert "validation" not in told


def test_what_fits_is_let_through():
    refuse_too_long(*SIDES, {"train": [Pair("1234567", "123", "")], "test": []})
