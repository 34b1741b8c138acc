"""Drawn lines: repeatable, whole, and apart by wording and by font."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kseq2seq.corpora import sample_lines
from kseq2seq.corpora.fonts import HELD_OUT, Face, families, split_of_family
from kseq2seq.corpora.rendering import render
from kseq2seq.corpora.text_lines import DrawnLine, PillowFace, cut_lines, drawn_lines
from kseq2seq.data import Pair, split_of

matplotlib = pytest.importorskip("matplotlib")
FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")


class Font:
    """A face that has some characters."""

    def __init__(self, family, characters="abcdefghijklmnopqrstuvwxyz "):
        self.family, self.characters = family, set(characters)

    def lacks(self, text):
        return not set(text) <= self.characters


def test_a_line_is_the_same_whenever_it_is_read():
    first, again = (list(sample_lines(4)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert one.target == other.target and one.key == other.key
        np.testing.assert_array_equal(np.asarray(one.source), np.asarray(other.source))
        np.testing.assert_array_equal(np.asarray(one.source), np.asarray(one.source))
        assert repr(one.source) == repr(other.source)
    assert len({np.asarray(line.source).shape for line in first}) > 1
    assert all(line.target.isascii() and 3 <= len(line.target) <= 12 for line in first)


def test_all_of_the_text_is_in_the_picture():
    """Nothing touches the edges, however it was slanted, turned and stretched."""
    plain = PillowFace()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        picture = np.asarray(DrawnLine("Hxgp|W lj", plain, [seed])).astype(float).mean(axis=2)
        assert picture.shape[0] >= 18 and picture.shape[1] > 2 * picture.shape[0]
        inner, frame = np.ptp(picture[2:-2, 2:-2]), picture[[0, -1]]
        assert inner > 40, seed
        assert np.median(np.abs(frame - np.median(picture))) < 60
        assert render("Hxgp|W lj", plain, rng).dtype == np.uint8


def test_lines_are_cut_at_spaces_and_none_occurs_twice():
    pairs = [Pair(f"a small shell for machine {n % 7} and others", "", str(n)) for n in range(30)]
    lines = list(cut_lines(pairs, "latin", longest=16))
    texts = [text for text, _ in lines]
    assert len(set(texts)) == len(texts) > 10
    words = {word for pair in pairs for word in pair.source.split()}
    assert all(set(text.split()) <= words and 3 <= len(text) <= 16 for text in texts)
    twice = [Pair("one and the same sentence", "", key) for key in ("first", "second")]
    assert {key for _, key in cut_lines(twice, "latin")} == {"first"}
    strange = [Pair("ⴰⵣⵓⵍ абв", "", "x"), Pair("12", "", "y"), Pair("가 나", "", "z")]
    assert list(cut_lines(strange, "latin")) == []
    assert [text for text, _ in cut_lines(strange, "korean")] == ["가 나"]


def test_a_font_belongs_to_the_split_of_its_wordings():
    wordings = [(f"line {chr(97 + n % 26)}{chr(97 + n // 26)}", str(n)) for n in range(400)]
    fonts = {name: [Font(name)] for name in ("Lato", "Cabin", "DejaVu Sans", "Roboto")}
    drawn = list(drawn_lines(wordings, fonts, 400, lambda line: None))
    assert len(drawn) == 400
    for line in drawn:
        assert split_of_family(line.source.face.family) == split_of(line.key)
    counts = Counter(line.source.face.family for line in drawn)
    assert counts["DejaVu Sans"] > 100 and counts["Roboto"] > 100 and counts["Lato"]


def test_a_font_that_lacks_a_glyph_is_passed_over_and_counted():
    wordings = [("abc", "1"), ("ábc", "1"), ("né", "1")]
    fonts = {"DejaVu Sans": [Font("DejaVu Sans", "abcá")], "Roboto": [Font("Roboto")]}
    said = []
    drawn = {
        line.target: line.source.face.family
        for line in drawn_lines(wordings, fonts, 9, said.append)
    }
    assert set(drawn) == {"abc", "ábc"} and drawn["ábc"] == "DejaVu Sans"
    assert said[0].startswith("2 lines to draw") and "1 lines were left out" in said[0]


def test_families_of_one_design_are_held_out_together():
    for names in (("Noto Serif", "Noto Serif Display"), ("NanumMyeongjo", "NanumMyeongjo Eco")):
        assert {split_of_family(name) for name in names} == {"test"}
    assert set(HELD_OUT.values()) == {"validation", "test"}
    assert split_of_family("Noto Sans") == split_of_family("NanumGothic") == "train"


def test_a_face_knows_which_characters_it_shows():
    face = Face(FONTS / "DejaVuSans.ttf")
    assert face.family == "DejaVu Sans"
    assert not face.lacks("a é Ж\u00a0") and face.lacks("a한") and face.lacks("\U00012345")
    found = families([FONTS])
    assert "DejaVu Sans" in found and all(faces for faces in found.values())
