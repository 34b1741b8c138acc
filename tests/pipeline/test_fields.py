"""Format fields: every target has exactly those of its source, whatever the model makes of it."""

from collections import Counter

import kseq2seq_runtime as runtime
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import Beam, Greedy, Pipeline, build_model
from kseq2seq.decoding import Forbid, UnsatisfiedError
from kseq2seq.format_fields import format_fields
from kseq2seq.text import FIELD_SYMBOLS, ByteTokenizer, LabelTarget, TextSource, TextTarget

TEXTS = ["%(a)s of {b}", "{b}, {b} and %s: %d", "none", "⟦2⟧ %s%%", "", "%s"]


@pytest.fixture(scope="module")
def pipeline():
    """A model of random weights, which alone would never keep a field."""
    tokenizer = ByteTokenizer(FIELD_SYMBOLS)
    model = build_model("luong", source=tokenizer, target=tokenizer, hidden_dim=8, dropout=0.0)
    random = np.random.default_rng(3)
    for weight in model.weights:
        weight.assign(random.normal(scale=0.7, size=weight.shape))
    return Pipeline(model, TextSource(tokenizer, 24, fields=True), TextTarget(tokenizer, 8))


def same_fields(texts, sources=TEXTS):
    # a model of random weights writes "{" and "%" of its own; symbols are what is promised
    own = [Counter(format_fields(source)) for source in sources]
    return all(
        all(text.count(field) >= count for field, count in fields.items())
        for text, fields in zip(texts, own, strict=True)
    ) and not any(symbol in text for text in texts for symbol in FIELD_SYMBOLS if symbol != "⟦2⟧")


def test_each_target_has_the_fields_of_its_source(pipeline):
    predictions = pipeline(TEXTS, search=Beam(2))
    assert same_fields([one.text for one in predictions])
    assert same_fields([one.alternatives[0][0] if one.text else "" for one in predictions])
    symbols = pipeline.target.tokenizer.symbols
    counts = Counter(piece for piece in predictions[1].target_tokens if piece in symbols)
    assert counts == {"⟦1⟧": 2, "⟦2⟧": 1, "⟦3⟧": 1}


def test_without_the_filter_they_are_lost(pipeline):
    free = Pipeline(pipeline.model, pipeline.source, pipeline.target, Greedy())
    free._filters = lambda: ()
    assert not same_fields(free.texts(TEXTS))


def test_more_fields_than_places_are_refused(pipeline):
    long, why = "%s %s %s %s %s %s %s %s", "it has 8 tokens that its target must have, too"
    with pytest.raises(UnsatisfiedError, match=rf"for text 1 \(1 of 2\): {why}"):
        pipeline(["%s", long], search=Greedy(), batch_size=1)
    with pytest.raises(UnsatisfiedError, match=r"for text 0 \(1 of 1\): it has 3 tokens"):
        pipeline("%s %d %i", search=Greedy(), max_length=3)
    with pytest.raises(UnsatisfiedError, match=rf"for text 0 \(1 of 1\): {why}"):
        list(pipeline.stream(long))
    with pytest.raises(UnsatisfiedError, match="The filters leave no target within the limit"):
        pipeline(["%s"], search=Greedy(), filters=[Forbid(range(3, 259))])


def test_a_target_without_the_symbols_is_refused_at_the_door():
    tokenizer, other = ByteTokenizer(FIELD_SYMBOLS), ByteTokenizer()
    source = TextSource(tokenizer, 24, fields=True)
    with pytest.raises(ValueError, match="without ⟦1⟧"):
        model = build_model("gru", source, other, hidden_dim=4)
        Pipeline(model, source, TextTarget(other, 8))
    labels = LabelTarget(["A", "B"])
    labeler = build_model("gru", source, labels, head="label", hidden_dim=4)
    Pipeline(labeler, source, labels)  # without a decoder nothing is filtered


def test_an_export_is_scored_by_texts_that_are_filled(pipeline, tmp_path):
    """Examples that no target fits are left out, as those that are too long."""
    pipeline.search = Greedy()
    examples = [TEXTS[0], "%s %s %s %s %s %s %s %s", TEXTS[1], "x" * 99]
    texts = pipeline.texts([TEXTS[0], TEXTS[1]])
    references = [texts[0], "", texts[1], ""]
    parity = pipeline.export(
        tmp_path / "model.tflite", examples=examples, references=references, report=None
    )
    assert parity.sentences == 2
    assert parity.scores["chrF"] == pytest.approx((100, 100))
    with pytest.raises(ValueError, match="leave none of the 1 `examples` a target"):
        pipeline.export(tmp_path / "other.tflite", examples=examples[1:2], report=None)


def test_a_stream_shows_fields(pipeline):
    *_, last = pipeline.stream(TEXTS[1])
    assert last == pipeline.texts([TEXTS[1]], search=Greedy())[0]


def test_scores_are_those_of_the_search(pipeline):
    texts = [TEXTS[0], TEXTS[1]]
    found = pipeline(texts, search=Greedy())
    tokens = [score.tokens for score in pipeline.score(texts, [one.text for one in found])]
    assert tokens[0] == found[0].target_tokens


def test_exports_and_a_reload_keep_them_too(pipeline, tmp_path):
    pipeline.search, pipeline.examples = Beam(2), [TEXTS[0], TEXTS[1]]
    pipeline.save(tmp_path / "pipeline")
    expected = pipeline.texts(TEXTS)
    assert Pipeline.load(tmp_path / "pipeline").texts(TEXTS) == expected
    pipeline.export(tmp_path / "served", searches={"serving_default": Beam(2)})
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    texts = served(texts=tf.constant(TEXTS))["texts"].numpy()
    assert [text.decode() for text in texts[:, 0]] == expected
    pipeline.export(tmp_path / "model.tflite", search=Greedy(), report=None)
    opened = runtime.Pipeline(tmp_path / "model.tflite")
    greedy = pipeline.texts(TEXTS, search=Greedy())
    assert opened.texts(TEXTS) == greedy  # by the search in the file
    assert opened.texts(TEXTS, search=runtime.Beam(2)) == expected  # and by one of the host
    assert list(opened.stream(TEXTS[1]))[-1] == greedy[1]
    assert same_fields(opened.texts(TEXTS, search=runtime.Sample()))
    with pytest.raises(ValueError, match="8 format fields"):
        opened.texts(["%s %s %s %s %s %s %s %s"])
