from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from kseq2seq.data.cache import cache_folder
from kseq2seq.data.debian import debian
from kseq2seq.data.debian_index import join, segments, stanzas, usable, words
from kseq2seq.data.pairs import Pair

PACKAGES = """\
Package: goban-data
Source: goban (1.2-3)
Description-md5: aa

Package: goban
Description-md5: bb

Package: other
Description-md5: cc
"""
ENGLISH = """\
Package: goban
Description-md5: bb
Description-en: board game of stones
 Two players lay stones, e.g. Black and White, on a board. The one who rings in
 more ground wins.
 .
 Features:
  * plays over the network
  * saves and loads games as
    SGF files.

Package: goban-data
Description-md5: aa
Description-en: board game of stones

Package: other
Description-md5: old
Description-en: not in this version
"""
FRENCH = """\
Package: goban-data
Description-md5: aa
Description-fr: jeu de pierres sur plateau

Package: goban
Description-md5: bb
Description-fr: jeu de pierres sur plateau
 Deux joueurs posent des pierres, par ex. noires et blanches, sur un plateau. Qui entoure
 \u00a0
 le plus de terrain gagne.
 .
 Possibilités :
  –⋅joue à travers le réseau ;
 - sauve et recharge les parties
 en fichiers SGF

Package: other
Description-md5: cc
Description-fr: pas dans cette version
"""
PAIRS = [
    Pair("board game of stones", "jeu de pierres sur plateau", "goban"),
    Pair(
        "Two players lay stones, e.g. Black and White, on a board.",
        "Deux joueurs posent des pierres, par ex. noires et blanches, sur un plateau.",
        "goban",
    ),
    Pair(
        "The one who rings in more ground wins.",
        "Qui entoure le plus de terrain gagne.",
        "goban",
    ),
    Pair("plays over the network", "joue à travers le réseau", "goban"),
    Pair(
        "saves and loads games as SGF files",
        "sauve et recharge les parties en fichiers SGF",
        "goban",
    ),
]


def test_stanzas_end_at_empty_lines_only():
    text = "\nA: 1\nB: x:y\n two\n \n  three\n\n\nA: 2\n"
    assert list(stanzas(text.splitlines(keepends=True))) == [
        {"A": "1", "B": "x:y\ntwo\n\n three"},
        {"A": "2"},
    ]


@pytest.mark.parametrize("line", [" begins indented", "no colon"])
def test_stanzas_refuse_what_is_no_index(line):
    with pytest.raises(ValueError, match="expected 'Field: value'"):
        list(stanzas([line]))


def test_join_aligns_synopses_sentences_and_items():
    indexes = (stanzas(text.splitlines()) for text in (PACKAGES, ENGLISH, FRENCH))
    pairs = list(join(*indexes, "fr"))
    assert pairs == [*PAIRS, PAIRS[0]]  # goban-data has the synopsis and the key of goban


def test_segments_keep_the_larger_part_where_counts_differ():
    english = "one\nFirst. Second.\n.\nAlone."
    assert list(segments(english, "un\nPremier et deuxième.\n.\nSeul."))[1:] == [
        ("First. Second.", "Premier et deuxième."),
        ("Alone.", "Seul."),
    ]
    assert list(segments(english, "un\nPremier. Deuxième. Seul.")) == [("one", "un")]


def test_segments_of_korean_and_japanese():
    found = list(segments("two words\nIt runs. It ends.", "두 단어\n실행합니다. 끝납니다."))
    assert found == [
        ("two words", "두 단어"),
        ("It runs.", "실행합니다."),
        ("It ends.", "끝납니다."),
    ]
    assert list(segments("x\nIt runs. It ends.", "x\n動きます。終わります。"))[1:] == [
        ("It runs.", "動きます。"),
        ("It ends.", "終わります。"),
    ]


def test_words():
    assert words("") == 0
    assert words("새 파일 🙂") == 3
    assert words("動きます") == 2


