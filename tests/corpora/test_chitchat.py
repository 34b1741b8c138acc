"""Conversations from their archive: pairs, what is left out, and the bundled sample."""

import hashlib
import json
import zipfile

import pytest

from kseq2seq.corpora import chitchat, sample_chitchat
from kseq2seq.corpora import chitchat as exported
from kseq2seq.corpora.lines import why_left_out
from kseq2seq.data import named_pairs
from kseq2seq.data.split import split_of
from kseq2seq.text import TURN

TALKS = {
    "one": [["Hi", "how  are\nyou?"], ["fine"], ["good"], ["why?"], ["because"]],
    "two": [["Hello"], ["call me al"], ["Hi there"], ["hey"]],
    "three": [["alone"]],
    "four": [["a<turn>b"], [""], ["c"], ["d"]],
}


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Puts a small archive where the package manager would."""
    import sys

    module = sys.modules["kseq2seq.corpora.chitchat"]
    path = tmp_path / "packages" / "pip-chitchat-dataset-0.9.0"
    path.parent.mkdir()
    whole = {
        key: {"messages": [[{"text": text} for text in turn] for turn in turns]}
        for key, turns in TALKS.items()
    }
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("chitchat_dataset/dataset.json", json.dumps(whole))
    monkeypatch.setattr(module, "DIGEST", hashlib.sha256(path.read_bytes()).hexdigest())
    return tmp_path


def test_answers_come_with_the_turns_before_them(archive):
    said = []
    pairs = list(chitchat(turns=2, cache=archive, progress=said.append))
    assert [tuple(pair) for pair in pairs] == [
        ("Hi how are you?", "fine", "one"),
        ("Hi how are you?<turn>fine", "good", "one"),
        ("fine<turn>good", "why?", "one"),
        ("good<turn>why?", "because", "one"),
        ("Hi there", "hey", "two"),
        ("c", "d", "four"),
    ]
    assert said == [
        "left out 3 of 14 turns of 4 conversations: 1 with names, 1 with the symbol between "
        "turns, 1 with nothing"
    ]


def test_it_has_no_parts():
    with pytest.raises(ValueError, match="has no parts; got 'fr'"):
        named_pairs("chitchat:fr", known={"chitchat": exported})


def test_the_sample_is_clean_and_has_all_splits():
    pairs = list(sample_chitchat())
    assert len(pairs) > 5000 and len({pair[:2] for pair in pairs}) == len(pairs)
    turns = {turn for pair in pairs for turn in (*pair.source.split(TURN), pair.target)}
    assert not [turn for turn in turns if why_left_out(turn)]
    assert max(len(turn.split()) for turn in turns) <= 12
    assert all(turn.isascii() and not any(map(str.isdigit, turn)) for turn in turns)
    assert any(TURN in pair.source for pair in pairs)
    counts = dict.fromkeys(("train", "validation", "test"), 0)
    for pair in pairs:
        counts[split_of(pair.key)] += 1
    assert min(counts.values()) > 100
