"""Golden archives open on every Python from 3.11.0 on."""

import tarfile
from pathlib import Path

from tests.archives import unpack

GOLDEN = Path(__file__).parent / "golden" / "luong.tar.xz"


def test_a_python_without_filters_unpacks_the_same(tmp_path, monkeypatch):
    """As the `tarfile` of 3.11.0 to 3.11.3, whose methods have no such argument."""
    unpack(GOLDEN, tmp_path / "new")
    every, one = tarfile.TarFile.extractall, tarfile.TarFile.extract
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    monkeypatch.setattr(tarfile.TarFile, "extractall", lambda self, path: every(self, path))
    monkeypatch.setattr(tarfile.TarFile, "extract", lambda self, name, path: one(self, name, path))
    unpack(GOLDEN, tmp_path / "old")
    unpack(GOLDEN, tmp_path / "one", "expected.json")
    names = [sorted(path.name for path in (tmp_path / age).iterdir()) for age in ("new", "old")]
    assert names[0] == names[1] and "expected.json" in names[0]
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["expected.json"]
