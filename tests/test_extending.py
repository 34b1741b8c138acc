"""The page on classes of one's own runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.contracts import SOURCES
from kseq2seq.heads import HEADS
from kseq2seq.models import ARCHITECTURES
from kseq2seq.text.tokenizer import TOKENIZERS

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"
MOST_LINES = 60  # of a class of one's own


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """All names that the blocks of the page define, run one after the other."""
    names = {"__name__": "extending"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("extending"))
        for table in (SOURCES, HEADS, ARCHITECTURES, TOKENIZERS):  # as they were, for other tests
            patch.setattr(table, "_classes", dict(table))
        for block in blocks():
            exec(compile(block, str(PAGE), "exec"), names)
        yield names


def blocks():
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def share(made, expected):
    return np.mean([one == other for one, other in zip(made, expected, strict=True)])


def test_a_sense_is_learned_and_says_the_same_everywhere(ran):
    series, words = zip(*ran["held_out"], strict=True)
    made = ran["pipeline"].texts(list(series))
    assert share(made, words) > 0.8
    assert ran["phone"].texts(list(series)) == made
    prediction = ran["pipeline"](series[2], alignments=True)[0]
    assert prediction.source_tokens == [str(4 * n) for n in range(len(series[2]) // 4)]
    assert prediction.alignment.shape[1] == len(prediction.source_tokens)


def test_a_head_labels_each_position_everywhere(ran):
    series = [series for series, _ in ran["held_out"]]
    wanted = [example.target for example in ran["twice"][260:]]
    made = ran["labeling"].texts(series)
    assert share(made, wanted) > 0.9
    assert ran["labeling"].evaluate(series, wanted)["accuracy"] > 95
    phone = ran["kseq2seq_runtime"].Pipeline("labels.tflite")
    assert phone.texts(series) == made
    assert phone(np.zeros((0, 2)))[0].text == ran["labeling"](np.zeros((0, 2)))[0].text == ""


def test_an_architecture_and_a_tokenizer_of_ones_own_are_loaded(ran):
    assert ran["small"].get_config()["decoder"]["hidden_dim"] == 32
    again, series = ran["again"], ran["held_out"][0][0]
    assert again.target.tokenizer.tokenize(["Up 1"]).to_list() == [[24, 19, 30, 3]]
    assert again.target.tokenizer.detokenize([[24, 19, 30, 3]]).numpy()[0].decode() == "up \ufffd"
    assert isinstance(again.texts(series)[0], str)


def test_what_is_too_long_or_of_another_shape_is_refused_alike(ran):
    for pipeline in (ran["pipeline"], ran["phone"]):
        with pytest.raises(ValueError, match="33"):
            pipeline(np.zeros((33, 2)))
        with pytest.raises(ValueError, match=r"\(length, 2\)"):
            pipeline(np.zeros((4, 3)))
        with pytest.raises(ValueError, match="NaN"):
            pipeline(np.full((4, 2), np.nan))
    with pytest.warns(UserWarning, match="1 of 1 sources are longer than 32 readings"):
        ran["pipeline"](np.zeros((40, 2)), too_long="cut")


@pytest.mark.parametrize("table", [SOURCES, ARCHITECTURES], ids=["source", "architecture"])
def test_what_is_not_registered_says_so(ran, table, monkeypatch):
    kept = {name: cls for name, cls in table.items() if name not in ("readings", "strided")}
    monkeypatch.setattr(table, "_classes", kept)
    with pytest.raises(ValueError, match=r"(?s)import.*register_"):
        ks.Pipeline.load("gestures")


def test_classes_of_ones_own_are_short():
    for block in blocks():
        if "class " in block:
            assert len(block.splitlines()) <= MOST_LINES
