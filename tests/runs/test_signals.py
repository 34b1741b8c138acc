"""Runs that are told to end, and runs that are not asked."""

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from kseq2seq.runs import signals as module
from kseq2seq.runs.contents import read_nest


@pytest.fixture(autouse=True)
def usual_handlers():
    """Ctrl-C interrupts, as in a terminal; what runs in the background is begun to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_first(runs, tmp_path, small, whole, number):
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    told = SystemExit if number == signal.SIGTERM else KeyboardInterrupt
    for step, saved in ((5, "step-5"), (3, "step-8")):  # the second at the end of an epoch
        with pytest.raises(told) as error:
            at = runs.At(step, lambda: signal.raise_signal(number))
            runs.fit(tmp_path, small, runs.numbers(), callbacks=[at], run={"every_steps": None})
        assert number == signal.SIGINT or error.value.code == 143
        assert runs.names(tmp_path)[-1].endswith(saved)
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers
    runs.assert_same(whole, runs.goes_on(tmp_path, small))


def test_a_second_signal_ends_at_once(runs, tmp_path, small):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        runs.fit(tmp_path, small, runs.numbers(), callbacks=[runs.At(2, twice)])
    assert runs.names(tmp_path) == []


def test_a_handler_of_the_programs_own_is_called(runs, tmp_path, small):
    called = []
    before = signal.signal(signal.SIGTERM, lambda *_: called.append("own"))
    try:
        with pytest.raises(SystemExit):
            at = runs.At(2, lambda: signal.raise_signal(signal.SIGTERM))
            runs.fit(tmp_path, small, runs.numbers(), callbacks=[at])
        assert called == ["own"]
        assert runs.names(tmp_path) == ["000001-step-2"]
    finally:
        signal.signal(signal.SIGTERM, before)


# Python runs no handler while the main thread is in a long call, as when XLA compiles. With no
# switching between threads, the other one says so only once that call has let the interpreter go.
IS_BUSY = """
import hashlib, runpy, sys, threading
Signals = runpy.run_path(sys.argv[1])["Signals"]
sys.setswitchinterval(1e6)
begins = threading.Event()
threading.Thread(target=lambda: begins.wait() and print("busy", flush=True), daemon=True).start()
with Signals():
    begins.set()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_busy_process_answers_at_once_and_ends_at_the_second_signal(number):
    command = [sys.executable, "-c", IS_BUSY, module.__file__]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "busy\n"
            process.send_signal(number)
            answer = process.stderr.readline() + process.stderr.readline()
            assert process.poll() is None
            assert f"{number.name}: training ends and saves after this step" in answer
            assert "a second signal ends at once" in answer
            process.send_signal(number)
            assert process.wait(timeout=60) == 128 + number
        finally:
            process.kill()


def test_who_listens_to_signals_already_hears_them_too():
    import socket

    reads, writes = socket.socketpair()
    with reads, writes:
        writes.setblocking(False)
        before = signal.set_wakeup_fd(writes.fileno())
        try:
            with module.Signals() as signals:
                signal.raise_signal(signal.SIGTERM)
                assert signals.received == signal.SIGTERM
                assert reads.recv(8) == bytes([signal.SIGTERM])
            assert signal.set_wakeup_fd(before) == writes.fileno()
        finally:
            signal.set_wakeup_fd(before)


def test_another_thread_trains_without_handlers(runs, tmp_path, small):
    done = []
    thread = threading.Thread(target=lambda: done.append(runs.fit(tmp_path, small, runs.numbers())))
    thread.start()
    thread.join()
    assert done[0].epoch == [0, 1, 2]


