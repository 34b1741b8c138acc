"""Damaged checkpoints, full disks and two processes."""

import errno
import json
import os
import shutil
import signal

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.disk.files import sha256
from kseq2seq.runs import training


def damage_byte(checkpoint):
    path = checkpoint / "state.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "a byte": (damage_byte, "state.npz is truncated or changed"),
    "the end": (lambda c: os.truncate(c / "state.json", 40), "state.json is truncated or changed"),
    "a file": (lambda c: (c / "data.index").unlink(), "data.index can't be read: No such file"),
    "the sums": (lambda c: os.truncate(c / "SHA256SUMS", 0), "SHA256SUMS is empty"),
    "no sums": (lambda c: (c / "SHA256SUMS").write_bytes(b"\xff x"), "SHA256SUMS is changed"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_checkpoint_gives_way_to_the_one_before(runs, tmp_path, small, whole, kind):
    damage, told = DAMAGES[kind]
    with pytest.raises(runs.Ended):
        runs.fit(tmp_path, small, runs.numbers(), callbacks=[runs.At(8, runs.end)])
    damage(tmp_path / "checkpoints" / "000002-step-6")
    with pytest.warns(UserWarning, match=f"000002-step-6: {told}.*000001-step-3") as record:
        runs.assert_same(whole, runs.goes_on(tmp_path, small))
    assert len([one for one in record if one.category is UserWarning]) == 1
    assert runs.names(tmp_path) == ["000003-step-6", "000004-step-9", "000005-step-11"]


def test_with_all_damaged_it_says_so_and_touches_nothing(runs, tmp_path, small):
    runs.fit(tmp_path, small, runs.numbers())
    kept = runs.names(tmp_path)
    for name in kept:
        damage_byte(tmp_path / "checkpoints" / name)
    with pytest.raises(ValueError, match=r"None is left to resume from\. Put a copy of one back"):
        runs.fit(tmp_path, small, runs.numbers(), steps=20)
    assert runs.names(tmp_path) == kept


def test_what_a_kill_left_half_written_is_removed(runs, tmp_path, small):
    runs.fit(tmp_path, small, runs.numbers(), steps=3)
    shutil.copytree(tmp_path / "checkpoints/000001-step-3", tmp_path / "checkpoints/.scratch-x")
    runs.fit(tmp_path, small, runs.numbers(), steps=4)
    assert runs.names(tmp_path) == ["000001-step-3", "000002-step-4"]


def test_only_as_many_are_kept_as_asked_for(runs, tmp_path, small):
    runs.fit(tmp_path, small, runs.numbers(), run={"keep": 1, "every_steps": 1})
    assert runs.names(tmp_path) == ["000011-step-11"]


def full_disk(monkeypatch, fails):
    """Makes writing checkpoints fail as on a full disk, as long as `fails()`."""
    write = training.write_nest

    def failing(folder, name, nest):
        write(folder, name, nest)
        if fails():
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(training, "write_nest", failing)


def test_a_full_disk_is_told_of_and_tried_again(runs, tmp_path, small, monkeypatch):
    tries = iter([False, True, False, False])
    full_disk(monkeypatch, lambda: next(tries))
    with pytest.warns(
        UserWarning, match=r"is full at step 6: .* MB are free and a checkpoint needs at least 0.0"
    ):
        runs.fit(tmp_path, small, runs.numbers())
    assert runs.names(tmp_path) == ["000001-step-3", "000002-step-9", "000003-step-11"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EFBIG, "File too large"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        tf.errors.ResourceExhaustedError(None, None, "checkpoints/data; No space left on device"),
        tf.errors.OutOfRangeError(None, None, "checkpoints/data; File too large"),
    ],
    ids=lambda error: type(error).__name__ + str(getattr(error, "errno", "")),
)
def test_no_room_in_a_quota_or_for_so_large_a_file_is_a_full_disk(
    runs, tmp_path, small, monkeypatch, error
):
    write, tries = training.write_nest, iter([False, True, False])

    def failing(*given):
        if next(tries):
            raise error
        write(*given)

    monkeypatch.setattr(training, "write_nest", failing)
    reason = getattr(error, "strerror", None) or str(error).split("; ")[1]
    with pytest.warns(UserWarning, match=rf"is full at step 6: .*\({reason}\)"):
        runs.fit(tmp_path, small, runs.numbers(), steps=9)
    assert runs.names(tmp_path) == ["000001-step-3", "000002-step-9"]


