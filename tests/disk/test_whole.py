"""Whatever moment a process is killed at, what it writes is there whole or not at all."""

import errno
import os
import threading

import pytest

from kseq2seq.disk import restore, settle, whole, whole_directory, whole_file, whole_files
from kseq2seq.disk.whole import exchange

PARTS = ("model.json", "weights.h5", "tokenizer/words.txt")


def write(folder, text):
    for name in PARTS:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{text} {name}")


def read(folder):
    """The text that all parts have."""
    (text,) = {(folder / name).read_text().removesuffix(f" {name}") for name in PARTS}
    return text


def save_directory(path, text):
    with whole_directory(path) as scratch:
        write(scratch, text)


def save_file(path, text):
    with whole_file(path) as scratch:
        scratch.write_text(text)


def save_files(path, text):
    with whole_files(path) as scratch:
        write(scratch, text)


def test_a_directory_is_the_old_or_the_new_one_after_any_kill(tmp_path, kills, swapping):
    path = tmp_path / "model [1]"
    save_directory(path, "old")
    found = []
    for _ in kills.every(lambda: save_directory(path, "new")):
        restore(path)
        found.append(read(path))
        save_directory(path, "old")
        assert kills.hidden(tmp_path) == []
    assert set(found) == {"old", "new"} and found == sorted(found, reverse=True)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_without_restoring_a_directory_is_there_where_two_can_be_swapped(tmp_path, kills):
    path, other = tmp_path / "model", tmp_path / "other"
    save_directory(path, "old")
    save_directory(other, "")
    swaps = exchange(path, other) and exchange(path, other)
    for _ in kills.every(lambda: save_directory(path, "new")):
        assert read(path) in ("old", "new") or not swaps


def test_a_new_directory_is_whole_or_not_there_after_any_kill(tmp_path, kills):
    path = tmp_path / "home" / "model"
    for _ in kills.every(lambda: save_directory(path, "new")):
        if path.exists():
            assert read(path) == "new"
            path.rename(tmp_path / f"kept{len(list(tmp_path.iterdir()))}")
        save_directory(path, "again")
        assert kills.hidden(tmp_path) == []
        path.rename(tmp_path / f"kept{len(list(tmp_path.iterdir()))}")


def test_a_file_is_the_old_or_the_new_one_after_any_kill(tmp_path, kills):
    path = tmp_path / "model.tflite"
    save_file(path, "old")
    found = []
    for _ in kills.every(lambda: save_file(path, "new")):
        found.append(path.read_text())
        save_file(path, "old")
        assert kills.hidden(tmp_path) == []
    assert set(found) == {"old", "new"}


def test_files_are_all_old_or_all_new_after_any_kill(tmp_path, kills):
    path = tmp_path / "shared"
    save_files(path, "old")
    (path / "notes.txt").write_text("mine")
    found = []
    for _ in kills.every(lambda: save_files(path, "new")):
        settle(path)
        found.append(read(path))
        save_files(path, "old")
        assert kills.hidden(tmp_path) == []
    assert set(found) == {"old", "new"}
    assert (path / "notes.txt").read_text() == "mine"


def test_what_a_living_process_writes_is_left_alone(tmp_path):
    path = tmp_path / "model"
    with whole_directory(path) as scratch:
        write(scratch, "first")
        second = threading.Thread(target=save_directory, args=(path, "second"))
        second.start()
        second.join()
        assert read(path) == "second"
    assert read(path) == "first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_only_its_own_names_are_removed(tmp_path):
    names = [
        ".model",
        ".model-x1y2z3a4",
        ".model.kseq2seq-new-mine",
        ".models.kseq2seq-new-abcdefgh",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / ".model.kseq2seq-new-abcdefgh").symlink_to(tmp_path / ".model")
    save_directory(tmp_path / "model", "new")
    save_file(tmp_path / "model.txt", "new")
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {*names, "model", "model.txt", ".model.kseq2seq-new-abcdefgh"}


