import pytest

from kseq2seq.corpora import stamps
from tests.image.pictures import ENCODED


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "food").mkdir()
    for stem in ("apple1", "apple2", "bread"):
        (tmp_path / f"food/{stem}.png").write_bytes(ENCODED["png"])
        (tmp_path / f"food/{stem}.txt").write_text(
            f"A {stem}.\nfr.utf8=Un {stem}.\n\nko.utf8=것 \n"
        )
    (tmp_path / "food/bread.txt").write_text("Bread.\n")
    (tmp_path / "food/drawing.svg").write_text("<svg/>")
    (tmp_path / "food/drawing.txt").write_text("A drawing.\n")
    return tmp_path


def test_captions_stand_beside_the_pictures(folder):
    said = []
    read = list(stamps("fr", folder=folder, progress=said.append))
    assert [(each.source, each.target, each.key) for each in read] == [
        (str(folder / "food/apple1.png"), "Un apple1.", "food/apple"),
        (str(folder / "food/apple2.png"), "Un apple2.", "food/apple"),
    ]
    assert said == ["left out 1 stamps that are no PNG, and 1 without a caption"]
    assert [each.target for each in stamps("ko", folder=folder)] == ["것", "것"]
    assert len(list(stamps(folder=folder))) == 3


def test_other_languages_are_refused(folder):
    with pytest.raises(ValueError, match="`language`"):
        next(stamps("de", folder=folder))
