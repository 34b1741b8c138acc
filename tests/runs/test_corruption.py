"""Whatever has become of the newest checkpoints, a run goes on from one before, or says what is."""

import json
import os
import random
import shutil
import warnings

import pytest

from kseq2seq.disk.files import sha256
from kseq2seq.runs.checkpoints import Checkpoints, usable_checkpoints

SEED = 20_300
ODD = [
    None,
    True,
    -1,
    0,
    3,
    1.5,
    10**30,
    float("inf"),
    float("nan"),
    "",
    "x\0",
    [],
    [1],
    {},
    {"a": 1},
]


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def newest(run):
    return sorted((run / "checkpoints").iterdir())[-1]


def sign(checkpoint):
    """Makes the sums those of the files as they are."""
    names = sorted(path.name for path in checkpoint.iterdir() if path.name != "SHA256SUMS")
    sums = "".join(f"{sha256(checkpoint / name)}  {name}\n" for name in names)
    (checkpoint / "SHA256SUMS").write_text(sums)


# Mutations: each takes a file and random numbers.


def cut(path, draw):
    os.truncate(path, draw.randrange(path.stat().st_size))


def flip(path, draw):
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(data)


def nuls(path, draw):
    data = path.read_bytes()
    at = draw.randrange(len(data))
    path.write_bytes(data[:at] + bytes(len(data) - at))


def longer(path, draw):
    path.write_bytes(path.read_bytes() + draw.randbytes(5))


def gone(path, draw):
    path.unlink()


def folder(path, draw):
    path.unlink()
    path.mkdir()


def dangling(path, draw):
    path.unlink()
    path.symlink_to("nowhere")


def loop(path, draw):
    path.unlink()
    path.symlink_to(path.name)


def pipe(path, draw):
    path.unlink()
    os.mkfifo(path)


def lines(path, draw):
    kept = path.read_bytes().splitlines(keepends=True)
    kept.pop(draw.randrange(len(kept)))
    path.write_bytes(b"".join(kept))


MUTATIONS = [cut, flip, nuls, longer, gone, folder, dangling, loop, pipe]


def everything(directory):
    return {path: path.lstat().st_mode for path in directory.rglob("*")}


def test_any_file_of_the_newest_may_be_damaged(run, tmp_path):
    """Read alone, many times over."""
    draw, keep = random.Random(SEED), {path.name for path in newest(run).iterdir()}
    for number in range(120):
        home = shutil.copytree(run / "checkpoints", tmp_path / str(number))
        path, before = sorted(home.iterdir())[-1], sorted(home.iterdir())[-2]
        name = draw.choice(sorted(keep))
        mutate = draw.choice([*MUTATIONS, lines] if name == "SHA256SUMS" else MUTATIONS)
        mutate(path / name, draw)
        there = everything(home)
        with pytest.warns(UserWarning, match=rf"{path}: .*{name}.*Resuming from .*{before}"):
            assert Checkpoints(home, 3).newest() == before
        assert everything(home) == there
        assert usable_checkpoints(home)[-1] == before


def changed(record, draw):
    """A record with something odd at a random place, or without it."""
    places = [(record, name) for name in record]
    for value in list(record.values()):
        if isinstance(value, dict):
            places += [(value, name) for name in value]
        if isinstance(value, list):
            places += [(value, at) for at in range(min(len(value), 3))]
    place, name = draw.choice(places)
    if draw.random() < 0.3 and isinstance(place, dict):
        del place[name]
    else:
        place[name] = draw.choice(ODD)
    return record


def test_a_checkpoint_of_another_content_gives_way(run, tmp_path):
    """Its sums are right: something else wrote it. It is usable or it is not used."""
    draw, used = random.Random(SEED), 0
    for number in range(80):
        home = shutil.copytree(run / "checkpoints", tmp_path / str(number))
        path, before = sorted(home.iterdir())[-1], sorted(home.iterdir())[-2]
        state = path / "state.json"
        text = state.read_text()
        state.write_text(json.dumps(changed(json.loads(text), draw)))
        sign(path)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = Checkpoints(home, 3).newest()
        assert found in (path, before)
        assert (found == path) == (not told)
        used += found == path
        if told:
            assert "state." in str(told[0].message)
    assert used < 20


