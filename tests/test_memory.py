from __future__ import annotations

import pytest

from kseq2seq import memory


def test_names_what_is_needed_and_what_there_is(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 2**30)
    memory.check_memory(2**30, "This", "Lower it.")
    with pytest.raises(ValueError, match=r"^This needs at least 1.5 GiB of .* 1.0 GiB .* Lower it"):
        memory.check_memory(3 * 2**29, "This", "Lower it.")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"memory.max": "max", "memory.current": "5"}, 4096),  # no limit: the system's
        ({"memory.max": "3000", "memory.current": "2000"}, 1000),
        ({"memory.max": "3000", "memory.current": "2900", "memory.stat": "inactive_file 400"}, 500),
        ({"memory.max": "3000", "memory.current": "3500"}, 0),
    ],
)
def test_containers_have_less(tmp_path, monkeypatch, files, expected):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:       4 kB\n")
    for name, text in {"memory.stat": "anon 7\n", **files}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    assert memory.available_memory() == expected


def test_where_the_system_does_not_say(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "none")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    monkeypatch.delattr(memory.os, "sysconf")
    assert memory.available_memory() == memory.ASSUMED
