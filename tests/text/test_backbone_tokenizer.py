import hashlib
import io
import json

import keras_hub
import numpy as np
import pytest
import sentencepiece
import tensorflow as tf
from keras_hub.src.tokenizers.byte_pair_tokenizer import bytes_to_unicode

from kseq2seq.encoders import backbone_encoder
from kseq2seq.text import (
    BackboneTokenizer,
    TextSource,
    TextTarget,
    load_tokenizer,
    register_tokenizer,
)

TEXTS = ["the quick fox", "나는 학교에 갑니다.", "don't stop, the fox", "fox"]
ODD = ["", " ", "☂ 나는 ☂", "e\u0301 👨‍👩‍👧 中文", "a\nb  c", "[UNK] [SEP] 12345"]

LINE = "[PAD] [UNK] [CLS] [SEP] [MASK] the qu ##ick fox 나 ##는 학교 ##에 갑니다 . , stop"
WORDS = LINE.split()
# Special ids that are not where the others have them.
MOVED = [*WORDS[5:9], "[CLS]", "[SEP]", *WORDS[9:11], "[MASK]", *WORDS[11:], "[UNK]", "[PAD]"]
_, BYTES = bytes_to_unicode()
KNOWN = [byte for byte in BYTES if byte != "Z"]
PAIRS = ["<s>", "<pad>", "</s>", "<unk>", *KNOWN, "th", "the", "Ġthe", "<mask>"]
MERGES = ["t h", "th e", "Ġ the"]