CONTENTS = {
    "of a newer version": ('"format_version": 1', '"format_version": 2', "format_version 2, this"),
    "of a newer format": ('"format": 2', '"format": 9', "has format 9"),
    "of another step": ('"step": 11', '"step": 12', "'step' that is not the directory's"),
    "of no number": ('"seconds": ', '"seconds": 1e999, "was": ', "has 'seconds'"),
    "of other variables": ("float32 (3,)", "float32 (4,)", "'variables' unlike"),
    "deep": ("{", '{"deep": ' + "[" * 99_999 + "]" * 99_999 + ", ", "is not valid JSON"),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_training_goes_on_from_the_one_before_with_other_content(runs, run, small, kind):
    old, new, told = CONTENTS[kind]
    state = newest(run) / "state.json"
    assert old in state.read_text()
    state.write_text(state.read_text().replace(old, new, 1))
    sign(newest(run))
    with pytest.warns(UserWarning, match=f"000004-step-11: state.json.*{told}.*000003-step-9"):
        runs.fit(run, small, runs.numbers(), steps=12)
    # one that is as it was written, if by something else, is not removed
    assert runs.names(run) == ["000002-step-6", "000003-step-9", "000004-step-11", "000005-step-12"]


@pytest.mark.parametrize("name", ["state.npz", "data.index"])
def test_files_of_something_else_are_not_used(run, name):
    (newest(run) / name).write_bytes(b"something else")
    sign(newest(run))
    with pytest.warns(UserWarning, match=f"000004-step-11: {name} .*000003-step-9"):
        Checkpoints(run / "checkpoints", 3).newest()


@pytest.mark.parametrize("mutate", [cut, flip, nuls, folder, dangling, pipe])
def test_with_none_left_it_says_so(run, mutate):
    draw, home = random.Random(SEED), run / "checkpoints"
    for path in home.iterdir():
        mutate(path / "state.npz", draw)
    there = everything(home)
    with pytest.raises(
        ValueError, match=r"000004.*state\.npz.*000002.*None is left to resume from"
    ):
        Checkpoints(home, 3).newest()
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        usable_checkpoints(home)
    assert everything(home) == there


def test_what_is_not_a_checkpoint_is_left_alone(runs, run, small):
    home = run / "checkpoints"
    strays = [
        "notes.txt",
        "000009-step-99",
        "1-step-2",
        "000003-step-9.zip",
        ".scratch-x",
        "٠٠٠٠٠٩-step-1",
    ]
    for name in strays:
        (home / name).write_text("mine")
    (home / "000008-step-77").symlink_to("nowhere")
    (home / f"{'9' * 99}-step-1").mkdir()
    (home / ".scratch-y").mkdir()
    (home / ".scratch-y" / "mine.txt").write_text("mine")
    (home / ".scratch-y" / "data_temp").mkdir()
    (home / "000007-step-55").mkdir()
    (home / "000007-step-55" / "mine.txt").write_text("mine")
    (home / "000004-step-11" / "thesis.txt").write_text("mine")
    with pytest.warns(UserWarning, match="000009-step-99: it is not a directory.*000004-step-11"):
        runs.fit(run, small, runs.numbers(), steps=20, run={"keep": 1})
    assert [(home / name).read_text() for name in strays] == ["mine"] * len(strays)
    assert (home / "000008-step-77").is_symlink()
    assert (home / "000007-step-55" / "mine.txt").exists()
    assert [path.name for path in (home / ".scratch-y").iterdir()] == ["mine.txt"]
    assert [path.name for path in (home / "000004-step-11").iterdir()] == ["thesis.txt"]
    assert "000013-step-20" in runs.names(run) and "000003-step-9" not in runs.names(run)


def test_a_linked_checkpoint_is_read_and_never_removed(runs, run, small, tmp_path):
    newest(run).rename(tmp_path / "elsewhere")
    (run / "checkpoints" / "000004-step-11").symlink_to(tmp_path / "elsewhere")
    runs.fit(run, small, runs.numbers(), steps=20, run={"keep": 1})
    assert (run / "checkpoints" / "000004-step-11" / "state.npz").exists()


@pytest.mark.parametrize("make", [folder, dangling, pipe])
@pytest.mark.parametrize("name", ["lock", "checkpoints"])
def test_something_else_in_a_place_of_the_run_is_named(runs, tmp_path, small, make, name):
    tmp_path.joinpath(name).write_text("")
    if (make, name) != (folder, "checkpoints"):
        make(tmp_path / name, None)
    with pytest.raises((ValueError, NotADirectoryError), match=f"{name} must be a .* Move it away"):
        runs.fit(tmp_path, small, runs.numbers(), steps=3)
