"""Texts whose words have positions."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import data
from kseq2seq.contracts import Source
from kseq2seq.text import (
    ByteTokenizer,
    CharacterTokenizer,
    LabelTarget,
    SentencePieceTokenizer,
    WordSource,
    language_symbol,
)

TEXTS = ["Open the  new window", " ", "tab\u3000closed. ", "x"]


def words(source, inputs):
    """Each word's tokens, by where it begins."""
    found = []
    for ids, mask, items in zip(*(np.asarray(inputs[name]) for name in source.spec), strict=True):
        starts = [*(int(item) for item in items if item >= 0), int(mask.sum()) - 1]
        assert starts == sorted(starts)
        found.append([ids[a:b].tolist() for a, b in itertools.pairwise(starts)])
    return found


@pytest.fixture(scope="module")
def pieces():
    corpus = ["Open the new window", "The tab was closed.", "Restart the kernel?"] * 4
    return SentencePieceTokenizer.train(corpus, 60, byte_fallback=False)


def test_each_word_is_cut_alone_and_its_first_position_is_known(pieces):
    for tokenizer in (ByteTokenizer(), pieces):
        source = WordSource(tokenizer, 64)
        assert list(source.spec) == ["source", "source_mask", "items"]
        wanted = [text.split() for text in TEXTS]
        made = words(source, source(TEXTS))
        assert made == [tokenizer.tokenize(row).to_list() if row else [] for row in wanted]
        assert source.word_counts(TEXTS).numpy().tolist() == [4, 0, 2, 1]
        inputs = source(TEXTS)
        assert source.lengths(TEXTS).numpy().tolist() == (
            inputs["source_mask"].numpy().sum(1).tolist()
        )
        assert source.fitting(TEXTS).to_list() == source.tokens(TEXTS).to_list()


def test_texts_without_words_have_a_place_for_one_and_symbols_are_words():
    symbols = [language_symbol("fr")]
    source = WordSource(ByteTokenizer(symbols), 16)
    graph = tf.function(source, input_signature=[tf.TensorSpec([None], tf.string)])
    for made in (source([" ", ""]), graph(tf.constant([" ", ""]))):
        assert made["items"].numpy().tolist() == [[-1], [-1]]
    raws = tf.constant(["<2fr>", ""])
    assert source.empty(raws, source.lengths(raws)).numpy().tolist() == [False, True]
    assert source.languages == ()


def test_a_word_of_which_nothing_is_left_is_unknown():
    class Deaf(ByteTokenizer):
        def tokenize(self, texts, sample=False):
            return super().tokenize(tf.strings.regex_replace(texts, "x", ""), sample)

    source = WordSource(Deaf(), 16)
    made = source(["a xx b", "x"])
    assert made["source"].numpy().tolist() == [[101, 3, 102, 2], [3, 2, 0, 0]]
    assert made["items"].numpy().tolist() == [[0, 1, 2], [0, -1, -1]]
    unknown = WordSource(CharacterTokenizer("ab"), 16)(["ab ?"])
    assert unknown["items"].numpy().tolist() == [[0, 2]]


def test_drawn_segmentations_have_their_own_positions(pieces):
    source = WordSource(pieces, 64)
    text = "Open the new window closed"
    drawn = {len(source([text], training=True)["source"][0]) for _ in range(20)}
    assert len(drawn) > 1
    for _ in range(5):
        made = words(source, source([text, "tab"], training=True))
        spelled = [source.tokenizer.detokenize(tf.ragged.constant(row)).numpy() for row in made]
        assert [[word.decode() for word in row] for row in spelled] == [text.split(), ["tab"]]
    tight = WordSource(pieces, int(source.lengths([text])[0]))
    assert all(len(tight([text], True)["source"][0]) <= tight.max_length for _ in range(10))


