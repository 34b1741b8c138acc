"""What is said, in normal form."""

import pytest

from kseq2seq.corpora import spoken


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Dix-sept, s’il vous plaît…", "dix sept s'il vous plaît"),
        ("  “Hello”  —  'quoted' words' ", "hello 'quoted' words'"),
        ("Cafe\u0301", "café"),
        ("«Эхо-тест» завершён.", "эхо тест завершён"),
        ("हिन्दी", "हिन्दी"),
        ("...", ""),
        ("' - '", ""),
        ("press 1", "press 1"),
    ],
)
def test_letters_marks_and_apostrophes_stay(text, said):
    assert spoken(text) == said


def test_numbers_become_words_or_nothing():
    numbers = {"1": "one", "12": "twelve"}
    assert spoken("Press 1 or 12.", numbers) == "press one or twelve"
    assert spoken("Press 2.", numbers) is None
    assert spoken("Press #.", {}) == "press"
