from __future__ import annotations

import io
import re
import unicodedata
from importlib import resources

import pytest

from kseq2seq.data.pairs import Pair
from kseq2seq.data.sample import LANGUAGES, pack_pairs, sample, unpack_pairs
from kseq2seq.data.split import select, split_of
from kseq2seq.format_fields import format_fields

CORPORA = {language: list(sample(language)) for language in LANGUAGES}


@pytest.mark.parametrize(("language", "least"), [("fr", 9400), ("de", 6700), ("ko", 5800)])
def test_there_are_as_many_pairs_as_promised(language, least):
    assert len(CORPORA[language]) >= least


@pytest.mark.parametrize("language", LANGUAGES)
def test_pairs_are_clean(language):
    for source, target, key in CORPORA[language]:
        assert 2 <= len(source.split()) <= 25 and 1 <= len(target.split()) <= 25
        assert source.casefold() != target.casefold() and key
        for text in (source, target):
            assert text == " ".join(text.split()) == unicodedata.normalize("NFC", text)
            assert not re.search(r"[<>{}]|%\(|%s|https?:|&\w+;", text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_source_comes_twice(language):
    sources = [pair.source.casefold() for pair in CORPORA[language]]
    assert len(sources) == len(set(sources))


@pytest.mark.parametrize("language", LANGUAGES)
def test_near_duplicates_share_a_split(language):
    splits: dict[str, set[str]] = {}
    for pair in CORPORA[language]:
        letters = re.sub(r"[\W_]+", "", pair.source.casefold())
        splits.setdefault(letters, set()).add(split_of(pair.key))
    assert all(len(names) == 1 for names in splits.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_split_has_pairs(language):
    sizes = {s: len(list(select(CORPORA[language], s))) for s in ("train", "validation", "test")}
    assert min(sizes.values()) > 100 and sizes["train"] > 0.9 * len(CORPORA[language])


def test_korean_targets_are_korean():
    assert all(re.search("[가-힣]", pair.target) for pair in CORPORA["ko"])


def test_another_language_is_refused_at_once():
    with pytest.raises(ValueError, match=r"de, fr, ko.*'it'"):
        sample("it")


def test_the_notice_names_the_licence_that_lies_beside_it():
    samples = resources.files("kseq2seq.data") / "samples"
    notice = (samples / "NOTICE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w.-]+) \| [\w.]*\d[\w.]* \| ([A-Z].+?) \|", notice, re.MULTILINE)
    assert len(rows) > 15 and all(re.search("BSD|MIT|ISC|OFL", label) for _, label in rows)
    texts = {p.name: p.read_text(encoding="utf-8") for p in (samples / "licences").iterdir()}
    assert set(texts) == {f"{name}.txt" for name, _ in rows}
    assert all(re.search("redistribut|permission", t, re.I) for t in texts.values())


def test_all_samples_together_are_small():
    samples = resources.files("kseq2seq.data") / "samples"
    sizes = {path.name: len(path.read_bytes()) for path in samples.iterdir() if path.is_file()}
    assert sum(sizes.values()) < 4_000_000
    assert all(size <= 450_000 for size in sizes.values()), sizes


def test_packed_pairs_come_back_and_the_bytes_are_reproducible():
    pairs = [Pair("두 단어", "deux mots", "a"), Pair("🙂 e\u0301", "\u2028 kept", "b")]
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        pack_pairs(pairs, file)
        file.seek(0)
    assert files[0].getvalue() == files[1].getvalue()
    assert list(unpack_pairs(files[0])) == pairs


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\rb"])
def test_a_text_that_would_break_the_line_is_refused(text):
    with pytest.raises(ValueError, match="a tab or a line break can't be written"):
        pack_pairs([Pair(text, "x", "k")], io.BytesIO())


@pytest.mark.parametrize(("language", "least"), [("fr", 2000), ("de", 1300), ("ko", 800)])
def test_texts_with_fields_have_the_same_on_both_sides(language, least):
    pairs = list(sample(language, fields=True))
    assert len(pairs) >= least
    known = {pair.source for pair in CORPORA[language]}
    for source, target, key in pairs:
        assert sorted(format_fields(source)) == sorted(format_fields(target)) != []
        assert key and source not in known
        assert not set("%{}") & set(key)
