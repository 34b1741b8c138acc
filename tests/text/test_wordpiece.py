import pytest
import tensorflow as tf

from kseq2seq.text import WordPieceTokenizer

CORPUS = ["the quick brown fox jumps over the lazy dog. don't!", "나는 학교에 갑니다", "中文"] * 4


def decoded(texts):
    return [text.decode() for text in texts.numpy()]


def test_literal_ids():
    tokenizer = WordPieceTokenizer(["un", "##aff", "##able", "a"])
    assert tokenizer.vocabulary_size == 8
    assert tokenizer.tokenize(["unaffable a", "", "unx a"]).to_list() == [[4, 5, 6, 7], [], [3, 7]]


def test_one_text_is_ragged_too():
    assert isinstance(WordPieceTokenizer(["a"]).tokenize(["a a"]), tf.RaggedTensor)


@pytest.mark.parametrize(
    "text",
    ["", "the dog.", "don't jump!", "나는 학교에", "中文", "the fox. the dog"],
)
def test_plain_text_comes_back(text):
    tokenizer = WordPieceTokenizer.train(CORPUS, 200)
    assert decoded(tokenizer.detokenize(tokenizer.tokenize([text]))) == [text]


def test_punctuation_is_joined_again():
    marks = ["(", ")", ",", ".", "!", "«", "»", "-", "a", "b", "'", "中", "文", "。"]
    tokenizer = WordPieceTokenizer(marks)
    texts = ["(a), b.", "«a b»!", "a'b", "a - b", "中文。", "a, (b)"]
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(texts))) == texts


def test_no_text_spells_a_special_token():
    tokenizer = WordPieceTokenizer(["<", ">", "end", "padding", "start", "unknown"])
    ids = tokenizer.tokenize(["<end> <padding> <start> <unknown>"])
    assert min(ids.to_list()[0]) >= 4


def test_unknown_words_are_seen_to_be_lost():
    tokenizer = WordPieceTokenizer(["a"])
    ids = tokenizer.tokenize(["a 👨‍👩‍👧 a", "e\u0301", "a" * 101])
    assert ids.to_list() == [[4, 3, 3, 3, 4], [3], [3]]
    assert decoded(tokenizer.detokenize(ids)) == ["a � � � a", "�", "�"]


def test_special_and_outside_ids():
    rows = [[1, 4, 0, 4, 2, 4], [4, 5, -1, 0, 0, 0]]
    assert decoded(WordPieceTokenizer(["a"]).detokenize(rows)) == ["a a", "a � �"]


def test_lowercase():
    ids = WordPieceTokenizer(["straße", "strasse", "a"], lowercase=True).tokenize(["STRASSE A"])
    assert ids.to_list() == [[5, 6]]


def test_training_is_deterministic_and_keeps_to_the_size():
    first, second = (WordPieceTokenizer.train(CORPUS, 60) for _ in range(2))
    assert first.pieces([range(60)]) == second.pieces([range(60)])
    assert first.vocabulary_size <= 60


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WordPieceTokenizer([]), "at least one piece"),
        (lambda: WordPieceTokenizer(["a", "a"]), "'a' more than once"),
        (lambda: WordPieceTokenizer(["a b"]), "white space; got 'a b'"),
        (lambda: WordPieceTokenizer([""]), "white space; got ''"),
        (lambda: WordPieceTokenizer(["a", "\ufffd"]), "U\\+FFFD, which stands for unknown"),
        (lambda: WordPieceTokenizer.train([" "], 100), "nothing to learn from"),
        (lambda: WordPieceTokenizer.train(["a"], 4), "at least 5; got 4"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.filterwarnings("ignore:.*are unknown to a WordPiece")
def test_what_was_lost_already_is_unknown():
    tokenizer = WordPieceTokenizer.train(["a \ufffd b"] * 3, 60)
    assert 3 in tokenizer.tokenize(["a \ufffd b"]).to_list()[0]
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(["a \ufffd b"]))) == ["a \ufffd b"]


def test_words_of_characters_that_are_left_out_are_told():
    rare = [chr(0x4E00 + 2 * n) + chr(0x4E01 + 2 * n) for n in range(550)]  # 100 too many
    with pytest.warns(UserWarning, match=r"of the 1,1\d\d words.*\(\d\d?\.\d\d%\) are unknown"):
        tokenizer = WordPieceTokenizer.train([" ".join(rare), *["the fox"] * 9], 2000)
    assert 3 in tokenizer.tokenize([" ".join(rare)]).to_list()[0]


@pytest.mark.filterwarnings("error::UserWarning")
def test_nothing_is_told_where_no_word_is_lost():
    WordPieceTokenizer.train(["the quick fox"] * 3, 60)


@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        ("hello", ValueError, "Put it in a list"),
        (["a", 5], TypeError, "Text 1 must be a str"),
        (["a", "b\ud83d"], ValueError, "Text 1 holds a lone surrogate at 1"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(texts, kind, message):
    with pytest.raises(kind, match=message):
        WordPieceTokenizer.train(texts, 100)
