import itertools
import unicodedata

import pytest
import sentencepiece
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kseq2seq.text import SentencePieceTokenizer

CORPUS = [
    "the quick brown fox jumps over the lazy dog",
    "나는 오늘 학교에 갑니다",
    "오늘은 날씨가 좋습니다 나는 집에 갑니다",
    "le renard brun été naïve où",
    "a model translates the sentences of the source",
] * 4
TEXTS = [
    "",
    "the foxes jump",
    "나는 학교에 갑니다",
    "👨‍👩‍👧 👍🏽 family",
    "e\u0301te\u0301 naïve",
    "ﬁne Ａ①",
    "日本語の文",
    "</s> <s> <pad> <unk>",
    "fox " * 2000 + "dog",
]


def trained(model_type="unigram", size=400, **settings):
    return SentencePieceTokenizer.train(CORPUS, size, model_type, **settings)


def decoded(texts):
    return [text.decode() for text in texts.numpy()]


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
@pytest.mark.parametrize("byte_fallback", [True, False])
def test_same_ids_and_texts_as_the_library(model_type, byte_fallback):
    tokenizer = trained(model_type, byte_fallback=byte_fallback)
    library = sentencepiece.SentencePieceProcessor(model_proto=tokenizer._model)
    ids = tokenizer.tokenize(TEXTS)
    assert ids.dtype == tf.int32
    assert ids.to_list() == library.encode(TEXTS)
    assert decoded(tokenizer.detokenize(ids)) == library.decode(library.encode(TEXTS))


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_every_text_comes_back_up_to_nfkc(model_type):
    tokenizer = trained(model_type)
    ids = tokenizer.tokenize(TEXTS)
    assert decoded(tokenizer.detokenize(ids)) == [unicodedata.normalize("NFKC", t) for t in TEXTS]
    assert not tf.reduce_any(ids.flat_values < 4)


def test_white_space_is_normalized():
    tokenizer = trained()
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(["  a\n\n b\t▁c "]))) == ["a b c"]


def test_identity_keeps_everything():
    code = ["def f(x):\n    return x + 1\n", "\tif a  !=  b:\n\n        ﬁ\u200b "]
    tokenizer = SentencePieceTokenizer.train(code, 300, normalization="identity")
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(code))) == code


ANY = st.characters(exclude_categories=["Cs"])
SPACED = ["    return  x", " x", "  ", "\t\n", " \n ", "trailing   ", "a\0 b", "\u3000 ", "▁ ▁▁x"]


@pytest.fixture(scope="module", params=["unigram", "bpe"])
def code(request):
    lines = ["def f(x):\n    return  x + 1\n", "  leading", "trailing  "] * 20
    return SentencePieceTokenizer.train(lines, 330, request.param, normalization="identity")


def test_identity_keeps_the_spaces_at_the_start_as_the_library_does(code):
    ids = code.tokenize(SPACED)
    library = sentencepiece.SentencePieceProcessor(model_proto=code.model)
    assert ids.to_list() == library.encode(SPACED)
    assert decoded(code.detokenize(ids)) == [text.replace("▁", " ") for text in SPACED]
    assert decoded(code.detokenize(tf.ragged.constant([[], [3], [9]], tf.int32))) == ["", "�", "\5"]


def test_spaces_at_the_start_are_kept_in_a_saved_model(tmp_path):
    code = SentencePieceTokenizer.train(SPACED * 20, 330, normalization="identity")
    module = tf.Module()
    module.tokenizer = code
    spec = tf.TensorSpec([None], tf.string)
    module.back = tf.function(lambda texts: code.detokenize(code.tokenize(texts)), [spec])
    tf.saved_model.save(module, str(tmp_path))
    back = tf.saved_model.load(str(tmp_path)).back(tf.constant(SPACED))
    assert decoded(back) == [text.replace("▁", " ") for text in SPACED]


def test_a_text_grows_with_its_ids(code):
    (ids,) = code.tokenize(["   if  x"]).to_list()
    texts = decoded(code.detokenize([ids[:n] + [0] * (len(ids) - n) for n in range(len(ids) + 1)]))
    assert all(longer.startswith(text) for text, longer in itertools.pairwise(texts))
    assert texts[-1] == "   if  x"


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.lists(st.text(ANY), min_size=1, max_size=9))
def test_identity_gives_back_any_text(code, texts):
    assert decoded(code.detokenize(code.tokenize(texts))) == [t.replace("▁", " ") for t in texts]


@pytest.fixture(scope="module")
def clean():
    return trained(character_coverage=1.0)


NASTY = "\0\x01\t\n\x85\x9f \u00a0\u061c\u200b\u200c\u200d\u2028▁\u3000\ufeff\ufffdﬁe\u0301\u1161각"


@settings(deadline=None, max_examples=25, derandomize=True)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(NASTY)), min_size=1)
)
def test_any_text_is_read_as_the_library_reads_it(clean, texts):
    library = sentencepiece.SentencePieceProcessor(model_proto=clean.model)
    ids = clean.tokenize(texts)
    assert ids.to_list() == library.encode(texts)
    normal = [library.normalize(text).replace("▁", " ")[1:] for text in texts]
    assert decoded(clean.detokenize(ids)) == normal