@pytest.mark.parametrize(
    ("source", "target", "kept"),
    [
        ("a b cd", "e f gh", True),
        ("same TEXT", "Same text", False),
        ("word", "mot seul", False),
        (" ".join(["ab"] * 25), " ".join(["cd"] * 25), True),
        (" ".join(["ab"] * 26), " ".join(["cd"] * 25), False),
        ("see https://x.org now", "voir https://x.org là", False),
        ("1 2 3", "4 5 6", False),
        ("a short one", "une phrase qui en dit bien plus long", False),
        ("a file manager for the desktop", "데스크톱용 파일 관리자", True),
    ],
)
def test_usable(source, target, kept):
    assert usable(source, target) is kept


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """An apt-get that copies recorded indexes where it is told to, and an apt-helper."""
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    for name, text in (
        ("d_main_binary-amd64_Packages", PACKAGES),
        ("d_main_i18n_Translation-en", ENGLISH),
        ("d_main_i18n_Translation-fr", FRENCH),
        ("d_InRelease", "Origin: Debian\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n"),
    ):
        (recorded / name).write_text(text, encoding="utf-8")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "apt-get").write_text(
        f"#!{sys.executable}\n"
        "import pathlib, shutil, sys\n"
        "options = dict(a.split('=', 1) for a in sys.argv if '=' in a)\n"
        "assert options['Acquire::Languages'] == 'en,fr' and sys.argv[-1] == 'update'\n"
        "assert pathlib.Path(options['Dir::Cache'], 'archives', 'partial').is_dir()\n"
        "lists = pathlib.Path(options['Dir::State::Lists'])\n"
        "assert (lists / 'partial').is_dir()\n"
        f"[shutil.copy(f, lists) for f in pathlib.Path({str(recorded)!r}).iterdir()]\n"
        f"open({str(tmp_path / 'calls')!r}, 'a').write('called\\n')\n"
    )
    (tools / "apt-helper").write_text('#!/bin/sh\n[ "$1" = cat-file ] && exec /bin/cat "$2"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    module = importlib.import_module("kseq2seq.data.debian")  # not the function of that name
    monkeypatch.setattr(module, "APT_HELPER", tools / "apt-helper")
    return tmp_path


def calls(apt: Path) -> int:
    return len((apt / "calls").read_text().splitlines())


def test_debian_builds_once_and_then_reads_what_it_kept(apt, monkeypatch):
    told: list[str] = []
    assert list(debian("fr", cache=apt / "cache", progress=told.append)) == PAIRS
    assert told
    note = json.loads((apt / "cache" / "debian-en-fr.json").read_text())
    assert note["pairs"] == 5 == sum(note["splits"].values())
    assert note["indexes"] == ["Sat, 11 Jul 2026 10:16:37 UTC"]
    monkeypatch.setenv("PATH", "")  # no apt any more
    assert list(debian("fr", cache=apt / "cache", progress=told.append)) == PAIRS
    assert calls(apt) == 1


@pytest.mark.parametrize("name", ["debian-en-fr.tsv.gz", "debian-en-fr.json"])
def test_a_damaged_corpus_is_reported_and_built_again(apt, name):
    told: list[str] = []
    debian("fr", cache=apt / "cache", progress=told.append)
    damaged = apt / "cache" / name
    damaged.write_bytes(damaged.read_bytes()[:-9])
    told.clear()
    assert list(debian("fr", cache=apt / "cache", progress=told.append)) == PAIRS
    assert "damaged" in told[0] and calls(apt) == 2


def test_progress_goes_to_standard_error(apt, monkeypatch, capsys):
    monkeypatch.setenv("KSEQ2SEQ_CACHE", str(apt / "own"))
    debian("fr")
    assert "apt-get" in capsys.readouterr().err
    assert (apt / "own" / "debian-en-fr.tsv.gz").exists()


def test_missing_apt_names_the_alternatives(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"no apt-get.*--data sample.*--data FILE"):
        debian("fr", cache=tmp_path)


def test_a_failing_download_says_why_and_what_to_do(apt):
    (apt / "tools" / "apt-get").write_text(
        "#!/bin/sh\necho 'Get:1 something'\necho 'E: no such host' >&2\nexit 100\n"
    )
    with pytest.raises(RuntimeError, match=r"(?s)E: no such host.*--data sample.*--data FILE"):
        debian("fr", cache=apt / "cache", progress=lambda line: None)
    assert not list((apt / "cache").glob("debian-*"))


def test_a_broken_index_leaves_no_corpus(apt):
    (apt / "tools" / "apt-helper").write_text(
        "#!/bin/sh\n/bin/cat $2\ncase $2 in *en) echo broken >&2; exit 1;; esac\n"
    )
    with pytest.raises(RuntimeError, match=r"could not read .*Translation-en: broken"):
        debian("fr", cache=apt / "cache", progress=lambda line: None)
    assert not list((apt / "cache").glob("debian-*"))


def test_a_language_without_descriptions(apt):
    (apt / "recorded" / "d_main_i18n_Translation-fr").unlink()
    with pytest.raises(RuntimeError, match="no package descriptions in 'fr'"):
        debian("fr", cache=apt / "cache", progress=lambda line: None)


@pytest.mark.parametrize("language", ["en", "FR", "../x", "french", ""])
def test_what_is_no_language_is_refused(language, tmp_path):
    with pytest.raises(ValueError, match="expected the code of a language"):
        debian(language, cache=tmp_path)


def test_cache_folder_prefers_its_own_variable(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    monkeypatch.setenv("KSEQ2SEQ_CACHE", "/mine")
    assert cache_folder() == Path("/mine")
    monkeypatch.delenv("KSEQ2SEQ_CACHE")
    assert cache_folder() == Path("/elsewhere/kseq2seq")


def test_cache_folder_in_the_home(monkeypatch):
    monkeypatch.delenv("KSEQ2SEQ_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/kseq2seq")
