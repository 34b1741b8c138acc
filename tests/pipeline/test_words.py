"""Words with their times, and recordings that are read while they grow."""

from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq.contracts import ArraySource, register_source
from kseq2seq.decoding import Decoded
from kseq2seq.pipeline import Heard, Word, live
from kseq2seq.pipeline.growing import _after
from kseq2seq.pipeline.words import timed_words
from kseq2seq.text import CharacterTokenizer, TextTarget

SECONDS = 0.25


@register_source("test_ticks")
class Ticks(ArraySource):
    """Readings of one channel, four in a second."""

    unit = "ticks"
    unit_seconds = SECONDS

    def __init__(self, max_length=40, too_long="error"):
        super().__init__((2,), max_length, too_long)
        self.spec = {"source": ((None, 2), "float32"), "source_mask": ((None,), "int32")}

    def features(self, values, lengths):
        return values

    def split(self, raw):
        return [raw[at : at + self.max_length] for at in range(0, len(raw), self.max_length)]

    def config(self):
        return {"max_length": self.max_length, "too_long": self.too_long}


def read(rows):
    return ["".join("_ab "[i] for i in row if i).rstrip() for row in rows]


def test_words_last_as_long_as_their_tokens():
    alignment = np.array([[0, 0.5, 0.5, 0], [0.9, 0.1, 0, 0], [0, 0, 0, 1]], "float32")
    words = timed_words("ab", np.array([1, 2, 3]), read, alignment, np.array([0.9, 0.4, 1.0]), 0.5)
    assert words == [Word("ab", 0.0, 1.5, 0.4)]
    nowhere = timed_words("a b", np.array([1, 3, 2]), read, np.eye(3) * [1, 1, 0], np.ones(3), 0.5)
    assert nowhere == [Word("a", 0.0, 0.5, 1.0), Word("b", 0.5, 0.5, 0.0)]


@pytest.fixture(scope="module")
def pipeline():
    tokenizer = CharacterTokenizer.train(["ab ba"])
    source, target = Ticks(), TextTarget(tokenizer, 20)
    model = ks.build_model("gru", source, target, head="ctc", hidden_dim=4)
    return ks.Pipeline(model, source, target)


def test_predictions_of_sources_in_time_have_words(pipeline, monkeypatch):
    (_, ids) = pipeline.target.ids(["ab", "ab ba"]).to_list()
    ids = np.array([[ids[:-1]]], "int32")

    def decoded(model, inputs, *args, **options):
        rows, length = inputs["source_mask"].shape
        alignments = np.zeros((1, 1, 5, length), "float32")
        alignments[0, 0, np.arange(5), [0, 1, 3, 5, 6]] = 1
        parts = (ids, [[5]], [[-1.0]], alignments, [[True]], np.full((1, 1, 5), 0.5, "float32"))
        return Decoded(*(tf.repeat(tf.constant(part), rows, axis=0) for part in parts))

    monkeypatch.setattr("kseq2seq.pipeline.generator.decode", decoded)
    raw = np.zeros((8, 2), "float32")
    found = pipeline([raw], alignments=True)[0]
    assert found.words == [Word("ab", 0.0, 0.5, 0.5), Word("ba", 1.25, 1.75, 0.5)]
    assert found.confidences.tolist() == [0.5] * 5
    long = np.zeros((48, 2), "float32")
    words = pipeline([long], alignments=True, too_long="split")[0].words
    assert [word.begin for word in words] == [0.0, 1.25, 10.0, 11.25]  # the parts are 40 and 8


def test_what_two_passes_agree_on_stays(pipeline, monkeypatch):
    """Each pass finds what was said by then, and mistakes the last word."""
    said = [
        Word(text, at, at + 0.5, 1.0) for at, text in ((0.5, "one"), (1.5, "two"), (3.0, "six"))
    ]
    passes = []

    def words(_, samples, begin, options):
        end = begin + len(samples) * SECONDS
        passes.append((begin, end))
        found = [word for word in said if begin <= word.begin and word.end <= end]
        half = [word._replace(text="uh") for word in said if word.begin < end < word.end]
        return found + half

    monkeypatch.setattr("kseq2seq.pipeline.growing._words", words)
    pieces = [np.zeros((3, 2), "float32")] * 6
    heard = list(live(pipeline, pieces))
    stayed = ["", "", "one", "one two", "one two", "one two six", "one two six"]
    assert [one.text for one in heard] == stayed
    assert heard[-1] == Heard(4.5, said, [])
    assert all(a.words == b.words[: len(a.words)] for a, b in pairwise(heard))
    assert any("uh" in [word.text for word in one.rest] for one in heard)
    assert len(passes) == 7 and all(begin == 0 for begin, _ in passes)


def test_what_stays_is_dropped_and_silence_too(pipeline, monkeypatch):
    spans = []

    def words(_, samples, begin, options):
        spans.append((begin, begin + len(samples) * SECONDS))
        return [Word("on", 1.0, 2.0, 1.0)] if begin < 1 else []

    monkeypatch.setattr("kseq2seq.pipeline.growing._words", words)
    heard = list(live(pipeline, [np.zeros((8, 2), "float32")] * 6))
    assert heard[-1].text == "on" and heard[-1].seconds == 12.0
    assert (
        max(end - begin for begin, end in spans) <= 7.0 + 1e-6
    )  # half of ten seconds, and a piece
    assert {begin for begin, _ in spans} >= {0.0, 2.0}


def test_a_long_piece_is_read_in_parts_and_words_without_a_time_stay_once(pipeline, monkeypatch):
    lasted = []

    def words(_, samples, begin, options):
        lasted.append(len(samples) * SECONDS)
        return [Word("on", 0.0, 0.0, 0.0)]

    monkeypatch.setattr("kseq2seq.pipeline.growing._words", words)
    heard = list(live(pipeline, [np.zeros((96, 2), "float32")]))
    assert heard[-1].text == "on" and heard[-1].seconds == 24.0
    assert max(lasted) <= 10.0  # of `max_length`


def test_it_runs_the_model(pipeline):
    rng = np.random.default_rng(0)
    pieces = [rng.normal(size=(2, 2)).astype("float32") for _ in range(4)]
    *_, last = live(pipeline, pieces)
    assert last.seconds == 2.0 and last.rest == []
    assert all(0 <= word.begin <= word.end <= 2.0 for word in last.words)
    whole = pipeline([np.concatenate(pieces)], alignments=True)[0]
    assert [word.text for word in whole.words] == whole.text.split()
    assert _after([], whole.words) == whole.words


def test_sources_without_time_are_refused():
    tokenizer = ks.text.ByteTokenizer()
    plain = ks.Pipeline(
        ks.build_model("gru", tokenizer, tokenizer, hidden_dim=4), tokenizer, tokenizer
    )
    with pytest.raises(TypeError, match="a source of arrays in time; got TextSource"):
        next(live(plain, []))
