"""Lines that are left out of training, and those that only look so."""

import pytest

from kseq2seq.corpora.lines import why_left_out

LEFT_OUT = {
    "links": ["see https://a.b/c", "go to www.example", "it is on test.com"],
    "mail addresses and handles": ["a.b@c.d", "follow @somebody"],
    "long numbers": ["801 555 0199", "(801) 555-0199", "+1.801.555.0199", "8015550199"],
    "profane words": ["what the FUCK", "bullshitting", "You ass!"],
    "names": ["my name is ann", "My last name was...", "I'm Ann", "hi, this is Ben", "call me al"],
    "contacts": ["add me", "what is your insta", "my phone number is", "ya snapchat?", "text me!"],
    "street addresses": ["at 200 north", "I live on 12 Elm Street", "440 E 100 N"],
}
KEPT = [
    "I'm so glad. I am happy, this is Great".lower(),
    "Hello! How are you?",
    "I passed my class at 10:30 in 2018, assuming that 99% do",
    "my phone is broken",
    "Cockroaches and Titans in an analysis of grass",
    "I left at 5. 7 people came",
    "he did not call",
    "they called me for lunch",
    "",
]


@pytest.mark.parametrize("rule", LEFT_OUT)
def test_each_rule_finds_its_lines(rule):
    assert [why_left_out(line) for line in LEFT_OUT[rule]] == [rule] * len(LEFT_OUT[rule])


@pytest.mark.parametrize("line", KEPT)
def test_other_lines_are_kept(line):
    assert why_left_out(line) is None
