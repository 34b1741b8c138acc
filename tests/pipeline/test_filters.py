"""Filters through a pipeline: by words, in any batch."""

from __future__ import annotations

import pytest

from kseq2seq import Beam, Pipeline, Sample, Speculative
from kseq2seq.decoding import Forbid, MaxLength, Prefix, Require

TEXTS = ["one", "", "two and more", "three"]


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_each_text_has_its_own_row(pipeline, batch_size):
    required = [pipeline.phrases(["ab"]), [], pipeline.phrases(["x", "yz"]), []]
    prefixes = [[], [], [], *pipeline.phrases(["go "])]
    filters = [Require(required), Prefix(prefixes)]
    made = pipeline.texts(TEXTS, search=Beam(3), filters=filters, batch_size=batch_size)
    assert "ab" in made[0]
    assert made[1] == ""
    assert "x" in made[2] and "yz" in made[2]
    assert made[3].startswith("go ")


def test_forbidden_words(pipeline):
    free = pipeline.texts(["one"], search=Beam(2))[0]
    letter = next(letter for letter in free if letter.isascii())
    made = pipeline(["one"], search=Beam(2), filters=[Forbid(pipeline.phrases([letter]))])[0]
    assert all(letter not in text for text, _ in [(made.text, 0), *made.alternatives])


def test_samples_do_not_depend_on_batches(pipeline):
    options = {"search": Sample(samples=3), "seed": 9}
    whole = pipeline(TEXTS, **options)
    parts = pipeline(TEXTS, **options, batch_size=1)
    for one, other in zip(whole, parts, strict=True):
        assert one.text == other.text
        assert [text for text, _ in one.alternatives] == [text for text, _ in other.alternatives]
    other = pipeline(TEXTS, search=Sample(samples=3), seed=10)
    assert [one.text for one in whole] != [one.text for one in other]


def test_unsatisfied(pipeline):
    long = pipeline.phrases(["abcdefghijklmnopqrst"])
    with pytest.raises(ValueError, match=r"no target within the limit"):
        pipeline(["one"], search=Beam(2), filters=[Require([long])])
    made = pipeline(["one"], search=Beam(2), filters=[Require([long])], unsatisfied="partial")
    assert made[0].text.startswith("abcdefghijklmno")  # as much of it as fits
    easy = [pipeline.phrases(["a"]), *[[]] * 2, long]
    with pytest.raises(ValueError, match=r"for text 3 \(1 of 4\)"):
        pipeline(["longer text", "b", "c", "a"], search=Beam(2), filters=[Require(easy)])


def test_filters_may_come_as_an_iterator(pipeline):
    long = "Some words. Other words."
    made = pipeline([long], filters=iter([MaxLength(3)]), too_long="split")[0].text
    assert made == pipeline([long], filters=[MaxLength(3)], too_long="split")[0].text
    assert made != pipeline([long], too_long="split")[0].text


def test_refuses_rows_for_other_texts(pipeline):
    with pytest.raises(ValueError, match=r"Prefix is for 1 texts, but there are 2"):
        pipeline(["a", "b"], filters=[Prefix([[5]])])
    with pytest.raises(ValueError, match=r"A text was split"):
        pipeline(["Some words. " * 5], filters=[Prefix([[5]])], too_long="split")
    with pytest.raises(ValueError, match=r"The phrase '' has no token"):
        pipeline.phrases([""])


def test_a_pair_of_models_is_used_but_not_saved(pipeline, wild, tmp_path):
    draft = wild("gru", seed=3)
    fast = Pipeline(Speculative(pipeline.model, draft.model, 3), pipeline.source, pipeline.target)
    plain = pipeline.texts(TEXTS, search=Beam(2))
    assert fast.texts(TEXTS, search=Beam(2)) == plain
    with pytest.raises(ValueError, match=r"Only a single model.*Speculative"):
        fast.save(tmp_path / "saved")
