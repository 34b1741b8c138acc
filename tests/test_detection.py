"""The page on detection runs as it stands, for a few steps; its lists mean what was drawn."""

import re
from pathlib import Path

import kseq2seq_runtime
import numpy as np
import pytest

pytestmark = pytest.mark.slow  # 50 s of a core
PAGE = Path(__file__).parents[1] / "docs" / "detection.md"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    names = {"__name__": "detection"}
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("steps = 3000\n") == 1
    page = page.replace("steps = 3000\n", "steps = 3\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("detection"))
        for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
            exec(compile(block, str(PAGE), "exec"), names)
        yield names


def test_what_was_loaded_and_exported_says_the_same(ran):
    pictures = ran["pictures"][:4]
    made = ran["pipeline"].texts(pictures)
    assert ran["model"].encoder.output["outputs"].shape == (None, 64, 64)  # 8 x 8 cells
    phone = kseq2seq_runtime.Pipeline("detector.tflite")
    assert phone.texts(pictures) == made


def test_a_list_holds_what_was_drawn(ran):
    for picture, listed in ran["scenes"][:20]:
        for label, (top, left, bottom, right) in ran["things"](listed):
            assert label in ran["LABELS"] and top < bottom and left < right
            scale = (ran["SIDE"] + 1) / ran["BINS"]
            whole = picture[int(top * scale) : int(bottom * scale) + 1]
            assert np.ptp(whole.astype(int)) > 40  # something stands out there


def test_boxes_are_compared_by_what_they_share(ran):
    overlap, found = ran["overlap"], ran["found"]
    assert overlap((0, 0, 4, 4), (0, 0, 4, 4)) == 1
    assert overlap((0, 0, 4, 4), (0, 2, 4, 6)) == pytest.approx(8 / 24)
    assert overlap((0, 0, 4, 4), (4, 4, 8, 8)) == 0
    listed = "0 0 4 4 disk 5 5 9 9 square"
    assert found([listed], [listed]) == 1
    assert found(["0 0 4 4 square 5 5"], [listed]) == 0
    assert found(["0 0 4 4 disk 5 5 9"], [listed]) == 0.5
