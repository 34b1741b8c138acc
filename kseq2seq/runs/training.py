"""The loop of a training run, which begins, ends and looks back at any step."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from kseq2seq.runs.checkpoints import Checkpoints
from kseq2seq.runs.contents import write_nest
from kseq2seq.runs.finite import Undone, undoing
from kseq2seq.runs.journal import Clock, Journal
from kseq2seq.runs.signals import Signals
from kseq2seq.runs.snapshot import description, global_seed, matching, spec_of
from kseq2seq.runs.state import Position, callback_states, restore_callbacks
from kseq2seq.training.averaging import warm_averages
from kseq2seq.training.progress import Progress, TimeLimit
from kseq2seq.training.state import (
    compile_ahead,
    number,
    random_state,
    set_random_state,
    state_variables,
    step_variables,
)

if TYPE_CHECKING:
    from kseq2seq.runs.run import Run

# No room on the disk, in a quota, or below a limit on the size of files.
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Training:
    """One call of `Run.fit`.

    Attributes:
        step: how many batches have been trained on.
        epoch: how many epochs have ended, with all that belongs to an end.
        taken: how many batches have been taken from the data; more than steps after a roll-back.
    """

    def __init__(self, run: Run, model: keras.Model, batches: tf.data.Dataset, signals: Signals):
        self.run = run
        self.model = model
        self.batches = batches
        self.signals = signals
        self.checkpoints = Checkpoints(run.directory / "checkpoints", run.keep)
        self.position = Position(model, batches)
        self.journal = Journal(
            run.directory / "history.jsonl",
            self._progress,
        )
        self.step = self.epoch = self.taken = self.skipped = self.roll_backs = 0
        self.rate = _constant_rate(model)
        self._logs: dict[str, Any] = {}
        self._undone: Undone | None = None
        self._saved: tuple[int, ...] | None = None
        self._tried_step, self._tried_at = 0, time.monotonic()
        self._before = {"seconds": 0.0, "compiling": 0.0}  # of the run, until this call
        self._clock = Clock()
        self._clock.begin()
        self._unwritten: Exception | None = None

    def train(
        self,
        steps: int,
        steps_per_epoch: int,
        callbacks: Sequence[keras.callbacks.Callback],
        validation: dict[str, Any],
        shapes: int,
        verbose: Any,
    ) -> keras.callbacks.History:
        """Trains, from the newest checkpoint on where there is one; see `Run.fit`."""
        self.steps, self.steps_per_epoch = steps, steps_per_epoch
        self.validation = validation
        self.model.stop_training = False
        warm_averages(self.model)
        newest = self.checkpoints.newest()
        nest = matching(newest, self.model, self.batches, steps_per_epoch) if newest else None
        with contextlib.ExitStack() as stack:
            if self.run.on_nan == "skip":
                self._undone = stack.enter_context(undoing(self.model))
            self.model.make_train_function()
            callbacks = [*callbacks, self.journal]
            if verbose != 0 and not any(isinstance(each, Progress) for each in callbacks):
                limit = next((each for each in callbacks if isinstance(each, TimeLimit)), None)
                callbacks.append(Progress(steps, limit, {1: True, 2: False}.get(verbose)))
            for each in callbacks:
                if isinstance(each, Progress):
                    each.at = lambda: self.step
            self.callbacks = keras.callbacks.CallbackList(
                callbacks,
                epochs=math.ceil(steps / steps_per_epoch),
                steps=steps_per_epoch,
                model=self.model,
            )
            self.callbacks.on_train_begin()
            if newest and nest:
                if verbose != 0:
                    print(f"Going on from step {nest['step']}, {newest}.")
                self.position.read(newest, nest["taken"])  # which may refuse, before all else
                self._restore(newest, nest)
            else:
                self.journal.rewind(0)
            if shapes and not self._over():
                if verbose != 0:
                    print("Compiling a training step.", flush=True)
                compile_ahead(self.model, self.batches, shapes, lambda: self.signals.received)
                if self._undone is not None:
                    self._undone.begin(self.skipped)
                self._end_if_told()
            while True:
                self._steps()
                whole = self._within_epoch() == steps_per_epoch
                # Training that ends within an epoch ends it too. With more steps it would not be
                # the end: what goes on from there is saved before.
                if not whole and not self._saved_here():
                    continue
                if self._within_epoch():
                    self._end_epoch(whole)
                pause = self._over() or self._due() or self.signals.received
                if whole and pause and not self._saved_here():
                    continue
                self._end_if_told()
                if self._over():
                    break
        if isinstance(self.model.optimizer, keras.optimizers.Optimizer):
            self.model.optimizer.finalize_variable_values(self.model.trainable_weights)
        self.callbacks.on_train_end(self._logs)
        if self._lost():
            raise OSError(
                errno.ENOSPC,
                f"Training has ended at step {self.step} and the model is ready, but the disk is "
                f"full: the newest checkpoint in {self.checkpoints.directory} is an older one. "
                "Save the model elsewhere, or make room and run again to repeat the last steps",
            ) from self._unwritten
        return self.journal

    def _steps(self) -> None:
        """Trains to the end of the epoch, or of training."""
        at_once = self.model.steps_per_execution
        while self._within_epoch() < self.steps_per_epoch and not self._over():
            done = self._within_epoch()
            if not done:
                self.model.reset_metrics()
                self.callbacks.on_epoch_begin(self.epoch)
            self.callbacks.on_train_batch_begin(done)
            logs = self._execute()
            self._clock.step()
            self.step += at_once
            self.taken += at_once
            self.callbacks.on_train_batch_end(done + at_once - 1, logs)
            # The loss of the execution before is looked at, so as not to wait for this one.
            before, self._logs = self._logs, logs
            ended = self._within_epoch() == self.steps_per_epoch
            pause = ended or self._over() or self._due() or self.signals.received
            if not self._checked(before, at_once) or (pause and not self._checked(logs, 0)):
                continue
            if self._due() and not ended:
                self._saved_here()
            self._end_if_told()

    def _end_if_told(self) -> None:
        """Saves and ends the process, or raises what Ctrl-C does, after such a signal."""
        if self.signals.received:
            self._saved_here()
            if self._lost():
                warnings.warn(
                    f"Ending at step {self.step} without saving, since the disk is full: the "
                    f"newest checkpoint in {self.checkpoints.directory} is an older one.",
                    stacklevel=2,
                )
            self.signals.end()

    def _end_epoch(self, whole: bool) -> None:
        results = self.model.get_metrics_result()
        if set(results) == set(self._logs) - {"skipped"}:  # else a train_step has logs of its own
            self._logs = {**self._logs, **results}
        logs = dict(self._logs)
        x, y, weight = keras.utils.unpack_x_y_sample_weight(self.validation["x"])
        if x is not None:
            found = self.model.evaluate(
                x,
                y,
                sample_weight=weight,
                steps=self.validation["steps"],
                callbacks=self.callbacks,
                return_dict=True,
            )
            logs.update({f"val_{name}": value for name, value in found.items()})
        self.callbacks.on_epoch_end(self.epoch, logs)
        self.epoch += whole
        with self._disk():
            self.journal.write()

    def _execute(self) -> dict[str, Any]:
        try:
            return self.model.train_function(self.position.iterator)
        except (tf.errors.OutOfRangeError, StopIteration) as error:
            raise ValueError(
                f"The data ended after {self.taken} batches, before steps={self.steps}; give "
                "batches.repeat() to a new run."
            ) from error

    def _within_epoch(self) -> int:
        return self.step - self.epoch * self.steps_per_epoch

    def _here(self) -> tuple[int, int, int]:
        return self.step, self.epoch, self.taken

    def _over(self) -> bool:
        return self.step >= self.steps or self.model.stop_training

    def _due(self) -> bool:
        steps, minutes = self.run.every_steps, self.run.every_minutes
        by_steps = steps is not None and self.step // steps > self._tried_step // steps
        first = self.run.on_nan == "roll_back" and not self._tried_step  # there must be one
        return (
            by_steps
            or first
            or (minutes is not None and time.monotonic() - self._tried_at >= 60 * minutes)
        )

    def _spent(self) -> dict[str, float]:
        here = {"seconds": self._clock.total, "compiling": self._clock.compiling}
        return {name: seconds + here[name] for name, seconds in self._before.items()}

    def _progress(self) -> dict[str, Any]:
        spent = {name: round(seconds / 60, 3) for name, seconds in self._spent().items()}
        return {"step": self.step, "minutes": spent["seconds"], "compiling": spent["compiling"]}

    # What is not finite

    def _checked(self, logs: dict[str, Any], ago: int) -> bool:
        """True if training goes on from here; False if it went back to an earlier step."""
        if self._undone is not None:
            self._tell_skipped(int(logs.get("skipped", 0)), ago)
            return True
        loss = float(logs.get("loss", 0.0))
        return math.isfinite(loss) or self._not_finite(f"The loss is {loss}", ago)

    def _tell_skipped(self, skipped: int, ago: int) -> None:
        if skipped <= self.skipped or self._undone is None:
            return
        self.skipped = skipped
        if int(self._undone.most_in_a_row) >= self.run.nan_limit:
            self._not_finite(
                f"The loss or a weight is not finite {self.run.nan_limit} times in a row", ago
            )
        warnings.warn(
            f"Skipped the batch at step {self.step - ago}: loss or weights became non-finite. "
            f"{skipped} batches skipped so far.",
            stacklevel=2,
        )

    def _not_finite(self, what: str, ago: int = 0) -> bool:
        """Goes back to the newest checkpoint and returns False, or raises."""
        newest = self.checkpoints.newest()
        rate = getattr(self.model.optimizer, "learning_rate", math.nan)
        told = f"{what} at step {self.step - ago}, with a learning rate of {number(rate):.3g}."
        if self.run.on_nan == "roll_back" and newest and self.roll_backs < self.run.nan_limit:
            roll_backs, taken = self.roll_backs + 1, self.taken
            warnings.warn(
                f"{told} Going back to {newest} and on with the data after it ({roll_backs} of at "
                f"most {self.run.nan_limit} times).",
                stacklevel=2,
            )
            self.model.stop_training = False
            self._restore(newest, matching(newest, self.model, self.batches, self.steps_per_epoch))
            self.roll_backs, self.taken = roll_backs, taken
            return False
        kept = f"the newest checkpoint is {newest}" if newest else "there is no checkpoint yet"
        tried = f" It went back {self.roll_backs} times before." if self.roll_backs else ""
        choice = ' To leave out single batches: Run(..., on_nan="skip") or "roll_back".'
        raise FloatingPointError(
            f"{told}{tried} This state was not saved; {kept}. Lower the learning rate or warm up "
            "for longer, clip gradients (global_clipnorm=1.0), and look for infinite or empty "
            "inputs; run again to go on with such settings. Use float32 or bfloat16 in place of "
            "float16: changing the dtype, or replacing a fixed rate by a schedule, requires a new "
            "run directory."
            f"{choice if self.run.on_nan == 'stop' else ''}"
        )

    # Checkpoints

    def _saved_here(self) -> bool:
        """Writes a checkpoint where there is none; False if it went back to an earlier step."""
        if not self.taken or self._here() == self._saved:
            return True
        self._tried_step, self._tried_at = self.step, time.monotonic()
        values = {id(v): v.numpy() for v in state_variables(self.model)}
        for variable in step_variables(self.model):
            if not np.isfinite(values[id(variable)]).all():
                return self._not_finite(f"{variable.path} is not finite")
        with self._disk(sum(value.nbytes for value in values.values())):
            self.journal.write()
            with self.checkpoints.writing(self.step) as path:
                self.position.write(path)
                write_nest(path, "state", self._nest(list(values.values())))
            self._saved, self._unwritten = self._here(), None
        return True

    def _lost(self) -> bool:
        """True if the disk had no room for the state that training is in."""
        return self._unwritten is not None and self._saved != self._here()

    def _nest(self, values: list[np.ndarray]) -> dict[str, Any]:
        return {
            "step": self.step,
            "epoch": self.epoch,
            "steps_per_epoch": self.steps_per_epoch,
            "taken": self.taken,
            "skipped": self.skipped,
            "roll_backs": self.roll_backs,
            **self._spent(),
            "learning_rate": self.rate,
            "data": spec_of(self.batches),
            "seed": global_seed(),
            **description(self.model),
            "variables": values,
            "logs": {name: np.asarray(value) for name, value in self._logs.items()},
            "random": random_state(),
            "callbacks": callback_states(self.callbacks.callbacks),
        }

    def _restore(self, path: Path, nest: dict[str, Any]) -> None:
        """Makes all as it was when the checkpoint was written, but the position in the data."""
        self.step, self.epoch, self.taken = nest["step"], nest["epoch"], nest["taken"]
        self.skipped, self.roll_backs = nest["skipped"], nest["roll_backs"]
        for name, spent in self._spent().items():  # a roll-back takes time, too
            self._before[name] += max(0.0, nest.get(name, 0.0) - spent)
        self._tried_step, self._tried_at = self.step, time.monotonic()
        self._saved = self._here()
        self._logs = nest["logs"]
        self.journal.rewind(self.epoch)
        if self._within_epoch():  # before the rest, so that whatever callbacks do here is undone
            self.callbacks.on_epoch_begin(self.epoch)
        for variable, value in zip(state_variables(self.model), nest["variables"], strict=True):
            variable.assign(value)
        if self._undone is not None:
            self._undone.begin(self.skipped)
        set_random_state(nest["random"])
        restore_callbacks(self.callbacks.callbacks, nest["callbacks"])
        if self.rate == nest["learning_rate"] or None in (self.rate, nest["learning_rate"]):
            self.rate = nest["learning_rate"]
        else:
            self.model.optimizer.learning_rate = self.rate

    @contextlib.contextmanager
    def _disk(self, needed: int = 0) -> Iterator[None]:
        """Inside, a full disk is told of, and training goes on or stops as was chosen."""
        try:
            yield
        except (OSError, tf.errors.OpError) as error:
            reason = _why_full(error)
            if reason is None:
                raise
            free = shutil.disk_usage(self.run.directory).free
            size = f" and a checkpoint is of {needed / 1e6:,.1f} or more" if needed else ""
            told = (
                f"The disk of {self.run.directory} is full at step {self.step}: {free / 1e6:,.1f} "
                f"MB are free{size} ({reason}). The checkpoints that are there are whole."
            )
            if self.run.on_full_disk == "stop":
                raise OSError(errno.ENOSPC, f"{told} Make room and run again to go on") from error
            warnings.warn(f"{told} Training goes on; the next one due is tried.", stacklevel=2)
            self._unwritten = error


def _why_full(error: Exception) -> str | None:
    """What an error, of the system's or of TensorFlow's, says of a full disk; None if nothing."""
    for code in _FULL:
        if getattr(error, "errno", None) == code or os.strerror(code) in str(error):
            return os.strerror(code)
    return None


def _constant_rate(model: keras.Model) -> float | None:
    """The learning rate of a model's optimizer; None if it follows a schedule."""
    rate = getattr(model.optimizer, "learning_rate", None)
    return number(rate) if isinstance(rate, keras.Variable) else None
