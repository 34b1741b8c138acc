"""Labels as ids and back."""

import json

import pytest
import tensorflow as tf

from kseq2seq.contracts import Target
from kseq2seq.text import LabelTarget


def test_labels_are_numbered_from_1_and_read_back():
    target = LabelTarget(["N", "V", "형용사"], max_length=4)
    ids = target.ids([" N\u00a0V  형용사 ", "", "V"])
    assert ids.to_list() == [[1, 2, 3], [], [2]] and ids.dtype == tf.int32
    assert [raw.decode() for raw in target.read(ids).numpy()] == ["N V 형용사", "", "V"]
    assert target.read([[1, 0, 0], [3, 2, 0]]).numpy()[0] == b"N"
    assert target.labels([[3, 2, 0], [0, 0, 0]]) == [["형용사", "V"], []]
    assert target.labels(ids) == [["N", "V", "형용사"], [], ["V"]]
    assert (target.size, target.closes, target.special.padding) == (4, False, 0)


def test_one_label_for_the_whole_may_hold_spaces():
    target = LabelTarget.of(["very good", "bad", " bad "], whole=True)
    assert target.names == ("bad", "very good") and target.max_length == 1
    assert target.ids(["very good", "", "bad "]).to_list() == [[2], [], [1]]
    assert target.read([[2], [1]]).numpy().tolist() == [b"very good", b"bad"]
    spaced = ["\u3000very good\xa0", "\x85\n bad\u2028", "\u3000"]
    assert target.ids(spaced).to_list() == [[2], [1], []]


def test_labels_are_counted_in_any_order():
    one = LabelTarget.of(["b a", "c b a b"])
    assert one.names == ("b", "a", "c") and one.max_length == 4
    assert LabelTarget.of(["c b a b", "b a"]).names == one.names


@pytest.mark.parametrize("whole", [False, True])
def test_a_label_that_is_not_known_is_named(whole):
    target = LabelTarget(["a", "b"], whole=whole)
    with pytest.raises(ValueError, match="'zz' of target 1 is not known; known are a, b"):
        target.ids(["a", "zz"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="not known"):
        tf.function(target.ids)(tf.constant(["a", "zz"]))
    data = tf.data.Dataset.from_tensor_slices(["a", "b"]).batch(2).map(target.ids)
    assert next(iter(data)).to_list() == [[1], [2]]
    with pytest.raises(ValueError, match="has 2 labels, and the limit is 1"):
        LabelTarget(["a"], max_length=1).check(["a a"])


@pytest.mark.parametrize(
    "labels, whole, message",
    [
        ([], False, "at least one"),
        (["a", "a"], False, "each label once"),
        (["a b"], False, "no white space"),
        ([" a"], True, "no white space"),
        ([""], False, "no white space"),
        (["\ud800"], False, "lone surrogate"),
        ("abc", False, "must be a list"),
    ],
)
def test_labels_that_make_no_sense_are_refused(labels, whole, message):
    with pytest.raises(ValueError, match=message):
        LabelTarget(labels, whole=whole)


def test_it_is_saved_as_json_and_in_a_graph(tmp_path):
    target = LabelTarget(["a", "b c"], max_length=1, whole=True)
    target.save(tmp_path / "saved")
    record = json.loads((tmp_path / "saved" / "target.json").read_text())
    assert record["type"] == "labels" and record["labels"] == ["a", "b c"]
    again = Target.load(tmp_path / "saved")
    assert type(again) is LabelTarget and again.config() == target.config()
    module = tf.Module()
    module.target = target
    module.both = tf.function(
        lambda raws: target.read(target.ids(raws)),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, tmp_path / "graph")
    loaded = tf.saved_model.load(tmp_path / "graph")
    assert loaded.both(tf.constant(["b c"])).numpy().tolist() == [b"b c"]


def test_labels_are_no_inputs_of_a_decoder():
    with pytest.raises(TypeError, match="another head"):
        LabelTarget(["a"]).inputs([[1]])
