from __future__ import annotations

import itertools

import pytest

from kseq2seq import Beam, Contrastive, Greedy, Sample
from kseq2seq.decoding import Automaton, MinLength, Prefix

SEARCHES = [Greedy(), Beam(3), Sample(top_k=40), Contrastive(3)]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_the_last_is_what_a_call_gives(pipeline, search):
    for text in ("hello", "안녕하세요"):
        parts = list(pipeline.stream(text, search=search, seed=4))
        assert parts[-1] == pipeline([text], search=search, seed=4)[0].text
        assert len(parts) == len(set(parts)) or isinstance(search, Beam | Contrastive)


def test_never_shows_half_a_character(pipeline):
    """The model is made to write Korean byte by byte: three bytes a syllable."""
    wanted = "한글 ok 글"
    ids = pipeline.target.tokenizer.tokenize([wanted]).to_list()
    parts = list(pipeline.stream("x", filters=[Automaton.of_targets(ids)]))
    assert parts == [wanted[: n + 1] for n in range(len(wanted)) if wanted[n] != " "] or parts == [
        wanted[: n + 1] for n in range(len(wanted))
    ]
    assert not any("\ufffd" in part for part in parts)


def test_takes_filters(pipeline):
    prefix = pipeline.phrases(["go"])
    parts = list(pipeline.stream("x", filters=[Prefix(prefix), MinLength(6)]))
    assert parts[:2] == ["g", "go"]


def test_each_call_has_its_own_prefix(pipeline):
    for word in ("go", "stop", "no"):
        filters = [Prefix(pipeline.phrases([word])), MinLength(6)]
        parts = list(pipeline.stream("x", filters=filters))
        assert parts[len(word) - 1] == word


def test_goes_no_further_than_asked(wild):
    pipeline = wild("gru", seed=7)
    stream = pipeline.stream("x", filters=[MinLength(12)])
    kept = pipeline.model.__dict__["_compiled"]
    assert not any(key[0] == "stream" for key in kept)  # nothing was run yet
    assert len(list(itertools.islice(stream, 2))) == 2
    stream.close()
    assert list(stream) == []


def test_says_that_there_is_no_target(pipeline):
    ids = pipeline.target.tokenizer.tokenize(["far too long for sixteen"]).to_list()
    with pytest.raises(ValueError, match=r"no target.*text 0"):
        list(pipeline.stream("x", filters=[Automaton.of_targets(ids)]))
    with pytest.raises(ValueError, match=r"Prefix is for 3 sources, but there are 1"):
        pipeline.stream("x", filters=[Prefix([[5]] * 3)])
    with pytest.raises(ValueError, match=r"Every item of `filters` must be a Filter"):
        pipeline.stream("x", filters=["x"])


def test_nothing_to_say_of_nothing(pipeline):
    assert list(pipeline.stream("")) == []


def test_refuses_at_once(pipeline):
    with pytest.raises(ValueError, match=r"limit is 24"):
        pipeline.stream("x" * 40)
    with pytest.raises(TypeError, match=r"must be a str"):
        pipeline.stream(5)
