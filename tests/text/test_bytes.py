import pytest
import tensorflow as tf

from kseq2seq.text import ByteTokenizer

TEXTS = [
    "",
    "hi",
    "안녕하세요",
    "👨‍👩‍👧 👍🏽",
    "e\u0301 é",
    "a\x00b\n\tc ",
    "\ufeffx",
    "긴 글 " * 5000,
]


def decoded(texts):
    return [text.decode() for text in texts.numpy()]


def test_ids_are_bytes_after_the_special_tokens():
    assert ByteTokenizer().vocabulary_size == 260
    assert ByteTokenizer().tokenize(["A\x00", "", "한"]).to_list() == [
        [69, 4],
        [],
        [0xED + 4, 0x95 + 4, 0x9C + 4],
    ]


def test_every_text_comes_back_exactly():
    tokenizer = ByteTokenizer()
    assert decoded(tokenizer.detokenize(tokenizer.tokenize(TEXTS))) == TEXTS


def test_no_texts():
    tokenizer = ByteTokenizer()
    assert tokenizer.tokenize([]).shape[0] == 0
    assert tokenizer.detokenize(tf.zeros((0, 3), tf.int32)).shape == (0,)
    assert decoded(tokenizer.detokenize(tf.zeros((2, 0), tf.int32))) == ["", ""]


@pytest.mark.parametrize(
    "broken", [b"\xff", b"a\xe1\x85", b"\xe1\x85a", b"\xf0\x9f\x91", b"\xc0\x80"]
)
def test_broken_bytes_read_back_as_python_does(broken):
    ids = [[byte + 4 for byte in broken]]
    assert decoded(ByteTokenizer().detokenize(ids)) == [broken.decode("utf-8", "replace")]


def test_special_and_outside_ids():
    a, b = 97 + 4, 98 + 4
    rows = [[1, a, 0, b, 2, a, a], [2, a, a, a, a, a, a], [a, 3, b, 260, -1, 0, 0], [0] * 7]
    assert decoded(ByteTokenizer().detokenize(rows)) == ["ab", "", "a�b��", ""]


def test_pieces_name_every_id():
    pieces = ByteTokenizer().pieces([[1, 108, 0xE1 + 4, 36, 2], [0, 3, 999]])
    assert pieces == [
        ["<start>", "h", "<0xE1>", "<0x20>", "<end>"],
        ["<padding>", "<unknown>", "<unknown>"],
    ]


def test_in_a_pipeline_of_data():
    tokenizer = ByteTokenizer()
    data = tf.data.Dataset.from_tensor_slices(["hi", "한", ""]).batch(2).map(tokenizer.tokenize)
    assert [batch.to_list() for batch in data] == [[[108, 109], [241, 153, 160]], [[]]]


@pytest.mark.parametrize("dtype", [tf.uint8, tf.int16, tf.int32, tf.int64])
def test_ids_of_any_integer_type(dtype):
    assert decoded(ByteTokenizer().detokenize(tf.constant([[108, 109, 2]], dtype))) == ["hi"]
