import warnings

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kseq2seq.text import WordTokenizer, load_tokenizer
from kseq2seq.text.words import FILE

# Each white space that Python knows, and characters that look like some and are none.
SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]
NEARLY = "\u200b\u200c\u200d\u2060\ufeff\u180e\u00ad\0\x1b"


def decoded(texts):
    return [text.decode() for text in texts.numpy()]


def test_ids_are_in_their_order():
    tokenizer = WordTokenizer(["the", "나는", "cat", "😀", "e\u0301"])
    assert tokenizer.vocabulary_size == 9
    texts = ["cat the", "", " 나는\tthe\n\n😀 ", "é e\u0301", "the cat."]
    assert tokenizer.tokenize(texts).to_list() == [[6, 4], [], [5, 4, 7], [3, 8], [4, 3]]
    assert tokenizer.pieces([[4, 5, 3, 2]]) == [["the", "나는", "<unknown>", "<end>"]]
    assert tokenizer.words()[4:] == ["the", "나는", "cat", "😀", "e\u0301"]


def test_unknown_words_are_neither_merged_nor_dropped():
    tokenizer = WordTokenizer(["a"])
    ids = tokenizer.tokenize(["x y a z", "<end> <padding> <unknown>", "A"])
    assert ids.to_list() == [[3, 3, 4, 3], [3, 3, 3], [3]]
    assert decoded(tokenizer.detokenize(ids)) == ["� � a �", "� � �", "�"]


def test_every_white_space_parts_words():
    tokenizer = WordTokenizer(["a", "b"])
    texts = [form.replace("_", space) for space in SPACES for form in ("a_b", "_a__b_", "_")]
    ids = tokenizer.tokenize(texts)
    assert ids.to_list() == [[4, 5], [4, 5], []] * len(SPACES)
    assert decoded(tokenizer.detokenize(ids)) == ["a b", "a b", ""] * len(SPACES)


def test_what_only_looks_like_space_is_a_part_of_a_word():
    word = f"a{NEARLY}b"
    tokenizer = WordTokenizer([word, "a", "b"])
    assert tokenizer.tokenize([f"{word} a"]).to_list() == [[4, 5]]
    assert decoded(tokenizer.detokenize([[4, 5]])) == [f"{word} a"]


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.lists(st.text(st.sampled_from([*SPACES, *NEARLY, *"ab각😀\r\n"])), min_size=1))
def test_any_text_is_split_as_python_splits_it(texts):
    words = sorted({word for text in texts for word in text.split()}) or ["a"]
    tokenizer = WordTokenizer(words)
    ids = tokenizer.tokenize(texts)
    assert ids.to_list() == [[4 + words.index(w) for w in text.split()] for text in texts]
    assert decoded(tokenizer.detokenize(ids)) == [" ".join(text.split()) for text in texts]


def test_special_and_outside_ids():
    rows = [[1, 4, 0, 5, 2, 4], [4, 3, 6, -1, 10**6, 0]]
    assert decoded(WordTokenizer(["a", "b"]).detokenize(rows)) == ["a b", "a � � � �"]
    assert WordTokenizer(["a"]).tokenize([]).shape[0] == 0


@pytest.mark.filterwarnings("ignore:.*of the words, are unknown")
def test_training_counts_and_breaks_ties_by_code_point():
    texts = ["c b a", "b a", "a d <end>"]
    train = WordTokenizer.train
    assert train(texts).words()[4:] == ["a", "b", "c", "d"]
    assert train(iter(texts[::-1]), vocabulary_size=7).words()[4:] == ["a", "b", "c"]
    assert train(texts, min_count=2).words()[4:] == ["a", "b"]
    assert train(texts, 5, min_count=2, symbols=[]).vocabulary_size == 5


def test_the_share_of_unknown_words_is_told():
    with pytest.warns(UserWarning, match=r"1 of the 3 different words.*50\.00% of the words"):
        WordTokenizer.train(["a a b c"], min_count=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        WordTokenizer.train(["a a b c"])


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: WordTokenizer([]), ValueError, "at least one word"),
        (lambda: WordTokenizer(["a", "b", "a"]), ValueError, "holds 'a'; once is enough"),
        (lambda: WordTokenizer(["a", ""]), ValueError, "without white space; got ''"),
        (lambda: WordTokenizer(["a b"]), ValueError, "got 'a b'"),
        (lambda: WordTokenizer(["a\u2028"]), ValueError, r"got 'a\\u2028'"),
        (lambda: WordTokenizer(["\u00a0"]), ValueError, r"got '\\xa0'"),
        (lambda: WordTokenizer(["<start>"]), ValueError, "'<start>', the name of a special token"),
        (lambda: WordTokenizer("the cat"), ValueError, "got one string, 'the cat'"),
        (lambda: WordTokenizer(["a", 5]), TypeError, "Text 1 of `words` must be a str"),
        (lambda: WordTokenizer(["a\ud800"]), ValueError, "lone surrogate"),
        (lambda: WordTokenizer.train([]), ValueError, "no word that occurs"),
        (lambda: WordTokenizer.train([" \n", "<end>"]), ValueError, "no word that occurs"),
        (lambda: WordTokenizer.train(["a b"], min_count=2), ValueError, "occurs at least 2 times"),
        (lambda: WordTokenizer.train(["a"], min_count=0), ValueError, "at least 1; got 0"),
        (lambda: WordTokenizer.train(["a"], 4), ValueError, "at least 5; got 4"),
        (lambda: WordTokenizer.train("a b"), ValueError, "Put it in a list"),
        (lambda: WordTokenizer.train(["a", None]), TypeError, "Text 1 must be a str"),
    ],
)
def test_bad_input_is_refused(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_a_large_vocabulary_in_a_saved_model(tmp_path):
    words = [f"word{number}" for number in range(20_000)]
    tokenizer = WordTokenizer(words)
    tokenizer.save(tmp_path / "tokenizer")
    assert (tmp_path / "tokenizer" / FILE).read_text().split("\n")[:2] == words[:2]
    assert load_tokenizer(tmp_path / "tokenizer").words()[4:] == words
    module = tf.Module()
    module.tokenizer = tokenizer
    spec = tf.TensorSpec([None], tf.string)
    module.back = tf.function(lambda t: tokenizer.detokenize(tokenizer.tokenize(t)), [spec])
    tf.saved_model.save(module, str(tmp_path / "module"))
    tf.random.set_seed(2)
    loaded = tf.saved_model.load(str(tmp_path / "module"))
    texts = [" ".join(words), "word7 nothing"]
    assert decoded(loaded.back(tf.constant(texts))) == [texts[0], "word7 �"]