# A program of its own that trains in the directory that it is given.
TRAINS = """
import os, runpy, signal, sys
import kseq2seq
import keras
import tensorflow as tf
runs = runpy.run_path(sys.argv[2])
tf.config.experimental.enable_op_determinism()
keras.utils.set_random_seed(0)
"""
KILLS_ITSELF = """
kill = runs["At"](8, lambda: os.kill(os.getpid(), signal.SIGKILL))
runs["fit"](sys.argv[1], runs["tiny"](), runs["numbers"](), callbacks=[kill])
"""
IS_KILLED = """
from kseq2seq import data, text
keys, seen = ("ab", "cd", "ef", "gh"), {"un": "one", "deux": "two", "trois": "three", "six": "six"}
pairs = [(f"{k}{a} {b}", f"{seen[b]} {seen[a]}{k}") for k in keys for a in seen for b in seen]
sides = [side(text.ByteTokenizer(), 24) for side in (text.TextSource, text.TextTarget)]
corpus = data.Corpus.write(data.pairs_from(pairs))
batches = data.train_batches(
    corpus, *sides, buckets=[(12, 12), (24, 24)], seed=1, tokens_per_batch=96
)
held_out = data.eval_batches(corpus, *sides, buckets=[(24, 24)], tokens_per_batch=480)
model = kseq2seq.build_model(
    "transformer", 259, 259, hidden_dim=16, num_layers=1, num_heads=2, dropout=0.2
)
model.compile(
    keras.optimizers.Adam(kseq2seq.training.InverseSquareRoot(1e-2, 100), use_ema=True),
    kseq2seq.TokenCrossEntropy(label_smoothing=0.1),
    metrics=[kseq2seq.metrics.TokenAccuracy()],
    jit_compile=True,
)
kseq2seq.runs.Run(sys.argv[1], every_steps=7).fit(
    model, batches, steps=1500, steps_per_epoch=100, verbose=0,
    validation_data=held_out,
    callbacks=[keras.callbacks.EarlyStopping("val_loss", patience=99, restore_best_weights=True)],
)
"""


def started(program, folder):
    helpers = Path(__file__).with_name("conftest.py")
    arguments = [sys.executable, "-c", TRAINS + program, str(folder), str(helpers)]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE)


def test_a_killed_process_goes_on_in_another(runs, tmp_path):
    model = runs.tiny()
    history = runs.fit(tmp_path / "whole", model, runs.numbers())
    whole = runs.state(model), history
    process = started(KILLS_ITSELF, tmp_path / "killed")
    _, told = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL, told.decode()[-2000:]
    assert runs.names(tmp_path / "killed") == ["000001-step-3", "000002-step-6"]
    runs.assert_same(whole, runs.goes_on(tmp_path / "killed", model))


@pytest.mark.slow
def test_twenty_kills_at_any_moment_change_no_bit(tmp_path):
    """Half of them while a checkpoint is being written, the others whenever."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = started(IS_KILLED, whole)
    _, told = process.communicate()
    assert process.returncode == 0, told.decode()[-2000:]
    draw, kills, while_writing = random.Random(1), 0, 0
    checkpoints = killed / "checkpoints"
    while True:
        before = set(checkpoints.glob("0*"))
        process = started(IS_KILLED, killed)
        while process.poll() is None and set(checkpoints.glob("0*")) <= before:
            time.sleep(0.01)
        if kills < 20 and process.poll() is None:
            time.sleep(draw.uniform(0, 1))
            while kills % 2 and process.poll() is None and not any(checkpoints.glob(".scratch-*")):
                pass
            process.kill()
        _, told = process.communicate()
        if process.returncode != -signal.SIGKILL:
            assert process.returncode == 0, told.decode()[-2000:]
            break
        kills += 1
        while_writing += any(checkpoints.glob(".scratch-*"))
    print(f"{kills} kills, {while_writing} of them while a checkpoint was written")
    assert kills == 20
    assert while_writing >= 5
    one, other = (
        read_nest(max((folder / "checkpoints").glob("0*")), "state") for folder in (whole, killed)
    )
    assert one["step"] == other["step"] == 1500
    for name in ("variables", "callbacks", "random"):
        same = keras.tree.map_structure(np.array_equal, one[name], other[name])
        assert all(keras.tree.flatten(same))
    assert one["described"] == other["described"]
    assert len((killed / "history.jsonl").read_text().splitlines()) == 15
