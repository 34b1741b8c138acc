"""Files of Debian packages, by a package manager of a shell script and a package made here."""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from importlib import import_module

import pytest

from kseq2seq.corpora.debian_files import debian_files

CONTENTS = {
    "./usr/share/sounds/one.wav": b"one",
    "./usr/share/doc/readme.txt": b"text",
    "./usr/../../escaped.wav": b"outside",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A package as dpkg-deb reads it."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("no dpkg-deb")
    folder = tmp_path_factory.mktemp("package")
    for name in ("control", "data"):
        with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
            for path, content in CONTENTS.items() if name == "data" else [("./control", b"")]:
                member = tarfile.TarInfo(path)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    (folder / "debian-binary").write_text("2.0\n")
    parts = [folder / name for name in ("debian-binary", "control.tar.gz", "data.tar.gz")]
    with (folder / "sounds.deb").open("wb") as file:
        file.write(b"!<arch>\n")
        for part in parts:
            content, name = part.read_bytes(), part.name
            file.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode())
            file.write(content + b"\n" * (len(content) % 2))
    subprocess.run(["dpkg-deb", "--fsys-tarfile", folder / "sounds.deb"], check=True, stdout=-3)
    return folder / "sounds.deb"


@pytest.fixture
def apt(tmp_path, monkeypatch, package):
    """Puts an apt-get on the path that fetches the package; returns a function to call it."""
    monkeypatch.setattr(import_module("kseq2seq.data.debian"), "APT_HELPER", package)

    def install(script):
        program = tmp_path / "bin" / "apt-get"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    def fetch(pinned=True):
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        said = []
        wanted = ("sounds", "1:2-3", digest) if pinned else ("sounds",)
        return debian_files(*wanted, cache=tmp_path, progress=said.append), said

    return install, fetch, tmp_path / "calls"


@pytest.mark.parametrize("pinned", [True, False])
def test_a_package_is_fetched_once_and_kept(apt, package, tmp_path, pinned):
    install, fetch, calls = apt
    install(f'case "$*" in *download*) cp {package} sounds_1.deb;; esac')
    folder, said = fetch(pinned)
    assert (folder / "usr/share/sounds/one.wav").read_bytes() == b"one"
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == {"one.wav", "readme.txt"}
    assert not list(tmp_path.rglob("escaped.wav"))
    assert f"fetching {'sounds=1:2-3' if pinned else 'sounds'} by apt into" in "".join(said)
    assert list((tmp_path / "packages").iterdir()) == [folder]
    before = calls.read_text()
    assert fetch(pinned) == (folder, []) and calls.read_text() == before


def test_old_indexes_are_made_anew(apt, package, tmp_path):
    install, fetch, calls = apt
    lists = tmp_path / "apt" / "lists"
    lists.mkdir(parents=True)
    (lists / "d_Packages").touch()
    lists.with_name("apt.conf").touch()
    new = tmp_path / "updated"
    download = f"*download*) test -e {new} || exit 100; cp {package} sounds_1.deb;;"
    install(f'case "$*" in {download} *update) touch {new};; esac')
    fetch(False)
    ends = [line.split()[-1] for line in calls.read_text().splitlines()]
    assert ends == ["sounds", "update", "sounds"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("case $* in *download*) echo 'E: Unable to locate' >&2; exit 100;; esac", "Unable to loc"),
        ("case $* in *download*) printf other > sounds.deb;; esac", "not the file that was publ"),
        ("exit 5", "could not fetch the package indexes"),
    ],
)
def test_says_why_nothing_came_and_leaves_nothing(apt, tmp_path, script, message):
    install, fetch, _ = apt
    install(script)
    with pytest.raises(RuntimeError, match=message):
        fetch()
    assert not list((tmp_path / "packages").glob("*") if (tmp_path / "packages").exists() else [])


def test_a_damaged_package_leaves_nothing(apt, tmp_path):
    install, fetch, _ = apt
    install('case "$*" in *download*) echo damaged > sounds.deb;; esac')
    with pytest.raises(RuntimeError, match=r"sounds\.deb.*--data sample"):
        fetch(False)
    assert not any((tmp_path / "packages").iterdir())


def test_a_machine_without_apt_is_told_what_to_do(apt, monkeypatch, tmp_path):
    _, fetch, _ = apt
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="this machine has no apt-get; use `--data sample`"):
        fetch()


@pytest.mark.parametrize("name", ["", "../up", "a b", "-o=x;y"])
def test_another_name_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="must be the name of a Debian package"):
        debian_files(name, cache=tmp_path)


def test_a_version_has_a_digest(tmp_path):
    with pytest.raises(ValueError, match="must be given together"):
        debian_files("hello", "2.10-3", cache=tmp_path)