@pytest.mark.parametrize("save", [save_directory, save_file, save_files])
def test_an_error_leaves_all_as_it_was(tmp_path, save, swapping, monkeypatch):
    path = tmp_path / "model"
    save(path, "old")
    before = sorted(tmp_path.rglob("*"))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(path, "new")
    assert sorted(tmp_path.rglob("*")) == before
    assert "old" in (path.read_text() if path.is_file() else read(path))


def test_what_an_error_stopped_is_completed_while_the_error_is_still_held(tmp_path, monkeypatch):
    save_files(tmp_path, "old")
    replace, left = os.replace, [0, 1]

    def once(*paths):
        if not left.pop():
            return replace(*paths)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", once)
        with pytest.raises(OSError, match="Input/output") as first:
            save_files(tmp_path, "new")
        left.append(1)
        with pytest.raises(OSError, match="Input/output") as second:
            settle(tmp_path)
    assert first.value and second.value
    settle(tmp_path)
    assert read(tmp_path) == "new"
    assert not list(tmp_path.glob(".*"))


def test_a_directory_comes_back_when_it_cannot_be_replaced(tmp_path, monkeypatch):
    path, rename = tmp_path / "model", os.rename
    save_directory(path, "old")

    def refused(source, target, **options):
        if str(target) == str(path) and "new" in str(source):
            raise PermissionError(errno.EACCES, "Permission denied")
        rename(source, target, **options)

    monkeypatch.setattr(whole, "exchange", lambda *_: False)
    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(PermissionError):
        save_directory(path, "new")
    assert read(path) == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_a_mount_point_is_named(tmp_path, monkeypatch):
    def busy(*_):
        raise OSError(errno.EBUSY, "Device or resource busy")

    save_directory(tmp_path / "model", "old")
    monkeypatch.setattr(whole, "exchange", lambda *_: False)
    monkeypatch.setattr(os, "rename", busy)
    with pytest.raises(OSError, match=r"model can't be replaced.*mounted.*directory inside it"):
        save_directory(tmp_path / "model", "new")
    assert read(tmp_path / "model") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_all_is_on_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    told, fsync, rename = [], os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda at: (told.append(os.fstat(at).st_ino), fsync(at)))
    monkeypatch.setattr(os, "rename", lambda *paths: (told.append("name"), rename(*paths)))
    path = tmp_path / "model"
    save_directory(path, "new")
    at = told.index("name")
    assert set(told[:at]) == {entry.stat().st_ino for entry in (path, *path.rglob("*"))}
    assert told[at + 1 :] == [tmp_path.stat().st_ino]


def test_through_a_link_the_directory_behind_it_is_replaced(tmp_path):
    save_directory(tmp_path / "v1", "old")
    (tmp_path / "current").symlink_to("v1")
    save_directory(tmp_path / "current", "new")
    assert (tmp_path / "current").is_symlink()
    assert read(tmp_path / "v1") == "new"


def test_a_directory_in_the_place_of_a_file_is_left_alone(tmp_path):
    (tmp_path / "model.json").mkdir()
    with pytest.raises(IsADirectoryError, match=r"model\.json is a directory"):
        save_files(tmp_path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.json"]
    with pytest.raises(IsADirectoryError):
        save_file(tmp_path / "model.json", "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.json"]


@pytest.mark.parametrize("save", [save_directory, save_file, save_files])
def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path, save):
    path = tmp_path / ("가" * 85)
    for text in ("old", "new"):
        save(path, text)
    assert list(tmp_path.iterdir()) == [path]


def test_two_names_that_cannot_be_swapped_stay(tmp_path):
    (tmp_path / "a").write_text("a")
    assert not exchange(tmp_path / "a", tmp_path / "missing")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_file_that_need_not_last_puts_the_whole_file_in_place(tmp_path):
    path = tmp_path / "new" / "corpus"
    with whole_file(path, wait=False) as temporary:
        temporary.write_text("half")
        assert not path.exists() and temporary.parent == path.parent
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_need_not_last_leaves_the_old_file_after_an_error(tmp_path):
    path = tmp_path / "corpus"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file(path, wait=False) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