def pieces(**names):
    """A SentencePiece model of the texts."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 20),
        model_writer=model,
        vocab_size=80,
        hard_vocab_limit=False,
        minloglevel=2,
        **names,
    )
    return model.getvalue()


def marked(padding, unknown):
    """The same with the special tokens of the BERT family."""
    return pieces(
        **{"pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3},
        **{"pad_piece": padding, "unk_piece": unknown, "bos_piece": "[CLS]", "eos_piece": "[SEP]"},
        user_defined_symbols="[MASK]",
    )


def pairs(**settings):
    ids = {piece: index for index, piece in enumerate(PAIRS)}
    return keras_hub.tokenizers.RobertaTokenizer(ids, MERGES, **settings)


MAKE = {
    "Albert": lambda: keras_hub.tokenizers.AlbertTokenizer(marked("<pad>", "<unk>")),
    "Bert": lambda: keras_hub.tokenizers.BertTokenizer(WORDS),
    "DebertaV3": lambda: keras_hub.tokenizers.DebertaV3Tokenizer(marked("[PAD]", "[UNK]")),
    "DistilBert": lambda: keras_hub.tokenizers.DistilBertTokenizer(MOVED, lowercase=True),
    "Roberta": pairs,
    "XLMRoberta": lambda: keras_hub.tokenizers.XLMRobertaTokenizer(
        pieces(unk_id=0, bos_id=1, eos_id=2)
    ),
}
SPECIAL = {
    "Albert": (0, 2, 3, 1),
    "Bert": (0, 2, 3, 1),
    "DebertaV3": (0, 2, 3, 1),
    "DistilBert": (16, 4, 5, 15),
    "Roberta": (1, 0, 2, 3),
    "XLMRoberta": (1, 0, 2, 3),
}


@pytest.fixture(scope="module")
def hubs():
    return {name: make() for name, make in MAKE.items()}


@pytest.fixture(scope="module")
def made(hubs):
    return {name: BackboneTokenizer(hub) for name, hub in hubs.items()}


@pytest.fixture(params=list(MAKE))
def name(request):
    return request.param


# Their graphs take KerasHub seconds to make.
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("Roberta", "XLMRoberta")]


@pytest.fixture(params=["Albert", "DistilBert", "Roberta", SLOW[1]])
def some(request):
    return request.param


def decoded(texts):
    return [text.decode() for text in texts.numpy()]


def test_special_ids_are_the_backbones(made, name):
    assert made[name].special == SPECIAL[name]
    assert type(made[name]).special == (0, 1, 2, 3)


def test_a_source_is_what_the_preprocessor_makes(made, hubs, name):
    kind = getattr(keras_hub.models, f"{name}TextClassifierPreprocessor")
    expected = kind(hubs[name], sequence_length=40)(TEXTS)
    inputs = TextSource(made[name], 40)(TEXTS)
    length = inputs["source"].shape[1]
    assert length < 40
    np.testing.assert_array_equal(inputs["source"], np.array(expected["token_ids"])[:, :length])
    mask = np.array(expected["padding_mask"])
    np.testing.assert_array_equal(inputs["source_mask"], mask[:, :length])
    assert not mask[:, length:].any()


def test_literal_ids(made):
    texts = ["the quick fox", "", "☂ the", "나는 학교에 갑니다."]
    assert TextSource(made["Bert"], 9).tokens(texts).to_list() == [
        [2, 5, 6, 7, 8, 3],
        [3],
        [2, 1, 5, 3],
        [2, 9, 10, 11, 12, 13, 14, 3],
    ]
    assert made["DistilBert"].tokenize(["THE quick", "", "☂"]).to_list() == [
        [4, 0, 1, 2],
        [],
        [4, 15],
    ]


def test_texts_come_back(made, some):
    expected = {
        "DistilBert": ["the quick fox", "나는 학교에 갑니다 .", "� � � stop , the fox", "fox"],
    }.get(some, TEXTS)
    tokenizer = made[some]
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(TEXTS))) == expected
    assert decoded(tokenizer.detokenize(TextSource(tokenizer, 99)(TEXTS)["source"])) == expected


def test_what_is_lost_is_seen(made):
    for name in ("Albert", "DebertaV3"):
        assert decoded(made[name].detokenize(made[name].tokenize(["☂ 나는 ☂"]))) == ["� 나는 �"]
    assert decoded(made["Roberta"].detokenize(made["Roberta"].tokenize(ODD))) == ODD


def test_a_byte_outside_the_vocabulary_is_unknown(made):
    ids = made["Roberta"].tokenize(["aZb"])
    assert ids.to_list() == [[0, PAIRS.index("a"), 3, PAIRS.index("b")]]
    assert decoded(made["Roberta"].detokenize(ids)) == ["a�b"]


def test_any_ids_read_as_valid_text(made, some):
    tokenizer = made[some]
    ids = np.random.default_rng(0).integers(-2, tokenizer.vocabulary_size + 2, (50, 20))
    decoded(tokenizer.detokenize(ids))
    assert decoded(tokenizer.detokenize([[10**6, -1]]))[0].count("�") == 2


def test_pieces(made):
    row = [2, 9, 10, 0, 3, 99]
    assert made["Bert"].pieces([row])[0] == [
        "<start>",
        "나",
        "##는",
        "<padding>",
        "<end>",
        "<unknown>",
    ]
    ids = made["Roberta"].tokenize(["a the"])
    assert made["Roberta"].pieces(ids) == [["<start>", "a", " the"]]
    ids = made["XLMRoberta"].tokenize(["나"])
    assert made["XLMRoberta"].pieces(ids)[0][-1] == "나"


@pytest.mark.parametrize("which", ["Albert", "Bert", "Roberta"])
def test_in_a_pipeline_of_data(made, which):
    texts = TEXTS + ODD
    data = tf.data.Dataset.from_tensor_slices(texts * 9).batch(7)
    batches = data.map(made[which].tokenize, num_parallel_calls=2)
    rows = [row for batch in batches for row in batch.to_list()]
    assert rows == made[which].tokenize(texts).to_list() * 9


def test_no_texts(made, some):
    ids = made[some].tokenize(tf.constant([], tf.string))
    assert (ids.dtype, ids.nrows()) == (tf.int32, 0)
    assert made[some].detokenize(ids).shape == (0,)


@pytest.mark.parametrize("which", ["Albert", "Bert"])
def test_a_seed_leaves_it_working(made, which):
    before = made[which].tokenize(TEXTS)
    tf.random.set_seed(1)
    assert made[which].tokenize(TEXTS).to_list() == before.to_list()
    assert decoded(made[which].detokenize(before))[-1] == "fox"


@pytest.mark.parametrize("which", ["Albert", "DistilBert", *SLOW])
def test_save_and_load_give_the_same_ids(made, which, tmp_path):
    tokenizer = made[which]
    TextSource(tokenizer, 99).save(tmp_path)
    loaded = TextSource.load(tmp_path).tokenizer
    assert type(loaded) is BackboneTokenizer
    assert loaded.special == tokenizer.special
    assert loaded.vocabulary_size == tokenizer.vocabulary_size
    texts = TEXTS + ODD
    assert loaded.tokenize(texts).to_list() == tokenizer.tokenize(texts).to_list()


def test_a_preset_brings_its_tokenizer(made, hubs, tmp_path):
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
    keras_hub.models.AlbertBackbone(99, embedding_dim=4, **sizes).save_to_preset(tmp_path)
    hubs["Albert"].save_to_preset(tmp_path)
    tokenizer = BackboneTokenizer(keras_hub.tokenizers.Tokenizer.from_preset(str(tmp_path)))
    assert tokenizer.special == SPECIAL["Albert"]
    assert tokenizer.tokenize(TEXTS).to_list() == made["Albert"].tokenize(TEXTS).to_list()


def test_settings_are_kept(tmp_path):
    settings = {"lowercase": True, "strip_accents": True, "split_on_cjk": False}
    words = [*WORDS, "中文", "ete"]
    tokenizer = BackboneTokenizer(keras_hub.tokenizers.BertTokenizer(words, **settings))
    tokenizer.save(tmp_path)
    texts = ["中文 THE", "ÉTÉ"]
    assert tokenizer.tokenize(texts).to_list() == [[2, 17, 5], [2, 18]]
    assert load_tokenizer(tmp_path).tokenize(texts).to_list() == [[2, 17, 5], [2, 18]]
    BackboneTokenizer(pairs(add_prefix_space=True, unsplittable_tokens=["<s>"])).save(tmp_path)
    ids = load_tokenizer(tmp_path).tokenize(["the", "<s></s>"]).to_list()
    assert ids[0] == [0, PAIRS.index("Ġthe")]
    assert 0 in ids[1][1:] and 2 not in ids[1]


@pytest.mark.parametrize("which", ["Bert", *SLOW])
def test_raw_text_into_a_saved_encoder(made, which, tmp_path):
    backbone = getattr(keras_hub.models, f"{which}Backbone")(
        made[which].vocabulary_size, 1, 2, 8, 16, max_sequence_length=64
    )

    class Served(tf.Module):
        def __init__(self):
            super().__init__()
            self.source = TextSource(made[which], 64)
            self.encoder = backbone_encoder(backbone)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            inputs = self.source(texts)
            return {**self.encoder(inputs), "source": inputs["source"]}

    served = Served()
    expected = served(tf.constant(TEXTS))
    tf.saved_model.save(served, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))(tf.constant(TEXTS))
    for key, value in expected.items():
        np.testing.assert_array_equal(loaded[key], value)


def test_it_is_no_target(made):
    with pytest.raises(ValueError, match="must not be a BackboneTokenizer"):
        TextTarget(made["Bert"], 9)


class BertTokenizer(keras_hub.tokenizers.BertTokenizer):
    pass


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: "bert_base_en", "must be one of keras_hub.tokenizers .* got 'str'"),
        (
            lambda: keras_hub.tokenizers.ByteTokenizer(),
            "of keras_hub.tokenizers .* got 'ByteTokenizer'",
        ),
        (lambda: BertTokenizer(WORDS), "one of KerasHub's own"),
        (lambda: keras_hub.tokenizers.WordPieceTokenizer(WORDS), "WordPieceTokenizer lacks one"),
        (lambda: keras_hub.tokenizers.BertTokenizer(), "BertTokenizer lacks one"),
        (
            lambda: keras_hub.tokenizers.GPT2Tokenizer(
                {"a": 0, "aa": 1, "<|endoftext|>": 2}, ["a a"]
            ),
            "GPT2Tokenizer lacks one",
        ),
        (
            lambda: keras_hub.tokenizers.BertTokenizer(WORDS, oov_token="[SEP]"),
            "an id for each special token",
        ),
        (
            lambda: keras_hub.tokenizers.BertTokenizer(WORDS, sequence_length=8),
            "has sequence_length set",
        ),
        (
            lambda: keras_hub.tokenizers.BertTokenizer(WORDS, special_tokens_in_strings=True),
            "has special_tokens_in_strings set",
        ),
        (
            lambda: keras_hub.tokenizers.BertTokenizer(WORDS, dtype="string"),
            "has another dtype set",
        ),
        (
            lambda: keras_hub.tokenizers.XLMRobertaTokenizer(
                pieces(unk_id=0, bos_id=1, eos_id=2), add_bos=True
            ),
            "has add_bos set",
        ),
    ],
)
def test_other_tokenizers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        BackboneTokenizer(make())


def change(directory, data=None, **fields):
    """Rewrites a saved tokenizer, its vocabulary with a hash that fits."""
    path = directory / "tokenizer.json"
    record = {**json.loads(path.read_text()), **fields}
    if data is not None:
        (file,) = (file for file in directory.iterdir() if file != path)
        file.write_bytes(data)
        record["sha256"] = hashlib.sha256(data).hexdigest()
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("which", "changes", "message"),
    [
        ("Bert", {"class": "os.system"}, "must be one of keras_hub.tokenizers .* got 'os.system'"),
        (
            "Bert",
            {"class": "ByteTokenizer"},
            "of keras_hub.tokenizers .* got 'ByteTokenizer'",
        ),
        ("Bert", {"class": "__loader__"}, "must be one of keras_hub.tokenizers"),
        ("Bert", {"class": ["BertTokenizer"]}, "must have a str as 'class'"),
        ("Bert", {"class": "WordPieceTokenizer"}, "does not describe a WordPieceTokenizer"),
        ("Bert", {"class": "RobertaTokenizer"}, "must have a bool as 'add_prefix_space'"),
        ("Bert", {"settings": []}, "must have a dict as 'settings'"),
        ("Bert", {"settings": {"lowercase": {"class_name": "Lambda"}}}, "a bool as 'lowercase'"),
        ("Bert", {"sha256": 3}, "must have a str as 'sha256'"),
        ("Bert", {"data": b"{"}, "does not describe a BertTokenizer"),
        ("Bert", {"data": b"[" * 100_000}, "does not describe a BertTokenizer"),
        ("Bert", {"data": b'{"vocabulary": "/etc/passwd"}'}, "does not describe a BertTokenizer"),
        ("Bert", {"data": b'{"vocabulary": ["[UNK]", 3]}'}, "Vocabulary entries must be strings"),
        ("Bert", {"data": b'{"vocabulary": ["[UNK]", "a"]}'}, "Cannot find special token"),
        ("Roberta", {"data": b'{"vocabulary": "/etc/passwd", "merges": "/x"}'}, "does not desc"),
        (
            "Roberta",
            {"data": b'{"vocabulary": {"<s>": "0"}, "merges": []}'},
            "must be whole numbers",
        ),
        ("Roberta", {"data": b'{"vocabulary": ["<s>"]}'}, "does not describe a Roberta"),
        ("XLMRoberta", {"data": b"not a model"}, "does not describe a XLMRobertaTokenizer"),
    ],
)
def test_a_hostile_record_is_refused(made, which, changes, message, tmp_path):
    made[which].save(tmp_path)
    change(tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        load_tokenizer(tmp_path)


def test_damaged_files_are_refused(made, name, tmp_path):
    made[name].save(tmp_path)
    (file,) = (file for file in tmp_path.iterdir() if file.name != "tokenizer.json")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="truncated or changed"):
        load_tokenizer(tmp_path)
    file.unlink()
    with pytest.raises(FileNotFoundError, match=file.name):
        load_tokenizer(tmp_path)


def test_a_registered_subclass_is_loaded_as_itself(tmp_path):
    @register_tokenizer("my_bert")
    class MyBert(BackboneTokenizer):
        pass

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "fox"]
    MyBert(keras_hub.tokenizers.BertTokenizer(words)).save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert type(loaded) is MyBert
    assert loaded.tokenize(["the fox"]).to_list() == [[2, 5, 6]]
