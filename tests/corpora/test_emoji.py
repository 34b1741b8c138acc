import io
import json
import tarfile

import numpy as np
import pytest

from kseq2seq.corpora import emoji as module
from kseq2seq.corpora import emoji_sample
from kseq2seq.corpora.emoji import noto_emoji


def test_the_sample_has_300_emoji_with_names_in_both_languages():
    sample = emoji_sample()
    assert len(sample) == 300 == len({each.code for each in sample})
    for language in ("en", "ko"):
        assert len({each.names[language] for each in sample}) == 300
    pictures = [each.pictures[0] for each in sample]
    assert {picture.shape for picture in pictures} == {(64, 64, 4)}
    assert len({picture.tobytes() for picture in pictures}) == 300
    assert all(picture[..., 3].max() > 250 for picture in pictures)
    assert sum(picture[0, 0, 3] == 0 for picture in pictures) > 250  # most have clear corners


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """Names of a few emoji, and a font that draws what their texts say."""
    entries = [
        {"hexcode": "A", "emoji": "1", "label": "one", "group": 0},
        {"hexcode": "B", "emoji": "1", "label": "one again", "group": 0},
        {"hexcode": "C", "emoji": "0", "label": "lacking", "group": 0},
        {
            "hexcode": "D",
            "emoji": "2",
            "label": "two",
            "group": 1,
            "skins": [
                {"hexcode": "D-1", "emoji": "3", "label": "two: light", "tone": 1},
                {"hexcode": "D-2", "emoji": "4", "label": "two: both", "tone": [1, 2]},
            ],
        },
        {"hexcode": "E-200D-F", "emoji": "5", "label": "joined", "group": 1},
        {"hexcode": "F", "emoji": "6", "label": "flag", "group": 9},
        {"hexcode": "G", "emoji": "7", "label": "indicator"},
    ]
    archive = tmp_path / "names.tgz"
    with tarfile.open(archive, "w:gz") as package:
        for language in ("en", "ko"):
            content = json.dumps(entries).encode()
            member = tarfile.TarInfo(f"package/{language}/data.json")
            member.size = len(content)
            package.addfile(member, io.BytesIO(content))
    font = tmp_path / module.FONT[1]
    font.parent.mkdir(parents=True)
    font.write_bytes(b"font")
    monkeypatch.setattr(module, "fetched", lambda *_, **__: archive)
    monkeypatch.setattr(module, "debian_files", lambda *_, **__: tmp_path)
    draw = lambda text, font: np.full((2, 2, 4), int(text), "uint8")  # noqa: E731
    monkeypatch.setattr(module, "draw", draw)
    return tmp_path


def test_repeated_pictures_and_those_of_several_emoji_are_left_out_and_counted(fetched):
    said = []
    drawn = noto_emoji(cache=fetched, progress=said.append)
    assert [each.code for each in drawn] == ["A", "D"]
    assert [picture[0, 0, 0] for picture in drawn[1].pictures] == [2, 3]
    assert said[-1] == "2 emoji; the font lacks 1, and 1 look like an earlier one"
    again = noto_emoji(cache=fetched, progress=said.append)
    assert [each.code for each in again] == ["A", "D"]
    assert sum("drawing" in line for line in said) == 1  # kept
