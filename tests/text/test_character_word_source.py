"""Words with their characters: in graph, on a host, in a model and its exports."""

import keras
import kseq2seq_runtime
import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq import data
from kseq2seq.contracts import Source
from kseq2seq.encoders import SourceSpec
from kseq2seq.text import CharacterTokenizer, CharacterWordSource, LabelTarget, WordTokenizer

TEXTS = ["Open the  new window", " ", "tab\u3000closed. ", "x", "naïve 다람쥐 <end> un-window-like"]
MOST = 5


@pytest.fixture(scope="module")
def source():
    words = WordTokenizer(["the", "window", "tab", "un-window-like"])
    return CharacterWordSource(words, CharacterTokenizer("acdehilnoptw-.다"), 12, MOST)


def by_hand(source, text):
    """The ids of a text, by dictionaries."""
    words = source.words_tokenizer.words()
    letters = source.characters_tokenizer
    known = {letter: 4 + index for index, letter in enumerate(letters.characters)}
    rows = []
    for word in text.split():
        own = words.index(word) if word in words[4:] else 3
        kept = word if len(word) <= MOST else word[: MOST // 2] + word[MOST // 2 - MOST :]
        spelled = [known.get(letter, 3) for letter in kept]
        rows.append([own, *spelled, *[0] * (MOST - len(spelled))])
    return rows


def test_each_word_has_its_id_and_those_of_its_characters(source):
    assert source.spec["source"] == ((None, 1 + MOST), "int32")
    made = source(TEXTS)
    counts = [len(text.split()) for text in TEXTS]
    assert source.lengths(TEXTS).numpy().tolist() == counts == [4, 0, 2, 1, 4]
    assert made["source_mask"].numpy().sum(1).tolist() == counts
    for row, text in zip(made["source"].numpy(), TEXTS, strict=True):
        wanted = by_hand(source, text)
        assert row[: len(wanted)].tolist() == wanted
        assert not row[len(wanted) :].any()
    assert source.labels(made)[3] == ["\ufffd"] and source.labels(made)[2][0] == "tab"


def test_it_runs_in_a_graph_of_any_batch(source):
    graph = tf.function(source, input_signature=[tf.TensorSpec([None], tf.string)])
    for texts in (TEXTS, [" "], []):
        eager, made = source(tf.constant(texts, tf.string)), graph(tf.constant(texts, tf.string))
        for name in source.spec:
            np.testing.assert_array_equal(eager[name], made[name])


def test_too_long_a_text_is_cut_or_split_between_words(source, tmp_path):
    text = " ".join("abcdefghijklmnop")
    cut = CharacterWordSource(
        source.words_tokenizer, source.characters_tokenizer, 3, MOST, too_long="cut"
    )
    assert cut([text])["source"].shape == (1, 3, 1 + MOST)
    assert cut.split("a b  c d") == ["a b c", "d"] and cut.split(" ") == [""]
    cut.save(tmp_path)
    again = Source.load(tmp_path)
    assert (again.config(), again.spec, again.spelling) == (cut.config(), cut.spec, cut.spelling)
    np.testing.assert_array_equal(again(TEXTS)["source"], cut(TEXTS)["source"])


def test_rare_words_have_no_id_when_it_is_trained():
    texts = ["the tab the <end> tab", "the wug <end>"]
    source = CharacterWordSource.train(texts, 8, max_characters=4)
    assert source.words_tokenizer.words()[4:] == ["the", "tab"]
    assert set("wug<>") <= set(source.characters_tokenizer.characters)
    assert CharacterWordSource.train(texts, 8, vocabulary_size=5).spelling.words == 5
    with pytest.raises(ValueError, match="occurs at least 9 times"):
        CharacterWordSource.train(texts, 8, min_count=9)
    for bad in ({"min_count": 0}, {"vocabulary_size": 4}, {"max_characters": 2**11}):
        with pytest.raises(ValueError, match=f"`{next(iter(bad))}` must be"):
            CharacterWordSource.train(texts, 8, **bad)
    apart = WordTokenizer.train(texts, 6, min_count=2)
    assert (
        apart.words()
        == CharacterWordSource.train(texts, 8, vocabulary_size=6).words_tokenizer.words()
    )


@pytest.mark.parametrize(
    ("words", "characters", "error"),
    [
        (CharacterTokenizer("a"), CharacterTokenizer("a"), "`words` must be a WordTokenizer"),
        (WordTokenizer(["a"]), WordTokenizer(["a"]), "`characters` must be a CharacterTokenizer"),
    ],
)
def test_other_tokenizers_are_refused(words, characters, error):
    with pytest.raises(TypeError, match=error):
        CharacterWordSource(words, characters, 8)
    with pytest.raises(ValueError, match="must have no symbols"):
        CharacterWordSource(WordTokenizer(["a"], symbols=["<ko>"]), CharacterTokenizer("a"), 8)


def test_a_model_for_other_ids_is_refused(source):
    target = LabelTarget(["A", "B"])
    model = ks.build_model("gru", source, target, head="labels", hidden_dim=4)
    other = CharacterWordSource(WordTokenizer(["a"]), source.characters_tokenizer, 12, MOST)
    with pytest.raises(ValueError, match="spells words by Spelling"):
        ks.Pipeline(model, other, target)
    writes = WordTokenizer(["A", "B"])
    spelled = [ks.build_model("gru", one, writes, hidden_dim=4) for one in (source, other)]
    with pytest.raises(ValueError, match="must read the same source"):
        ks.Ensemble(spelled)
    bad = {"inputs": {"source": [[None, 3], "float32"]}, "vocabulary_size": None}
    with pytest.raises(ValueError, match="`spelling` of a source must be"):
        SourceSpec.of({**bad, "spelling": [9, 9]})


def pairs_by_ending():
    """Sentences in which the label of a word is that of its ending."""
    rng = np.random.default_rng(0)
    stems = ["".join(rng.choice(list("bcdfgklm"), 4)) for _ in range(120)]
    for _ in range(400):
        words = [str(rng.choice(stems)) + str(rng.choice(["ing", "ed"])) for _ in range(4)]
        labels = ["A" if word.endswith("ing") else "B" for word in words]
        yield data.Pair(" ".join(words), " ".join(labels), words[0])


@pytest.mark.parametrize("architecture", ["rnn", "gru", "convolutional", "transformer"])
def test_encoders_of_sequences_read_it_and_padding_changes_nothing(source, architecture):
    target = LabelTarget(["A", "B"])
    sizes = {"num_heads": 2} if architecture == "transformer" else {}
    model = ks.build_model(
        architecture, source, target, head="labels", hidden_dim=8, num_layers=1, **sizes
    )
    inputs = source(TEXTS)
    logits = model(inputs)
    assert logits.shape == (5, 4, 3)
    np.testing.assert_allclose(model(source(TEXTS[2:4])), logits[2:4, :2], atol=1e-5)
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(inputs), logits)
    assert again.source_spec == model.source_spec


