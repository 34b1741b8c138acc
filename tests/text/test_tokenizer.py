"""What holds for every tokenizer in graphs and SavedModels."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.text import (
    ByteTokenizer,
    CharacterTokenizer,
    SentencePieceTokenizer,
    TextSource,
    Tokenizer,
    WordPieceTokenizer,
    WordTokenizer,
    load_tokenizer,
    register_tokenizer,
)

TEXTS = ["the quick fox", "", "나는 학교에 갑니다", "the dog"]
MAKE = {
    "bytes": ByteTokenizer,
    "characters": lambda: CharacterTokenizer.train([*TEXTS, '\n\r\u2028\x85\\"']),
    "sentencepiece": lambda: SentencePieceTokenizer.train(TEXTS, 300),
    "wordpiece": lambda: WordPieceTokenizer.train(TEXTS, 100),
    "words": lambda: WordTokenizer.train(TEXTS),
}


@pytest.fixture(scope="module", params=list(MAKE))
def tokenizer(request):
    return MAKE[request.param]()


class Echo(tf.Module):
    """A model that gives back what it is given."""

    def __init__(self, tokenizer):
        super().__init__()
        self.tokenizer = tokenizer

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def ids(self, texts):
        return self.tokenizer.tokenize(texts).to_tensor()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def sampled(self, texts):
        return self.tokenizer.detokenize(self.tokenizer.tokenize(texts, sample=True))


def decoded(texts):
    return [text.decode() for text in texts.numpy()]


def test_graph_and_eager_agree(tokenizer):
    echo, eager = Echo(tokenizer), tokenizer.tokenize(TEXTS)
    assert echo.ids(TEXTS).numpy().tolist() == eager.to_tensor().numpy().tolist()
    assert decoded(echo.sampled(TEXTS)) == decoded(tokenizer.detokenize(eager)) == TEXTS
    assert echo.ids(tf.constant([], tf.string)).shape[0] == 0


def test_ragged_and_padded_ids_read_alike(tokenizer):
    ids = tokenizer.tokenize(TEXTS)
    assert decoded(tokenizer.detokenize(ids.to_tensor())) == TEXTS
    assert decoded(tokenizer.detokenize(tf.cast(ids, tf.int64))) == TEXTS


def test_in_a_pipeline_of_data(tokenizer):
    data = tf.data.Dataset.from_tensor_slices(TEXTS).batch(3)
    rows = [row for batch in data.map(tokenizer.tokenize) for row in batch.to_list()]
    assert rows == tokenizer.tokenize(TEXTS).to_list()


def test_ids_are_int32_and_none_is_special(tokenizer):
    ids = tokenizer.tokenize(TEXTS)
    assert (ids.dtype, ids.row_splits.dtype) == (tf.int32, tf.int64)
    assert int(tf.reduce_min(ids.flat_values)) >= 4
    assert int(tf.reduce_max(ids.flat_values)) < tokenizer.vocabulary_size


def test_pieces_are_as_many_as_ids(tokenizer):
    ids = tokenizer.tokenize(TEXTS)
    lengths = ids.row_lengths().numpy().tolist()
    assert [len(row) for row in tokenizer.pieces(ids)] == lengths
    assert all(isinstance(piece, str) for row in tokenizer.pieces(ids) for piece in row)
    every = tokenizer.pieces(tf.range(tokenizer.vocabulary_size)[tf.newaxis])
    assert every[0][:4] == ["<padding>", "<start>", "<end>", "<unknown>"]


def test_wrong_shapes_are_refused(tokenizer):
    with pytest.raises(ValueError, match="Put a single text in a list"):
        tokenizer.tokenize("text")
    with pytest.raises(ValueError, match="must be a vector"):
        tokenizer.tokenize([["text"]])
    with pytest.raises(ValueError, match="got shape"):
        tokenizer.detokenize([4, 5])


def test_a_tokenizer_is_called_with_one_text_or_several(tokenizer):
    expected = tokenizer.tokenize(TEXTS)
    several = tokenizer(TEXTS)
    assert isinstance(several, tf.RaggedTensor) and several.to_list() == expected.to_list()
    for text in (TEXTS[0], TEXTS[0].encode(), tf.constant(TEXTS[0])):
        single = tokenizer(text)
        assert single.dtype == tf.int32 and single.numpy().tolist() == expected[0].numpy().tolist()
    assert tokenizer("").shape == (0,)
    with pytest.raises(ValueError, match="must be a vector"):
        tokenizer([["text"]])


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("encode", "tokenize"),
        ("batch_encode", "tokenize"),
        ("decode", "detokenize"),
        ("vocab_size", "vocabulary_size"),
        ("get_vocabulary", r"words\(\)"),
        ("pad_token_id", r"special\.padding"),
        ("save_pretrained", r"save\(directory\)"),
    ],
)
def test_what_other_tokenizers_have_names_ours(theirs, ours):
    with pytest.raises(AttributeError, match=rf"ByteTokenizer has .* '{theirs}'\. Use `{ours}`"):
        getattr(ByteTokenizer(), theirs)
    with pytest.raises(AttributeError, match=r"has no attribute 'color'$"):
        ByteTokenizer().color  # noqa: B018
    assert not hasattr(ByteTokenizer(), "lacking")


def test_pieces_are_named_once():
    calls = []

    class Counting(ByteTokenizer):
        def piece(self, token):
            calls.append(token)
            return super().piece(token)

    tokenizer = Counting()
    first = tokenizer.pieces([[70, 71, 70], [2, 71]])
    assert first == [["B", "C", "B"], ["<end>", "C"]] and sorted(calls) == [70, 71]
    assert tokenizer.pieces([[70], [71]]) == [["B"], ["C"]] and len(calls) == 2


def test_saved_model_round_trip(tokenizer, tmp_path):
    echo = Echo(tokenizer)
    tf.saved_model.save(echo, str(tmp_path))
    expected = echo.ids(TEXTS).numpy().tolist()
    del echo
    loaded = tf.saved_model.load(str(tmp_path))
    assert loaded.ids(tf.constant(TEXTS)).numpy().tolist() == expected
    assert decoded(loaded.sampled(tf.constant(TEXTS))) == TEXTS


def test_a_saved_model_needs_no_kseq2seq(tmp_path):
    models = {kind: make() for kind, make in MAKE.items()}
    for kind, tokenizer in models.items():
        tf.saved_model.save(Echo(tokenizer), str(tmp_path / kind))
    script = (
        "import sys; sys.modules['kseq2seq'] = None; sys.modules['keras_hub'] = None\n"
        "import tensorflow as tf, tensorflow_text, json\n"
        "texts = tf.constant(json.loads(sys.argv[2]))\n"
        "for kind in sys.argv[3:]:\n"
        "    loaded = tf.saved_model.load(f'{sys.argv[1]}/{kind}')\n"
        "    print('RESULT', json.dumps(loaded.ids(texts).numpy().tolist()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), json.dumps(TEXTS), *models],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    ids = [json.loads(line[7:]) for line in run.stdout.splitlines() if line.startswith("RESULT ")]
    assert ids == [m.tokenize(TEXTS).to_tensor().numpy().tolist() for m in models.values()]


def test_bytes_characters_and_words_need_no_tensorflow_text():
    here = Path(__file__).parent
    script = (
        "import sys; sys.modules['tensorflow_text'] = sys.modules['keras_hub'] = None\n"
        "import pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', *sys.argv[1:]]))"
    )
    tests = ["test_bytes.py", "test_characters.py", "test_words.py::test_ids_are_in_their_order"]
    tests = [str(here / test) for test in tests]
    run = subprocess.run(
        [sys.executable, "-c", script, *tests], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_words_are_the_texts_of_every_id(tokenizer):
    words = tokenizer.words()
    assert len(words) == tokenizer.vocabulary_size
    assert words[:4] == ["<padding>", "<start>", "<end>", "<unknown>"]


def test_words_are_without_the_mark_of_a_word_start():
    texts = ["the fox", "the 학교", "학교 fox", "fox the 학교"] * 9
    tokenizer = SentencePieceTokenizer.train(texts, 290, byte_fallback=False)
    size = tokenizer.vocabulary_size
    named = dict(zip(tokenizer.pieces([range(size)])[0], tokenizer.words(), strict=True))
    assert (named["▁fox"], named["▁학교"], named["▁"]) == ("fox", "학교", "")
    assert named["o"] == "o"
    assert not any("▁" in word for word in named.values())


def test_words_keep_the_mark_of_a_wordpiece_inside_a_word():
    tokenizer = WordPieceTokenizer(["the", "qu", "##ick"])
    assert tokenizer.words()[4:] == ["the", "qu", "##ick"]


@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        (["fine", "bad \ud83d"], ValueError, "Text 1 holds a lone surrogate at 4"),
        (["fine", None], TypeError, "Text 1 must be a str; got NoneType"),
        (["fine", 5], TypeError, "Text 1 must be a str; got int: 5"),
        (np.array(["fine", 5.0], object), TypeError, "Text 1 must be a str; got float"),
        (None, TypeError, "texts must be a vector"),
    ],
)
def test_what_is_no_text_is_named(texts, kind, message):
    source = TextSource(ByteTokenizer(), 9)
    for call in (source, source.tokens, source.lengths, source.check, source.tokenizer.tokenize):
        with pytest.raises(kind, match=message):
            call(texts)


def test_strings_and_bytes_of_any_collection_are_taken(tokenizer):
    expected = tokenizer.tokenize(TEXTS).to_list()
    encoded = [text.encode() for text in TEXTS]
    for texts in (tuple(TEXTS), np.array(TEXTS), np.array(TEXTS, object), encoded, iter(TEXTS)):
        assert tokenizer.tokenize(texts).to_list() == expected


class Halves(Tokenizer):
    """One of a user's own: each character is two ids, with a setting and, if asked, symbols."""

    def __init__(self, first=4, symbols=()):
        super().__init__(symbols)
        self.first = first

    @property
    def vocabulary_size(self):
        return self.first + 512 + len(self.symbols)

    def to_ids(self, texts, sample=False):
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        halves = tf.stack([codes.flat_values // 256, 256 + codes.flat_values % 256], axis=1)
        rows = tf.reshape(tf.minimum(halves, 511) + self.first, [-1])
        return tf.RaggedTensor.from_row_splits(rows, codes.row_splits * 2)

    def to_texts(self, ids):
        codes = ids.flat_values - self.first
        pairs = tf.reshape(codes, [-1, 2])
        codes = pairs[:, 0] * 256 + pairs[:, 1] - 256
        made = tf.RaggedTensor.from_row_splits(codes, ids.row_splits // 2)
        return tf.strings.unicode_encode(made, "UTF-8")

    def piece(self, token):
        return str(token - self.first)

    def config(self):
        return {"first": self.first}


def test_a_tokenizer_of_ones_own_has_symbols_and_is_loaded(tmp_path):
    register_tokenizer("halves")(Halves)
    tokenizer = Halves(first=9, symbols=["<ko>"])
    ids = tokenizer.tokenize(["a<ko>나", ""])
    assert ids.to_list() == [[9, 9 + 256 + 0x61, 521, 9 + 0xB0, 9 + 256 + 0x98], []]
    assert decoded(tokenizer.detokenize(ids)) == ["a<ko>나", ""]
    source = TextSource(tokenizer, 20)
    source.save(tmp_path)
    loaded = TextSource.load(tmp_path).tokenizer
    assert type(loaded) is Halves and (loaded.first, loaded.symbols) == (9, ("<ko>",))
    assert loaded.tokenize(["a<ko>나"]).to_list() == ids.to_list()[:1]
    record = json.loads((tmp_path / "source_tokenizer" / "tokenizer.json").read_text())
    assert (record["type"], record["python_class"]) == ("halves", f"{Halves.__module__}.Halves")


def test_the_older_names_of_its_methods_are_still_known():
    class Older(Tokenizer):
        vocabulary_size = 300

        def _tokenize(self, texts, sample):
            return tf.strings.unicode_decode(texts, "UTF-8") + 4

        def _detokenize(self, ids):
            return tf.strings.unicode_encode(ids - 4, "UTF-8")

        def _piece(self, token):
            return chr(token - 4)

    class Newer(Older):
        def _piece(self, token):
            return super()._piece(token).upper()

    assert Older().tokenize(["hi"]).to_list() == [[108, 109]]
    assert decoded(Older().detokenize([[108, 109]])) == ["hi"]
    assert (Older().pieces([[108]]), Newer().pieces([[108]])) == ([["h"]], [["H"]])
    assert ByteTokenizer()._piece(108) == ByteTokenizer().piece(108) == "h"


def test_what_a_tokenizer_must_have_is_said(tmp_path):
    class Unfinished(Tokenizer):
        vocabulary_size = 5

    with pytest.raises(TypeError, match=r"to_ids.*to_texts"):
        Unfinished()

    @register_tokenizer("no_config")
    class NoConfig(Unfinished):
        to_ids = to_texts = piece = None

    with pytest.raises(NotImplementedError, match="NoConfig must have a `config`"):
        NoConfig().save(tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["type", "python_class", "format_version", "symbols"])
def test_names_that_the_file_needs_are_refused(name, tmp_path):
    @register_tokenizer("odd")
    class Odd(ByteTokenizer):
        def config(self):
            return {name: 1}

    with pytest.raises(ValueError, match=f"must not have .*{name}"):
        Odd().save(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_config_may_have_the_symbols(tmp_path):
    @register_tokenizer("told_twice")
    class ToldTwice(ByteTokenizer):
        def config(self):
            return {"symbols": self.symbols}

    for symbols in ((), ("<ko>", "\n")):
        ToldTwice(symbols).save(tmp_path)
        assert load_tokenizer(tmp_path).symbols == symbols
