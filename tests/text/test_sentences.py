import pytest

from kseq2seq.text import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \n\n ", []),
        ("No end", ["No end"]),
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        (
            "Dr. Kim met Mr. J. Smith at 3.14 p.m. today.",
            ["Dr. Kim met Mr. J. Smith at 3.14 p.m. today."],
        ),
        ("He used e.g. Keras. It works.", ["He used e.g. Keras.", "It works."]),
        ("“Really?” she asked. (Yes.) Good.", ["“Really?” she asked.", "(Yes.)", "Good."]),
        ("Wait... what? OK... Fine.", ["Wait... what?", "OK...", "Fine."]),
        ("1. First point. 2. Second point.", ["1. First point.", "2. Second point."]),
        (
            "안녕하세요. 저는 김입니다! 정말요? 네",
            ["안녕하세요.", "저는 김입니다!", "정말요?", "네"],
        ),
        ("你好。再见！「真的？」是的", ["你好。", "再见！", "「真的？」", "是的"]),
        ("これはペンです。あれは本です。", ["これはペンです。", "あれは本です。"]),
        ("यह पहला है। यह दूसरा है।", ["यह पहला है।", "यह दूसरा है।"]),
        ("هل أنت بخير؟ نعم.", ["هل أنت بخير؟", "نعم."]),
        ("A title\n\nA body\nthat wraps. End.", ["A title", "A body\nthat wraps.", "End."]),
        ("Great 👍🏽! 👨‍👩‍👧. Bye", ["Great 👍🏽!", "👨‍👩‍👧.", "Bye"]),
        ("...", ["..."]),
    ],
)
def test_literal_splits(text, sentences):
    assert split_sentences(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "Mixed 한국어 문장. 中文。Deutsch z.B. so. e\u0301. \n\n\n x",
        "!!! ??? ... 。。。 \" ' ) ]",
        "a.\u3000b.\u00a0C.\tD\r\nE.",
    ],
)
def test_joined_sentences_are_the_text_up_to_white_space(text):
    assert "".join(" ".join(split_sentences(text)).split()) == "".join(text.split())


def test_long_texts():
    assert len(split_sentences("A sentence. " * 20_000)) == 20_000
    assert len(split_sentences("a. " * 20_000)) == 1
