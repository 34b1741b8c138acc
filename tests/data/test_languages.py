"""Corpora of several languages: their names, their symbols, their splits."""

from itertools import islice

import pytest

from kseq2seq.data import Pair, by_language, place_of, sample, select, split_of, translations
from kseq2seq.data.languages import languages_named
from kseq2seq.text import language_of, language_symbol, without_language
from kseq2seq.text.languages import into

SAMPLES = {"fr": [("Yes", "Oui"), ("No", "Non")], "pt-BR": [("Yes", "Sim")]}


@pytest.fixture
def files(tmp_path):
    """A TSV of each language, and the name of all together."""
    paths = {}
    for language, pairs in SAMPLES.items():
        rows = ["source\ttarget", *map("\t".join, pairs)]
        paths[language] = tmp_path / f"{language}.tsv"
        paths[language].write_text("\n".join(rows), encoding="utf-8")
    return "+".join(f"{language}={path}" for language, path in paths.items())


def test_own_files_ask_for_their_languages(files):
    pairs = list(translations(files))
    assert sorted(pair[:2] for pair in pairs) == [
        ("<2fr>No", "Non"),
        ("<2fr>Yes", "Oui"),
        ("<2pt-BR>Yes", "Sim"),
    ]
    parts = by_language(pairs)
    assert {language: len(list(own)) for language, own in parts.items()} == {"fr": 2, "pt-BR": 1}


def test_pairs_know_their_lines_and_warnings_come_once(files, tmp_path):
    with (tmp_path / "fr.tsv").open("a", encoding="utf-8") as file:
        file.write("\nlonely")
    with pytest.warns(UserWarning) as told:
        pairs = list(translations(files))
    assert len(told) == 1 and "fr.tsv:4" in str(told[0].message)
    places = {pair.source: place_of(pair) for pair in pairs}
    assert places["<2fr>No"] == f"{tmp_path / 'fr.tsv'}:3"
    assert places["<2pt-BR>Yes"] == f"{tmp_path / 'pt-BR.tsv'}:2"


def test_a_language_without_pairs_is_named():
    known = {"x": lambda part: iter([Pair("Yes", "Oui", "1")] if part == "fr" else [])}
    with pytest.raises(ValueError, match=r"x:de has no pair\. Leave it out"):
        list(translations("x:fr+de", known=known))


def test_a_text_is_in_one_split_in_all_languages():
    pairs = list(translations("sample:fr+ko"))
    splits = {}
    for pair in pairs:
        splits.setdefault(without_language(pair.source), set()).add(split_of(pair.key))
    assert all(len(of_text) == 1 for of_text in splits.values())
    assert len(splits) < len(pairs) - 2000  # that many have both languages
    held_out = select(pairs, "test")
    first = [language_of(pair.source) for pair in islice(held_out, 60)]
    assert 10 < first.count("ko") < 30  # interleaved: 5,900 of 18,200 pairs


def test_one_language_has_no_symbol():
    assert next(translations("sample:ko")) == next(sample("ko"))
    assert languages_named("my+notes.tsv") == {}


@pytest.mark.parametrize(
    "name, message",
    [
        ("sample:fr+xx", "must be one of de, fr, ko"),
        ("sample:fr+fr", "named once; got fr, fr"),
        ("fr=a.tsv+de", "'de' must be followed by =NAME"),
        ("fr=nowhere.tsv", "no such file: nowhere.tsv"),
        ("sample:fr+1", "named by letters"),
    ],
)
def test_bad_names_are_refused(name, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        list(translations(name))


def test_texts_ask_for_a_language_once():
    assert into("ko", "Yes", ["ko", "fr"]) == ["<2ko>Yes"]
    with pytest.raises(ValueError, match="one of ko, fr; got 'de'"):
        into("de", ["Yes"], ["ko", "fr"])
    with pytest.raises(ValueError, match="this model has one alone"):
        into("de", ["Yes"], [])
    with pytest.raises(ValueError, match="Text 1 asks for 'fr' already"):
        into("ko", ["Yes", "<2fr>No"], ["ko", "fr"])
    for bad in ("", "f", "fr>", None, "fr fr"):
        with pytest.raises(ValueError, match="named by letters"):
            language_symbol(bad)


def test_a_column_may_hold_the_language(tmp_path):
    path = tmp_path / "my.tsv"
    path.write_text("source\ttarget\tlanguage\nYes\tOui\tfr\nYes\tSim\tpt-BR\nNo\tNon\t?\n")
    columns = ["source", "target", "language"]
    with pytest.warns(
        UserWarning, match=r"my\.tsv:4: A language must be named.*\nCorrect these lines"
    ):
        pairs = list(translations(str(path), columns))
    assert pairs == [Pair("<2fr>Yes", "Oui", "Yes"), Pair("<2pt-BR>Yes", "Sim", "Yes")]
    assert place_of(pairs[1]) == f"{path}:3"
    assert next(translations(str(path), columns[:2])).source == "Yes"
