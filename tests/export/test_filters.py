"""Filters as parts of files: the same ids as in Keras, and refused where they can't be."""

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
    free, kept = (pipeline.texts(SOURCES, filters=filters) for filters in ([], [rule]))
    assert sum(one != other for one, other in zip(free, kept, strict=True)) >= 3
    for search in (Greedy(), Beam(3)):
        file = tmp_path / "model.tflite"
        parity = pipeline.export(file, filters=[rule], search=search, report=None)
        assert parity.same + parity.near_ties == len(SOURCES)
    pipeline.export(tmp_path / "served", filters=[rule], warm_up=[])
    served = tf.saved_model.load(str(tmp_path / "served")).signatures
    for name, search in (("greedy", Greedy()), ("beam", Beam(3))):
        texts = served[name](texts=tf.constant(SOURCES))["texts"].numpy()[:, 0]
        expected = pipeline.texts(SOURCES, search=search, filters=[rule])
        assert [text.decode() for text in texts] == expected


def test_what_can_not_be_part_of_a_file_is_refused(pipeline):
    assert fixed_filters(pipeline.model, [Forbid([[5]])]) == (Forbid([[5]]),)
    with pytest.raises(ValueError, match="has a row for each source"):
        fixed_filters(pipeline.model, [Prefix([[5], [6]])])
    labeler = build_model("gru", source=20, target=5, head=Labels(), hidden_dim=8)
    with pytest.raises(ValueError, match="models with a decoder"):
        fixed_filters(labeler, [Forbid([[5]])])
