"""Talking: commands, memory, and what interrupts it."""

import io

import pytest

from kseq2seq.cli import chat
from kseq2seq.text import ByteTokenizer, TurnsSource

SOURCE = TurnsSource(ByteTokenizer(symbols=["<turn>"]), max_length=20)


def talk(lines, answer=None, **ways):
    out, raws = io.StringIO(), []

    def echo(raw, number):
        raws.append((raw, number))
        yield "so"
        yield "so it is"

    ways = ways or {"/echo": answer or echo}
    turns = chat(SOURCE, ways, lines, out)
    return turns, raws, out.getvalue()


def test_answers_appear_as_they_grow_and_turns_are_remembered():
    turns, raws, said = talk(["hi", "why", "", "/quit", "never"])
    assert raws == [("hi", 0), ("hi<turn>so it is<turn>why", 1)]
    assert turns == ["hi", "so it is", "why", "so it is"]
    assert said.count("bot: so it is\n") == 2


def test_as_many_turns_are_remembered_as_there_is_room_for():
    _, raws, _ = talk(["a rather long line", "b", "cc"])
    assert [raw for raw, _ in raws] == [
        "a rather long line",
        "so it is<turn>b",
        "b<turn>so it is<turn>cc",
    ]


def test_reset_forgets_and_commands_are_no_turns():
    turns, raws, said = talk(["hi", "/reset", "/what", "ho"])
    assert [raw for raw, _ in raws] == ["hi", "ho"]
    assert turns == ["ho", "so it is"]
    assert "(forgotten)" in said and said.count("/reset forgets") == 2


def test_a_way_to_answer_is_chosen_by_its_name():
    turns, _, said = talk(
        ["a", "/other", "b"],
        **{"/one": lambda raw, n: ["one"], "/other": lambda raw, n: ["oh", "no: other"]},
    )
    assert turns[1::2] == ["one", "no: other"]
    assert "Ways to answer: /one, /other." in said
    assert "bot: oh\nbot: no: other\n" in said  # what is shown was taken back


def test_the_symbol_between_turns_is_not_said():
    turns, _, _ = talk(["a<turn>b"], lambda raw, _: ["c<turn>d"])
    assert turns == ["a b", "c d"]


@pytest.mark.parametrize("end", [KeyboardInterrupt, EOFError])
def test_the_end_of_the_input_and_interrupts_end_it(end):
    def lines():
        yield "hi"
        raise end

    turns, _, said = talk(lines())
    assert turns == ["hi", "so it is"] and said.endswith("\n")


def test_an_interrupted_answer_is_kept_as_far_as_it_is():
    def answer(raw, number):
        yield "well"
        raise KeyboardInterrupt

    turns, _, said = talk(["hi", "ho"], answer)
    assert turns == ["hi", "well", "ho", "well"]
    assert "bot: well ...\n" in said


def test_standard_input_is_read_where_no_lines_are_given(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("hi\n/quit\n"))
    out = io.StringIO()
    assert chat(SOURCE, {"/a": lambda raw, _: ["b"]}, output=out) == ["hi", "b"]
    assert "you:" not in out.getvalue()  # nobody types


def test_bytes_that_are_no_text_are_asked_for_again(monkeypatch):
    typed = io.BytesIO(b"caf\xe9\nhi\n/quit\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(typed, "utf-8"))
    out = io.StringIO()
    assert chat(SOURCE, {"/a": lambda raw, _: ["b"]}, output=out) == ["hi", "b"]
    assert "(not UTF-8; say it again)" in out.getvalue()
