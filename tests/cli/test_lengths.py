import pytest

from kseq2seq.cli import held_out
from kseq2seq.cli.lengths import first_too_long, refuse_too_long
from kseq2seq.data import Pair
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

SIDES = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 4)


def test_too_long_ones_of_all_splits_are_counted_and_the_first_shown():
    many = [Pair(f"far too long {number}", "x", str(number)) for number in range(1001)]
    corpora = {
        "train": [*many, Pair("short", "x", "")],
        "validation": [Pair("short", "x", "")],
        "test": [Pair("short", "a long target", "")],
    }
    with pytest.raises(
        ValueError, match="1,001 of 1,002 train pairs have more than 8 source tokens"
    ) as e:
        refuse_too_long(*SIDES, corpora)
    told = str(e.value)
    assert told.count("'far too long") == 3 and " and others." in told
    assert "1 of 1 test pairs" in told and "'short' -> 'a long target' (6 and 14)." in told
    assert "validation" not in told


def test_what_fits_is_let_through():
    refuse_too_long(*SIDES, {"train": [Pair("1234567", "123", "")], "test": []})


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
    assert capsys.readouterr().out == "Cut 1 of 3 test sources at 8 tokens.\n"
    source.too_long = "split"
    kept = held_out(source, pairs("One. Two. Six.", "", "One. Seventeen.", "far too long"), "test")
    assert [pair.source for pair in kept] == ["One. Two. Six."]
    assert capsys.readouterr().out.startswith("Left out 2 of 4 test pairs")


def test_held_out_examples_are_from_all_of_a_file_and_those_left_out_are_named(capsys):
    def places(split, examples):
        return [f"{split}.tsv:{pair.key}: " for pair in examples]

    rows = [Pair("far too long" * (n % 10 == 0), "x", str(n)) for n in range(40)]
    rows = [pair if pair.source else pair._replace(source="a") for pair in rows]
    kept = held_out(SOURCE, rows, "test", 6, places)
    assert [int(pair.key) for pair in kept] == [1, 7, 14, 21, 27, 34]
    assert "The first too long ones: test.tsv:0, test.tsv:10, test.tsv:20.\n" in (
        capsys.readouterr().out
    )
    named = first_too_long(*SIDES, rows, lambda split, examples: places(split, examples))
    assert named == "The first too long ones: train.tsv:0, train.tsv:10, train.tsv:20."
    assert first_too_long(*SIDES, rows, lambda split, examples: [""] * len(examples)) == ""