def test_unseen_words_are_labeled_by_their_spelling_in_keras_files_and_on_phones(tmp_path):
    keras.utils.set_random_seed(1)
    pairs = list(pairs_by_ending())
    train = data.Corpus.write(pairs[:360])
    source = CharacterWordSource.train((pair.source for pair in train), 6, min_count=12)
    target = LabelTarget.of((pair.target for pair in train), 6)
    model = ks.build_model("lstm", source, target, head="labels", hidden_dim=16)
    buckets = data.fit_buckets(data.survey(train, source, target), 1)
    batches = data.train_batches(train, source, target, buckets=buckets, seed=1, batch_size=32)
    model.compile(keras.optimizers.Adam(1e-2), ks.training.loss_for(model))
    model.fit(batches, steps_per_epoch=60, verbose=0)

    held_out = [pair.source.replace("b", "z") for pair in pairs[360:]] + ["zzzzed", "zooming on"]
    wanted = [pair.target for pair in pairs[360:]] + ["B", "A"]
    pipeline = ks.Pipeline(model, source, target)
    made = pipeline.texts(held_out)
    assert [text.split()[:4] for text in made[:-1]] == [text.split() for text in wanted[:-1]]

    pipeline.save(tmp_path / "pipeline")
    again = ks.Pipeline.load(tmp_path / "pipeline")
    pipeline.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    rows = served(texts=tf.constant(held_out))["texts"].numpy().reshape(-1)
    parity = pipeline.export(tmp_path / "model.tflite", examples=held_out)
    assert parity.same == parity.sentences == len(held_out)
    phone = kseq2seq_runtime.Pipeline(tmp_path / "model.tflite")
    assert made == again.texts(held_out) == [row.decode() for row in rows] == phone.texts(held_out)
    assert phone.texts(["", "zed"])[0] == ""
    with pytest.raises(ValueError, match="Text 0 has 7 words, and the limit is 6"):
        phone.texts(["a b c d e f g"])
