import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.export.fixed import FixedModel
from kseq2seq.export.strings import TextModel
from kseq2seq.text import SentencePieceTokenizer, TextSource, TextTarget

LINES = ["def f(x):", "    return  x", "x = 1", "  leading"] * 10


def writes(tokenizer, ids, monkeypatch):
    """What `generate_texts` writes where the model inside finds some ids."""

    def made(self):
        tf.Module.__init__(self)
        self.source_length = 8
        found = {"ids": tf.constant([[[*ids, 2, 0]]]), "scores": tf.constant([[-1.0]])}
        found["finished"] = tf.constant([[1]])
        self.generate = lambda **_: found

    monkeypatch.setattr(FixedModel, "__init__", made)
    model = TextModel(TextSource(tokenizer, 8), TextTarget(tokenizer, 20))
    return model.generate_texts(texts=tf.constant(["x"]))["texts"].numpy()[0, 0].decode()


@pytest.mark.parametrize("normalization", ["identity", "nfkc_clean"])
def test_spaces_at_the_start_are_those_of_the_tokenizer(normalization, monkeypatch):
    tokenizer = SentencePieceTokenizer.train(
        LINES, 60, byte_fallback=False, normalization=normalization
    )
    space = tokenizer.pieces([range(60)])[0].index("▁")
    (word,) = tokenizer.tokenize(["x"]).to_list()
    for ids in ([space, space, *word], [*word, space, *word], [space], [space, space, space]):
        expected = tokenizer.detokenize(np.array([ids])).numpy()[0].decode()
        assert writes(tokenizer, ids, monkeypatch) == expected
    ids = tokenizer.tokenize(["   return x"]).to_list()[0]
    kept = "   return x" if normalization == "identity" else "return x"
    assert writes(tokenizer, ids, monkeypatch) == kept


def test_symbols_are_refused(monkeypatch):
    """The operations that TFLite has would cut them."""
    plain = SentencePieceTokenizer.train(LINES, 60, byte_fallback=False)
    marked = SentencePieceTokenizer.train(LINES, 60, byte_fallback=False, symbols=["<ko>"])
    monkeypatch.setattr(FixedModel, "__init__", lambda self: tf.Module.__init__(self))
    for source, target in ((plain, marked), (marked, plain)):
        with pytest.raises(ValueError, match="tokenizers without symbols; got 1, '<ko>' first"):
            TextModel(TextSource(source, 8), TextTarget(target, 8))
