"""Fetching: what is kept is what was published, and each failure says what to do."""

import hashlib
import os
from pathlib import Path

import pytest

from kseq2seq.corpora import fetched

CONTENT = b"an archive"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Puts a package manager of a shell script on the path; returns a function to call it."""

    def install(script):
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    def fetch(digest=DIGEST):
        return fetched("npm", "@of/words", "1.0", digest, cache=tmp_path, progress=said.append)

    said = []
    return install, fetch, said


def test_fetches_once_and_keeps(npm, tmp_path):
    install, fetch, said = npm
    install(f'echo "$@" >> {tmp_path}/calls; printf "an archive" > words.tgz')
    kept = fetch()
    assert kept.read_bytes() == CONTENT
    assert fetch() == kept
    assert (tmp_path / "calls").read_text() == "pack @of/words@1.0\n"
    assert said == [f"fetching @of/words 1.0 by npm into {tmp_path / 'packages'}"]


def test_a_damaged_file_is_fetched_again(npm):
    install, fetch, _ = npm
    install('printf "an archive" > words.tgz')
    fetch().write_bytes(b"damaged")
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'npm error network'; echo 'npm error offline' >&2; exit 1", "npm error offline"),
        ("exit 3", "status 3"),
        ("true", "status 0"),
        ("printf other > words.tgz", "it is not the file that was published"),
    ],
)
def test_says_why_nothing_came_and_leaves_nothing(npm, tmp_path, script, message):
    install, fetch, _ = npm
    install(script)
    with pytest.raises(RuntimeError, match=f"{message}.*use `--data sample`"):
        fetch()
    assert not list((tmp_path / "packages").iterdir())


def test_a_missing_manager_and_an_unknown_one(npm, monkeypatch):
    _, fetch, _ = npm
    monkeypatch.setenv("PATH", str(Path(__file__).parent))
    with pytest.raises(RuntimeError, match="npm, which is not installed"):
        fetch()
    with pytest.raises(ValueError, match="`manager` must be one of"):
        fetched("cargo", "words", "1.0", DIGEST)
