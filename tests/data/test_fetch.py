from __future__ import annotations

from pathlib import Path

import pytest

from kseq2seq.data.fetch import cache_folder, replacing, sha256


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


def test_sha256_of_a_known_text(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == digest


def test_replacing_puts_the_whole_file_in_place(tmp_path):
    path = tmp_path / "new" / "corpus"
    with replacing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists() and temporary.parent == path.parent
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_replacing_leaves_the_old_file_after_an_error(tmp_path):
    path = tmp_path / "corpus"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