def test_joiners_are_kept_and_control_characters_dropped(clean):
    texts = ["می\u200cخواهم", "a\u200eb", "a\u200bb", "\ufeffa\ufeffb", "a\0b\x01", "a\x85b\x80"]
    back = decoded(clean.detokenize(clean.tokenize(texts)))
    assert back == [*texts[:3], "ab", "ab", "a b"]


def test_a_model_keeps_its_normalization():
    texts = ["a\u200cb\0 ", "  x"]
    tokenizers = [trained(normalization=rule) for rule in ("nmt_nfkc", "nfkc", "nmt_nfkc_cf")]
    texts_back = [decoded(one.detokenize(one.tokenize(texts))) for one in tokenizers]
    assert texts_back == [["a b\0", "x"], ["a\u200cb\0", "x"], ["a b\0", "x"]]


def test_without_byte_fallback_a_new_character_is_seen_to_be_lost():
    tokenizer = trained(size=80, byte_fallback=False)
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(["the 日 fox"]))) == ["the � fox"]


def test_special_and_outside_ids():
    tokenizer = trained()
    fox = tokenizer.tokenize(["fox"]).to_list()[0]
    rows = tf.ragged.constant([[1, *fox, 0, 2, *fox], [*fox, 3], [9999, -1], [0xE1 + 4], [0]])
    assert decoded(tokenizer.detokenize(rows)) == ["fox", "fox�", "��", "�", ""]
    assert tokenizer.pieces([[1, *fox, 2, 0, 3]])[0][-3:] == ["<end>", "<padding>", "<unknown>"]
    assert "".join(tokenizer.pieces([fox])[0]) == "▁fox"


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_sampling_varies_the_ids_and_never_the_text(model_type):
    tokenizer = trained(model_type)
    texts = tf.fill([50], "the quick brown fox 나는 학교에")
    ids = tokenizer.tokenize(texts, sample=True)
    assert len({tuple(row) for row in ids.to_list()}) > 1
    assert set(decoded(tokenizer.detokenize(ids))) == {"the quick brown fox 나는 학교에"}
    assert len({tuple(row) for row in tokenizer.tokenize(texts).to_list()}) == 1


def test_survives_a_change_of_the_seed():
    tokenizer = trained()
    before = tokenizer.tokenize(["fox"]).to_list()
    tf.random.set_seed(1)
    tf.keras.backend.clear_session()
    assert tokenizer.tokenize(["fox"]).to_list() == before
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(["fox"], sample=True))) == ["fox"]


def test_tokenizers_of_different_models_stay_apart():
    texts = ["abc abd", "bcd"]
    first, second = trained(), SentencePieceTokenizer.train(texts, 270)
    library = sentencepiece.SentencePieceProcessor(model_proto=second._model)
    assert second.tokenize(texts).to_list() == library.encode(texts)
    assert decoded(first.detokenize(first.tokenize(["the fox"]))) == ["the fox"]


@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_training_is_deterministic(model_type):
    assert trained(model_type)._model == trained(model_type)._model


def test_the_vocabulary_is_as_large_as_asked_or_as_it_can_be():
    assert trained(size=320).vocabulary_size == 320
    assert trained("bpe", size=340).vocabulary_size == 340
    assert 262 < SentencePieceTokenizer.train(["ab abc"], 8000).vocabulary_size < 300
    assert 262 < SentencePieceTokenizer.train(["ab abc"], 8000, "bpe").vocabulary_size < 300


def test_a_long_text_is_learned_from():
    texts = ["q" * 10_000 + " z"]
    tokenizer = SentencePieceTokenizer.train(
        texts, 300, character_coverage=1.0, byte_fallback=False
    )
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(["zq"]))) == ["zq"]


def test_too_small_a_vocabulary_names_one_that_works():
    with pytest.raises(ValueError, match="need 264 ids; give at least 264"):
        SentencePieceTokenizer.train(["abc"], 100)
    assert SentencePieceTokenizer.train(["abc"], 264).vocabulary_size == 264


@pytest.mark.parametrize(
    ("texts", "settings", "message"),
    [
        ([], {}, "nothing to learn from"),
        (["", " "], {}, "nothing to learn from"),
        (["a"], {"model_type": "word"}, "'unigram' or 'bpe'; got 'word'"),
        (["a"], {"character_coverage": 1.5}, "got 1.5"),
        (["a"], {"normalization": "nfd"}, "got 'nfd'"),
        (["a"], {"vocabulary_size": 0}, "at least 1; got 0"),
    ],
)
def test_bad_training_input_is_refused(texts, settings, message):
    with pytest.raises(ValueError, match=message):
        SentencePieceTokenizer.train(texts, **{"vocabulary_size": 300, **settings})


@pytest.mark.parametrize("model", [b"", b"junk", b"\x00" * 50, "text"])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(ValueError, match="model"):
        SentencePieceTokenizer(model)


def test_no_normalization_is_no_news(capfd):
    """Both copies of the library tell standard error of each model that has none."""
    tokenizer = SentencePieceTokenizer.train(["a dog ran far"] * 20, 290, normalization="identity")
    again = SentencePieceTokenizer(tokenizer.model)
    tf.function(again.tokenize)(tf.constant(["a dog"]))
    again.tokenize(["a dog"], sample=True)
    assert "normalizer.cc" not in capfd.readouterr().err