def test_a_full_disk_stops_where_that_was_chosen(runs, tmp_path, small, monkeypatch):
    tries = iter([False, True])
    full_disk(monkeypatch, lambda: next(tries))
    with pytest.raises(OSError, match=r"full at step 6.*Make room and run again") as error:
        runs.fit(tmp_path, small, runs.numbers(), run={"on_full_disk": "stop"})
    assert error.value.errno == errno.ENOSPC
    assert runs.names(tmp_path) == ["000001-step-3"]


def test_a_signal_on_a_full_disk_does_not_look_as_if_all_were_saved(
    runs, tmp_path, small, monkeypatch
):
    full_disk(monkeypatch, lambda: True)
    at = [runs.At(2, lambda: signal.raise_signal(signal.SIGTERM))]
    with (
        pytest.warns(UserWarning, match="Ending at step 2 without saving, since the disk is full"),
        pytest.raises(SystemExit),
    ):
        runs.fit(tmp_path, small, runs.numbers(), callbacks=at)


@pytest.mark.parametrize("steps", [11, 12])
def test_a_last_state_without_room_raises_with_the_model_ready(
    runs, tmp_path, small, begun, monkeypatch, steps
):
    runs.fit(tmp_path / "expected", small, runs.numbers(), steps=steps)
    expected = small.get_weights()
    runs.put(*begun)
    full_disk(monkeypatch, lambda: True)
    with pytest.warns(UserWarning), pytest.raises(OSError, match=f"ended at step {steps} and the"):
        runs.fit(tmp_path / "full", small, runs.numbers(), steps=steps)
    assert runs.names(tmp_path / "full") == []
    np.testing.assert_array_equal(small.get_weights()[0], expected[0])


def test_another_error_of_the_disk_is_no_full_disk(runs, tmp_path, small, monkeypatch):
    def refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(training, "write_nest", refused)
    with pytest.raises(PermissionError):
        runs.fit(tmp_path, small, runs.numbers())


def test_a_second_run_in_the_directory_is_refused(runs, tmp_path, small):
    refused = []

    def second():
        with pytest.raises(ValueError, match="Another process is training in") as error:
            runs.fit(tmp_path, small, runs.numbers())
        refused.append(error)

    runs.fit(tmp_path, small, runs.numbers(), callbacks=[runs.At(2, second)])
    assert refused
    runs.fit(tmp_path, small, runs.numbers(), steps=12)  # the lock is open again


def test_no_pickle_is_written(runs, tmp_path, small):
    runs.fit(tmp_path, small, runs.numbers(), steps=3)
    (checkpoint,) = (tmp_path / "checkpoints").iterdir()
    with np.load(checkpoint / "state.npz", allow_pickle=False) as arrays:
        assert len([arrays[name] for name in arrays]) > 15
    assert json.loads((checkpoint / "state.json").read_text())["format_version"] == 1


def test_a_newer_format_is_refused(runs, tmp_path, small):
    runs.fit(tmp_path, small, runs.numbers(), steps=3)
    (checkpoint,) = (tmp_path / "checkpoints").iterdir()
    record, sums = checkpoint / "state.json", checkpoint / "SHA256SUMS"
    before = sha256(record)
    record.write_text(record.read_text().replace('"format_version": 1', '"format_version": 2'))
    sums.write_text(sums.read_text().replace(before, sha256(record)))
    with pytest.raises(ValueError, match="format_version 2, this kseq2seq reads up to 1"):
        runs.fit(tmp_path, small, runs.numbers(), steps=4)


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_a_lock_cant_be_had_training_goes_on_and_says_so(
    runs, tmp_path, small, monkeypatch, error
):
    import fcntl

    def refused(*_):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.warns(UserWarning, match="lock can't be locked .*no other process"):
        runs.fit(tmp_path, small, runs.numbers(), steps=3)
