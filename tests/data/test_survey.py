import numpy as np

from kseq2seq.data.readers import pairs_from
from kseq2seq.data.records import Corpus
from kseq2seq.data.survey import Survey, survey
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

SOURCE = TextSource(ByteTokenizer(), max_length=7)
TARGET = TextTarget(ByteTokenizer(), max_length=5)


def of(*texts):
    with Corpus.write(pairs_from(texts)) as corpus:
        return survey(corpus, SOURCE, TARGET)


def test_counts_and_lengths():
    found = of(
        ("안녕", "hi"),  # 6 bytes and end: just short enough
        ("안녕!", "hi"),  # too long a source
        ("hi", "hello"),  # too long a target
        ("hi", "four"),
        ("ab", "1234"),
        ("", "hi"),
        ("hi", ""),
        ("", "much too long"),  # counted once, as empty
    )
    expected = np.zeros((8, 6), int)
    expected[7, 3], expected[3, 5] = 1, 2
    np.testing.assert_array_equal(found.lengths, expected)
    assert (found.kept, found.empty, found.too_long) == (3, 3, 2)
    assert (found.source_tokens, found.target_tokens) == (7 + 3 + 3, 3 + 5 + 5)


def test_many_batches_are_summed():
    found = of(*[("a" * (i % 9), "b") for i in range(5000)])
    sizes = np.bincount(np.arange(5000) % 9)
    assert found.empty == sizes[0]
    assert found.too_long == sizes[7] + sizes[8]
    assert found.lengths[:, 2].tolist() == [0, 0, *sizes[1:7]]


def test_table():
    lengths = np.zeros((65, 33), int)
    lengths[10, 5] = 1500
    assert str(Survey(lengths, empty=100, too_long=400)).splitlines() == [
        "pairs           2,000  100.0%",
        "kept            1,500   75.0%  15,000 source, 7,500 target tokens",
        "too long          400   20.0%  more than 64 x 32 tokens",
        "empty             100    5.0%  a side without a token",
    ]
