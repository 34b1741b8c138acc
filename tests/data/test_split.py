from __future__ import annotations

from hashlib import sha1
from itertools import count, islice

import pytest

from kseq2seq.data.pairs import Pair
from kseq2seq.data.split import fold_of, select, split_of, unique


def test_split_of_known_keys():
    assert split_of("ffmpeg") == "test"
    assert split_of("pulseaudio") == "validation"
    assert split_of("libreoffice") == "train"


@pytest.mark.parametrize("key", ["", "bash", "한국어", "🙂", "e\u0301"])
def test_split_of_follows_the_definition(key):
    remainder = int(sha1(key.encode("utf-8")).hexdigest(), 16) % 100
    assert split_of(key, validation=10, test=20) == (
        "test" if remainder < 20 else "validation" if remainder < 30 else "train"
    )


def test_shares_are_near_what_was_asked():
    names = [split_of(str(n), validation=5, test=10) for n in range(4000)]
    assert 160 < names.count("validation") < 240
    assert 340 < names.count("test") < 460


def test_zero_shares_leave_everything_to_train():
    assert {split_of(str(n), validation=0, test=0) for n in range(500)} == {"train"}


@pytest.mark.parametrize("shares", [{"test": -1}, {"validation": -3}, {"test": 97}])
def test_bad_shares_are_refused(shares):
    with pytest.raises(ValueError, match="less than 100"):
        split_of("bash", **shares)
    with pytest.raises(ValueError, match="less than 100"):
        select([], "train", **shares)


def test_select_parts_a_corpus_without_loss_and_keeps_its_order():
    corpus = [Pair(str(n), str(-n), key=str(n // 3)) for n in range(3000)]
    parts = {name: list(select(corpus, name)) for name in ("train", "validation", "test")}
    assert sum(map(len, parts.values())) == 3000
    assert all(parts.values())
    assert not {p.key for p in parts["train"]} & {p.key for p in parts["test"]}
    assert [int(p.source) for p in parts["train"]] == sorted(int(p.source) for p in parts["train"])


def test_select_is_lazy():
    endless = (Pair(str(n), "x", key=str(n)) for n in count())
    assert len(list(islice(select(endless, "validation"), 5))) == 5


def test_select_refuses_another_split_at_once():
    with pytest.raises(ValueError, match=r"train, validation, test.*'dev'"):
        select([], "dev")


def test_unique_keeps_the_first_of_each_pair():
    pairs = [
        Pair("가", "a", "1"),
        Pair("가", "a", "2"),
        Pair("가", "b", "3"),
        Pair("a", "가", "4"),
        Pair("ab", "c", "5"),
        Pair("a", "bc", "6"),  # the same characters, cut elsewhere
        Pair("\u00e9", "x", "7"),
        Pair("e\u0301", "x", "8"),  # looks alike, is another text
    ]
    assert [p.key for p in unique(pairs)] == ["1", "3", "4", "5", "6", "7", "8"]


def test_unique_is_lazy():
    endless = (Pair(str(n // 2), "x", key=str(n)) for n in count())
    assert [p.key for p in islice(unique(endless), 3)] == ["0", "2", "4"]


def test_every_key_is_tested_on_in_one_fold():
    keys = [str(n) for n in range(1000)]
    folds = [[fold_of(key, fold) for key in keys] for fold in (1, 2, 3, 4, 5)]
    for row in zip(*folds, strict=True):
        assert row.count("test") == 1 and len(set(row) - {"test"}) == 1  # else always the same
    for fold in folds:
        assert 160 < fold.count("test") < 240 and 20 < fold.count("validation") < 65
    assert {fold_of(key, 1, folds=2, validation=0) for key in keys} == {"train", "test"}
    with pytest.raises(ValueError, match="`fold` must be from 1 to 5; got 0"):
        fold_of("bash", 0)
