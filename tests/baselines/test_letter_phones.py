"""Alignment against all ways to divide phones, and baselines of pronunciation by hand."""

import itertools
import math

import pytest

from kseq2seq.baselines import LetterAlignment, LetterPhones
from kseq2seq.corpora import cmudict_sample

PAIRS = [(pair.source, pair.target.split()) for pair in list(cmudict_sample())[::8]]


@pytest.fixture(scope="module")
def alignment():
    return LetterAlignment(PAIRS)


def ways(word, phones):
    """All ways to give each letter none, one or two of the phones."""
    for sizes in itertools.product(range(3), repeat=len(word)):
        if sum(sizes) == len(phones):
            ends = list(itertools.accumulate(sizes))
            yield [tuple(phones[end - size : end]) for end, size in zip(ends, sizes, strict=True)]


def test_the_alignment_is_the_likeliest_of_all(alignment):
    def score(word, parts):
        return sum(alignment._score(*each) for each in zip(word, parts, strict=True))

    checked = 0
    for word, phones in [*PAIRS[:40], ("box", ["B", "AA", "K", "S"]), ("qqq", ["K", "ZH", "OY"])]:
        best = max(score(word, parts) for parts in ways(word, phones))
        parts = alignment(word, phones)
        assert [phone for part in parts for phone in part] == phones
        assert math.isclose(score(word, parts), best)
        checked += len(parts) == len(word)
    assert checked == 42


def test_letters_stand_for_what_they_sound_like(alignment):
    assert alignment("ship", ["SH", "IH", "P"]) in (
        [("SH",), (), ("IH",), ("P",)],
        [(), ("SH",), ("IH",), ("P",)],
    )
    assert alignment("ab", ["AE"] * 5) is None  # more than two a letter
    assert alignment("ab", ["AE"] * 4) == [("AE", "AE"), ("AE", "AE")]


def test_the_longest_known_context_decides():
    pairs = [("can", "K AE N"), ("cane", "K EY N"), ("con", "K AA N"), ("cent", "S EH N T")]
    alone, wide = LetterPhones(pairs), LetterPhones(pairs, 2)
    assert alone(["cat"]) == ["K AE T"]  # "a" is as often EY: the first in code point order
    assert wide(["cane", "cen"]) == ["K EY N", "S EH N"]  # "c" before "e"
    assert LetterPhones([], 2)(["cat"]) == alone(["?"]) == [""]


def test_a_wider_context_errs_less():
    pairs = [(word, " ".join(phones)) for word, phones in PAIRS]
    shared = LetterAlignment(PAIRS)
    errors = []
    for context in range(3):
        reader = LetterPhones(pairs[:800], context, shared)
        found = zip(reader([word for word, _ in pairs[800:]]), pairs[800:], strict=True)
        errors.append(sum(read != phones for read, (_, phones) in found))
    assert errors[0] > errors[1] > errors[2]
