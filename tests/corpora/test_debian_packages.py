"""Debian packages: fetched once, unpacked whole or not at all."""

import os
import sys
from pathlib import Path

import pytest

from kseq2seq.corpora.debian_packages import unpacked


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """An apt-get that writes an archive, and a dpkg-deb that lays out a file of it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    scripts = {
        "apt-get": "import pathlib, sys\n"
        f"open({str(tmp_path / 'calls')!r}, 'a').write(' '.join(sys.argv[-2:]) + '\\n')\n"
        "if sys.argv[-1] == 'fonts-none':\n"
        "    sys.exit('E: Unable to locate package fonts-none')\n"
        "pathlib.Path(sys.argv[-1] + '_1_all.deb').write_text('archive')\n",
        "dpkg-deb": "import pathlib, sys\n"
        "_, flag, archive, place = sys.argv\n"
        "assert flag == '-x' and pathlib.Path(archive).read_text() == 'archive'\n"
        "pathlib.Path(place, 'usr').mkdir(parents=True)\n"
        "if 'broken' in archive:\n"
        "    sys.exit('dpkg-deb: error: damaged')\n"
        "pathlib.Path(place, 'usr', 'font.ttf').write_text('glyphs')\n",
    }
    for name, script in scripts.items():
        (folder / name).write_text(f"#!{sys.executable}\n{script}")
        (folder / name).chmod(0o755)
    lists = tmp_path / "apt" / "lists"
    lists.mkdir(parents=True)
    (lists / "d_Packages").write_text("")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    updated = []
    monkeypatch.setattr(
        "kseq2seq.corpora.debian_packages.update_indexes", lambda *given: updated.append(given[1])
    )
    return tmp_path, updated


def test_a_package_is_fetched_once_and_kept(tools):
    place, updated = tools
    said = []
    files = unpacked("fonts-lato", cache=place, progress=said.append)
    assert files == place / "packages" / "debian-fonts-lato"
    assert (files / "usr" / "font.ttf").read_text() == "glyphs"
    assert unpacked("fonts-lato", cache=place, progress=said.append) == files
    assert (place / "calls").read_text() == "download fonts-lato\n"
    assert len(said) == 1 and "fonts-lato" in said[0] and updated == []


@pytest.mark.parametrize(
    ("name", "why"),
    [("fonts-none", r"apt-get.*fonts-none.*Unable to locate"), ("broken", "dpkg-deb.*damaged")],
)
def test_what_fails_leaves_nothing_and_says_why(tools, name, why):
    place, updated = tools
    with pytest.raises(RuntimeError, match=rf"{why}.*--data sample"):
        unpacked(name, cache=place, progress=lambda line: None)
    assert not any(Path(place, "packages").iterdir())
    assert updated == (["en"] if name == "fonts-none" else [])  # perhaps the indexes were old


def test_without_indexes_they_are_fetched_first(tools):
    place, updated = tools
    (place / "apt" / "lists" / "d_Packages").unlink()
    unpacked("fonts-lato", cache=place, progress=lambda line: None)
    assert updated == ["en"]


@pytest.mark.parametrize("name", ["", "../up", "a b", "-o=x;y"])
def test_another_name_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="must be the name of a Debian package"):
        unpacked(name, cache=tmp_path)
