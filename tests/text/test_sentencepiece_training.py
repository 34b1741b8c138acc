import itertools

import pytest
import sentencepiece

from kseq2seq.text import SentencePieceTokenizer

# Many characters, most of them rare: too many for the sizes below.
RARE = [" ".join(chr(0xAC00 + 7 * n + k) for k in range(7)) for n in range(40)]
COMMON = ["나는 오늘 학교에 갑니다 the quick brown fox"] * 60
CORPUS = RARE + COMMON


def pieces(tokenizer):
    return set(tokenizer.pieces([range(tokenizer.vocabulary_size)])[0])


def back(tokenizer, texts):
    return [text.decode() for text in tokenizer.detokenize(tokenizer.tokenize(texts)).numpy()]


@pytest.mark.parametrize(("model_type", "kept"), [("unigram", 58), ("bpe", 30)])
def test_rare_characters_are_spelled_in_bytes_where_there_is_no_room(model_type, kept):
    said = rf"size 320 can't hold.* need \d+ ids: the {kept} most .*, \d+\.\d\d% of the text"
    with pytest.warns(UserWarning, match=said):
        tokenizer = SentencePieceTokenizer.train(CORPUS, 320, model_type)
    assert tokenizer.vocabulary_size == 320
    assert back(tokenizer, CORPUS) == CORPUS
    assert {"나", "q"} <= pieces(tokenizer)
    assert max(map(len, pieces(tokenizer) - {"<padding>", "<unknown>"})) > 1, "pieces are learned"
    assert len(tokenizer.tokenize(RARE[-1:]).to_list()[0]) > 20


def test_the_rule_stays_in_the_model():
    with pytest.warns(UserWarning, match="spelled in bytes"):
        tokenizer = SentencePieceTokenizer.train([*CORPUS, "a\0b \ufeff"], 320)
    assert back(tokenizer, ["  ﬁ\0  می\u200cخواهم\t"]) == ["fi می\u200cخواهم"]
    library = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model)
    assert library.encode(CORPUS) == tokenizer.tokenize(CORPUS).to_list()


def test_white_space_stays_with_identity():
    with pytest.warns(UserWarning, match="spelled in bytes"):
        tokenizer = SentencePieceTokenizer.train(CORPUS, 300, normalization="identity")
    assert back(tokenizer, ["  a\t\n 나 \0"]) == ["  a\t\n 나 \0"]


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_without_bytes_there_are_as_many_ids_as_needed(model_type):
    with pytest.warns(UserWarning, match=r"size 90 can't hold.*need 309 ids, so these are used"):
        tokenizer = SentencePieceTokenizer.train(
            CORPUS, 90, model_type, byte_fallback=False, character_coverage=1.0
        )
    assert tokenizer.vocabulary_size == 309
    assert back(tokenizer, CORPUS) == CORPUS


def test_texts_that_come_once_and_texts_that_come_again_make_the_same_model():
    with pytest.warns(UserWarning, match="spelled in bytes"):
        models = [
            SentencePieceTokenizer.train(texts, 320).model
            for texts in (CORPUS, tuple(CORPUS), iter(CORPUS), itertools.chain(RARE, COMMON))
        ]
    assert len(set(models)) == 1


@pytest.mark.filterwarnings("error")
def test_nothing_is_said_where_there_is_room():
    assert SentencePieceTokenizer.train(CORPUS, 700).vocabulary_size > 500
    with pytest.raises(ValueError, match=r"give at least \d+, or byte_fallback=False"):
        SentencePieceTokenizer.train(CORPUS, 260)


def test_the_warning_names_the_caller():
    with pytest.warns(UserWarning, match="spelled in bytes") as told:
        SentencePieceTokenizer.train(CORPUS, 320)
    assert told[0].filename == __file__


def test_what_goes_wrong_in_the_texts_is_told():
    def texts():
        yield "a"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        SentencePieceTokenizer.train(texts(), 300)
    with pytest.raises(ValueError, match="Text 1 holds a lone surrogate at 2"):
        SentencePieceTokenizer.train((text for text in ["a", "b \ud83d"]), 300)
    with pytest.raises(TypeError, match="Text 1 must be a str; got bytes"):
        SentencePieceTokenizer.train(["a", b"b"], 300)
    with pytest.raises(ValueError, match="Put it in a list"):
        SentencePieceTokenizer.train("hello", 300)
    with pytest.raises(TypeError, match="got NoneType"):
        SentencePieceTokenizer.train(None, 300)
