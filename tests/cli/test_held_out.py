import pytest

from kseq2seq.cli import held_out
from kseq2seq.data import Pair
from kseq2seq.text import ByteTokenizer, TextSource

SOURCE = TextSource(ByteTokenizer(), 8)


def pairs(*sources):
    return [Pair(source, "x", source) for source in sources]


def test_what_is_too_long_does_not_count_for_the_limit(capsys):
    kept = held_out(SOURCE, pairs("far too long", "a", "b", "c"), "test", 2)
    assert [pair.source for pair in kept] == ["a", "b"]
    assert capsys.readouterr().out == (
        "Left out 1 of 4 test pairs, whose sources have more than 8 tokens.\n"
    )


@pytest.mark.parametrize("sources", [(), ("far too long",), ("",)])
def test_nothing_to_score_is_told_before_training(sources):
    with pytest.raises(ValueError, match=rf"none of the {len(sources)} test pairs"):
        held_out(SOURCE, pairs(*sources), "test")


def test_what_can_be_read_in_parts_is_kept(capsys):
    source = TextSource(ByteTokenizer(), 8)
    source.too_long = "cut"
    assert len(held_out(source, pairs("far too long", "", "a"), "test")) == 2
    assert capsys.readouterr().out == ""
    source.too_long = "split"
    kept = held_out(source, pairs("One. Two. Six.", "", "One. Seventeen.", "far too long"), "test")
    assert [pair.source for pair in kept] == ["One. Two. Six."]
    assert capsys.readouterr().out.startswith("Left out 2 of 4 test pairs")