def test_too_long_texts_lose_whole_words_or_are_split_between_them():
    text = "aa bb cccc d"
    cut = WordSource(ByteTokenizer(), 6, too_long="cut")([text, "d"])
    assert cut["items"].numpy().tolist() == [[0, 2], [0, -1]]
    assert cut["source"].numpy()[0].tolist()[-1] == 2 and cut["source"].shape[1] == 5
    source = WordSource(ByteTokenizer(), 6, too_long="split")
    assert source.split(text) == ["aa bb", "cccc d"]
    assert source.split("") == [""]
    with pytest.raises(ValueError, match="'aaaaaa' alone has 6 tokens"):
        source.split("b aaaaaa")


def test_a_host_feeds_what_the_graph_takes(tmp_path):
    source = WordSource(ByteTokenizer(), 12)
    specs, inputs = source.fixed(8)
    given = source.feed("ab c", 8)
    assert {name: x.shape for name, x in given.items()} == {
        name: tuple(spec.shape) for name, spec in specs.items()
    }
    made = inputs(**{name: tf.constant(x) for name, x in given.items()})
    assert made["items"].numpy()[0, :3].tolist() == [0, 2, -1]
    whole = source(["ab c"])
    np.testing.assert_array_equal(made["source"][:, :4], whole["source"])
    source.save(tmp_path)
    again = Source.load(tmp_path)
    assert type(again) is WordSource and again.spec == source.spec


def test_it_runs_in_a_graph_of_any_batch():
    source = WordSource(ByteTokenizer(), 64)
    graph = tf.function(source, input_signature=[tf.TensorSpec([None], tf.string)])
    for texts in (TEXTS, [" "], []):
        eager, made = source(tf.constant(texts, tf.string)), graph(tf.constant(texts, tf.string))
        for name in source.spec:
            np.testing.assert_array_equal(eager[name], made[name])


def test_a_corpus_of_labeled_words_is_counted_and_batched(pieces):
    labels = LabelTarget(["N", "V"])
    texts = ["Open the window", "The \u3000tab", "①", "close"] * 8
    examples = [data.Example(text, " ".join("N" for _ in text.split()), key=text) for text in texts]
    source = WordSource(pieces, max_length=40)
    corpus = data.Corpus.write(examples, source=source)
    with pytest.warns(UserWarning, match="8 of 32 source texts are unknown as a whole"):
        survey = data.survey(corpus, source, labels)
    assert survey.kept == len(texts)
    buckets = data.fit_buckets(survey, 2)
    for inputs, ids in data.train_batches(
        corpus, source, labels, buckets=buckets, seed=1, batch_size=4
    ).take(20):
        counts = (inputs["items"].numpy() >= 0).sum(axis=1)
        assert counts.tolist() == (ids.numpy() > 0).sum(axis=1).tolist()


@pytest.mark.parametrize("too_long", ["error", "cut"])
def test_rows_carry_their_positions(pieces, too_long):
    source = WordSource(pieces, 12, too_long)
    texts = ["Open the new window", "The tab was closed now", "x", "close", "Restart"]
    packed = tf.constant([source.pack(text) for text in texts])
    rows, lengths, empty = source.prepare(packed, 12)
    assert lengths.numpy().tolist() == source.lengths(texts).numpy().tolist()
    assert not empty.numpy().any()
    made, expected = source.assemble(rows, 7, 32), source(texts)
    for name, filler in (("source", 0), ("source_mask", False), ("items", -1)):
        given = expected[name].numpy()
        width = given.shape[1]
        assert made[name].shape == (7, 32)
        np.testing.assert_array_equal(made[name][:5, :width], given)
        assert (made[name][:5, width:].numpy() == filler).all()
    for row in (5, 6):  # nothing but the end, which is their one word
        assert made["source"][row, :2].numpy().tolist() == [2, 0]
        assert made["items"][row, :2].numpy().tolist() == [0, -1]


def test_rows_are_drawn_only_if_asked(pieces):
    source = WordSource(pieces, 64)
    packed = tf.constant([source.pack("Open the new window closed")] * 8)

    def ids(sample):
        return source.prepare(packed, 64, sample)[0][0].to_list()

    assert all(len(set(map(tuple, ids(False)))) == 1 for _ in range(4))
    assert len({tuple(row) for _ in range(4) for row in ids(True)}) > 1
