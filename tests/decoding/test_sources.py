"""An encoder that strides is given its sources at one length, so all ways to decode agree."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq.decoding import search_targets
from kseq2seq.decoding.sources import croppable
from kseq2seq.export.fewer_units import FewerUnits
from kseq2seq.export.fixed import FixedModel
from kseq2seq.export.interpreter import Signatures
from kseq2seq.export.saved_model import _of_texts
from kseq2seq.export.tflite import convert
from kseq2seq.models import Seq2Seq
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

LONGEST, SIZE = 79, ByteTokenizer().vocabulary_size


@pytest.fixture(scope="module")
def strided():
    """A convolution of stride 2 with padding "same", which begins elsewhere at odd lengths."""
    source = keras.Input((None,), dtype="int32", name="source")
    mask = keras.Input((None,), dtype="bool", name="source_mask")
    x = keras.layers.Embedding(SIZE, 8)(source) * keras.ops.cast(mask, "float32")[..., None]
    x = keras.layers.Conv1D(8, 3, strides=2, padding="same", activation="tanh")(x)
    encoded = {"outputs": x, "mask": mask[:, ::2]}
    encoder = keras.Model({"source": source, "source_mask": mask}, encoded, name="encoder")
    sizes = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2}
    decoder = ks.build_model("transformer", SIZE, SIZE, **sizes).decoder
    arguments = {"architecture": "strided", "source": SIZE, "target": SIZE}
    model, rng = Seq2Seq(encoder, decoder, arguments), np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.normal(scale=0.7, size=weight.shape))
    return model


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(0)
    ids = np.zeros((40, LONGEST), "int32")
    for row, length in zip(ids, [LONGEST, *rng.integers(5, LONGEST + 1, 39)], strict=True):
        row[:length] = [*rng.integers(4, SIZE, length - 1), 2]
    return {"source": ids, "source_mask": ids != 0}


@pytest.fixture(scope="module")
def found(strided, many):
    return ks.decode(strided, many, ks.Beam(2), max_length=8)


def same(given, expected):
    np.testing.assert_array_equal(given.ids, expected.ids)
    np.testing.assert_array_equal(given.finished, expected.finished)
    np.testing.assert_allclose(given.scores, expected.scores, atol=1e-4)


def test_which_models_keep_places(strided, model_named):
    assert not croppable(strided)
    names = [
        "gru",
        "luong",
        "convolutional",
        "transformer",
        "decoder_only",
        "hybrid-lstm-transformer",
    ]
    assert all(croppable(model_named(name)) for name in names)
    plain = ks.build_model("gru", source=SIZE, target=SIZE, hidden_dim=8)
    assert croppable(ks.Ensemble([plain, plain]))
    assert not croppable(ks.Ensemble([plain, strided]))
    assert not croppable(ks.Speculative(plain, strided))


def test_every_way_to_decode_finds_the_same(strided, many, found):
    tensors = {name: tf.constant(x) for name, x in many.items()}
    same(search_targets(strided, tensors, ks.Beam(2), 8), found)
    aligned = ks.decode(strided, many, ks.Beam(2), max_length=8, alignments=True)
    same(aligned, found)
    assert aligned.alignments.shape[-1] == 40
    few = {name: x[:3] for name, x in many.items()}
    three = ks.decode(strided, few, ks.Beam(2), max_length=8)
    np.testing.assert_array_equal(three.ids, found.ids[:3])


def test_tflite_finds_the_same(strided, many, found):
    tensors = {name: tf.constant(x[:1]) for name, x in many.items()}
    encode = tf.function(FewerUnits(strided.encoder, strided.decoder).encoder)
    kinds = {op.type for op in encode.get_concrete_function(tensors).graph.get_operations()}
    assert not kinds & {"If", "StatelessIf"}
    fixed = FixedModel(strided, ks.Beam(2), LONGEST, 8, ks.SpecialTokens())
    file = Signatures(convert(fixed, "float32"))
    for row, (ids, mask) in enumerate(zip(*many.values(), strict=True)):
        length = np.array([mask.sum()], "int32")
        made = file("generate", source=ids[None], source_length=length)
        np.testing.assert_array_equal(made["ids"][0], found.ids[row])
        np.testing.assert_array_equal(made["finished"][0], found.finished[row])
        np.testing.assert_allclose(made["scores"][0], found.scores[row], atol=1e-4)


def test_a_pipeline_finds_the_same_in_any_company(strided):
    tokenizer = ByteTokenizer()
    pipeline = ks.Pipeline(
        strided, TextSource(tokenizer, 31), TextTarget(tokenizer, 8), ks.Greedy()
    )
    texts = ["a b", "cde", "f", "one more", "the longest of them", "zz top", "yet another"]
    together = pipeline(texts)
    alone = [pipeline([text])[0] for text in texts]
    assert [one.text for one in together] == [one.text for one in alone]
    np.testing.assert_allclose([p.score for p in together], [p.score for p in alone], atol=1e-4)
    assert [list(pipeline.stream(text))[-1:] or [""] for text in texts] == [
        [one.text] for one in together
    ]
    with pytest.raises(ValueError, match=r"`replace_unknown` needs a model with attention to each"):
        pipeline(texts, replace_unknown=True)
    (looked,) = pipeline(texts[:1], alignments=True)
    assert looked.alignment is None
    made = _of_texts(strided, pipeline.source, pipeline.target, ks.Greedy(), ())(tf.constant(texts))
    assert [text.decode() for text in made["texts"][:, 0].numpy()] == [p.text for p in together]
    assert made["finished"][:, 0].numpy().tolist() == [p.finished for p in together]
