import pytest
import tensorflow as tf

from kseq2seq.text import ByteTokenizer, CharacterTokenizer, TextSource, TextTarget

TEXTS = ["안녕하세요", "", "e\u0301 👨‍👩‍👧", "plain"]


def test_tokens_are_closed_and_read_back():
    target = TextTarget(ByteTokenizer(), 64)
    tokens = target.tokens(TEXTS)
    assert [row[-1] for row in tokens.to_list()] == [2, 2, 2, 2]
    assert tokens.to_list()[1] == [2]
    assert [text.decode() for text in target.texts(tokens).numpy()] == TEXTS
    assert [text.decode() for text in target.texts(tokens.to_tensor()).numpy()] == TEXTS


def test_check_speaks_of_the_target():
    with pytest.raises(ValueError, match=r"target text 0 has 3 tokens.*limit is 2"):
        TextTarget(ByteTokenizer(), 2).check(["ab"])


def test_both_sides_share_a_directory(tmp_path):
    TextSource(CharacterTokenizer("a"), 5).save(tmp_path)
    TextTarget(CharacterTokenizer("bc"), 6).save(tmp_path)
    assert TextSource.load(tmp_path).tokenizer.vocabulary_size == 5
    assert TextTarget.load(tmp_path).tokenizer.vocabulary_size == 6
    assert TextTarget.load(tmp_path).max_length == 6


def test_raw_in_raw_out_as_a_saved_model(tmp_path):
    class Echo(tf.Module):
        def __init__(self):
            super().__init__()
            self.source, self.target = (
                TextSource(ByteTokenizer(), 64),
                TextTarget(ByteTokenizer(), 64),
            )

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            return self.target.texts(self.source(texts)["source"])

    tf.saved_model.save(Echo(), str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert [text.decode() for text in loaded(tf.constant(TEXTS)).numpy()] == TEXTS
