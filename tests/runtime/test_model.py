"""Ids in, ids out."""

import json

import numpy as np
import pytest
from kseq2seq_runtime import Beam, Greedy, Hypothesis, Model, Pipeline


def test_ids_go_in_and_out(made, opened):
    model = Model(made["bytes"].path)
    source = [*opened["bytes"].source.encode("hi"), 2]
    found = model.generate(source)
    assert len(found) == 3 and all(isinstance(one, Hypothesis) for one in found)
    assert opened["bytes"].target.decode(found[0].ids) == opened["bytes"]("hi")[0].text
    assert model.generate(np.array(source), search=Beam(3)) == found
    *_, last = model.stream(source, search=Beam(3))
    assert [one.ids for one in last] == [one.ids for one in found]


def test_a_step_leaves_what_it_was_given(opened):
    model = opened["bytes"].model
    carried = model.encode([108, 109, 2])
    before = {name: value.copy() for name, value in carried.items()}
    first = model.decode_step(1, 0, carried)
    assert all((carried[name] == before[name]).all() for name in before)
    again = model.decode_step(1, 0, carried)
    np.testing.assert_array_equal(first.logits, again.logits)
    assert first.alignment.shape == (20,) and first.alignment.sum() == pytest.approx(1, abs=1e-5)
    assert not (model.decode_step(5, 1, first.carried).logits == first.logits).all()


@pytest.mark.parametrize(
    ("token", "position", "message"),
    [
        (-1, 0, "`token`"),
        (10**6, 0, "`token`"),
        (1, 12, "`position` must be below 12"),
        (1, 0.5, ""),
    ],
)
def test_a_step_refuses_what_the_file_has_not(opened, token, position, message):
    model = opened["bytes"].model
    with pytest.raises(ValueError, match=message):
        model.decode_step(token, position, model.encode([108, 2]))


@pytest.mark.parametrize(
    "source", [[], [5] * 21, [[5, 2]], "hi", [1.5, 2.0], 5, [True, False]], ids=repr
)
def test_what_is_no_source_is_refused(source, opened):
    for call in (opened["bytes"].model.generate, opened["bytes"].model.stream):
        with pytest.raises(ValueError, match="A source must be a sequence of 1 to 20 ids"):
            call(source)


@pytest.mark.parametrize("token", [-1, 2**31, 2**63])
def test_ids_that_can_be_none_are_refused(token, opened):
    with pytest.raises(ValueError, match="Ids of a source must be at least 0"):
        opened["bytes"].model.generate(np.array([token, 2], "uint64" if token > 0 else "int64"))


@pytest.mark.parametrize("search", [None, Greedy()])
@pytest.mark.parametrize("name", ["bytes", "characters", "pieces"])
def test_ids_the_model_has_not_are_refused(name, search, opened):
    model = opened[name].model
    expected = model.generate([5, 2], search=search)
    with pytest.raises(ValueError, match="an id outside the vocabulary"):
        model.generate([model.record.target_vocabulary + 1000, 2], search=search)
    assert model.generate([5, 2], search=search) == expected  # and it still works


@pytest.mark.parametrize("kind", ["wordpiece", "keras_hub", "another"])
def test_other_tokenizers_leave_the_ids(kind, remade):
    settings = json.dumps({"format_version": 1, "type": kind}).encode()
    path = remade(files={"source_tokenizer/tokenizer.json": settings})
    with pytest.raises(ValueError, match=rf"has type '{kind}'.*Model\(path\).generate"):
        Pipeline(path)
    assert Model(path).generate([108, 2])


def test_weights_that_are_no_numbers_are_told(opened, monkeypatch):
    model, run = opened["characters"].model, opened["characters"].model._run

    def spoiled(name, inputs):
        made = run(name, inputs)
        if name == "decode_step":
            made["logits"] = made["logits"] * np.float32("nan")
        return made

    monkeypatch.setattr(model, "_run", spoiled)
    for search in (Beam(2),):
        with pytest.raises(ValueError, match="not finite"):
            model.generate([5, 2], search=search)
    empty = {"ids": np.zeros((1, 1, 12), "int32"), "lengths": np.zeros((1, 1), "int32")}
    empty["scores"] = np.full((1, 1), -np.inf, "float32")
    monkeypatch.setattr(model, "_run", lambda name, inputs: empty)
    with pytest.raises(ValueError, match="no hypothesis of finite score"):
        model.generate([5, 2])
