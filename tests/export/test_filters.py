"""Filters as parts of files: the same ids as in Keras, and refused where they can't be."""

import kseq2seq_runtime
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import Beam, Greedy, Pipeline, build_model
from kseq2seq.decoding import Forbid, Prefix, PythonLayout
from kseq2seq.export.filters import fixed_filters
from kseq2seq.heads import Labels
from kseq2seq.text import CharacterTokenizer, TextSource, TextTarget, line_breaks

SOURCES = ["one", "three", "eleven", "twenty", "two"]


@pytest.fixture(scope="module")
def pipeline():
    """A model of random weights, which writes all kinds of characters."""
    tokenizer = CharacterTokenizer("abpstwonehrlvy ()[]'\":#", symbols=line_breaks(3))
    model = build_model("gru", source=tokenizer, target=tokenizer, hidden_dim=8)
    rng = np.random.default_rng(2)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape) * 1.5)
    sides = TextSource(tokenizer, 12), TextTarget(tokenizer, 24)
    return Pipeline(model, *sides, Beam(3), examples=SOURCES)


def test_files_follow_the_filter_as_keras_does(pipeline, tmp_path):
    rule = PythonLayout.for_tokenizer(pipeline.target.tokenizer, levels=2)
    searches = {"serving_default": Greedy(), "beam": Beam(3)}
    expected = {
        name: pipeline.texts(SOURCES, search=search, filters=[rule])
        for name, search in searches.items()
    }
    free = pipeline.texts(SOURCES)
    assert sum(one != other for one, other in zip(free, expected["beam"], strict=True)) >= 3

    parity = pipeline.export(tmp_path / "model.tflite", filters=[rule], report=None)
    assert parity.same + parity.near_ties == len(SOURCES)
    phone = kseq2seq_runtime.Pipeline(tmp_path / "model.tflite")
    assert phone.model.record.filters == ("PythonLayout",)
    assert phone.texts(SOURCES) == expected["beam"]
    for use in (lambda: phone("one", search=kseq2seq_runtime.Beam(2)), lambda: phone.stream("one")):
        with pytest.warns(UserWarning, match="follows the filters PythonLayout in its own search"):
            use()

    pipeline.export(tmp_path / "served", filters=[rule], searches=searches, warm_up=[])
    served = tf.saved_model.load(str(tmp_path / "served")).signatures
    for name, texts in expected.items():
        found = served[name](texts=tf.constant(SOURCES))["texts"].numpy()[:, 0]
        assert [text.decode() for text in found] == texts


def test_what_can_not_be_part_of_a_file_is_refused(pipeline):
    sides, rule = (pipeline.source, pipeline.target), Forbid([[5]])
    assert fixed_filters(pipeline.model, *sides, [rule]) == (rule,)
    with pytest.raises(ValueError, match="has a row for each source"):
        fixed_filters(pipeline.model, *sides, [Prefix([[5], [6]])])
    labeler = build_model("gru", source=20, target=5, head=Labels(), hidden_dim=8)
    with pytest.raises(ValueError, match="rule about the next token of a decoder"):
        fixed_filters(labeler, *sides, [rule])
