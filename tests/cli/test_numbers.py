import argparse

import pytest

from kseq2seq.cli import positive, share, whole


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (positive, {"0.5": 0.5, "1e3": 1000.0}, ["0", "-1", "nan", "inf", "x", ""]),
        (share, {"0": 0.0, "0.9": 0.9}, ["1", "-0.1", "nan", "x"]),
        (whole, {"1": 1, "2000": 2000, "1e3": 1000}, ["0", "1.5", "-3", "nan", "inf", "x"]),
    ],
)
def test_numbers_out_of_range_are_refused(read, good, bad):
    assert {text: read(text) for text in good} == good
    for text in bad:
        with pytest.raises(argparse.ArgumentTypeError, match="must be a"):
            read(text)
