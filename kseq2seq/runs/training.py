"""The loop of a run: it trains from any step to any step, saves, rolls back and ends."""

from __future__ import annotations

import contextlib
import errno
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import keras
import numpy as np
import tensorflow as tf

from kseq2seq.runs.contents import write_nest
from kseq2seq.runs.journal import Clock, Journal
from kseq2seq.runs.non_finite import NonFinite, RolledBack
from kseq2seq.runs.saving import Reached, Saving
from kseq2seq.runs.signals import Signals
from kseq2seq.runs.snapshot import put_back, read_matching, take_snapshot
from kseq2seq.runs.state import ResumableIterator
from kseq2seq.training.averaging import warm_averages
from kseq2seq.training.progress import Progress, TimeLimit
from kseq2seq.training.state import compile_ahead, number, state_variables, step_variables


class Training:
    """One call of `Run.fit`.

    Args:
        model: a compiled model.
        batches: what it is trained on.
        saving: when and where to save.
        non_finite: what to do about a loss or weights that are not finite.
        signals: ask training to end.

    Attributes:
        step: how many batches have been trained on.
        epoch: how many epochs have ended, with everything that belongs to their end.
        taken: how many batches have been taken from the data; after a roll-back more than `step`.
    """

    def __init__(
        self,
        model: keras.Model,
        batches: tf.data.Dataset,
        saving: Saving,
        non_finite: NonFinite,
        signals: Signals,
    ):
        self.model, self.batches, self.signals = model, batches, signals
        self.saving, self.non_finite = saving, non_finite
        self.data = ResumableIterator(model, batches)
        self.clock = Clock()
        self.journal = Journal(
            saving.directory / "history.jsonl", lambda: {"step": self.step, **self.clock.minutes()}
        )
        self.step = self.epoch = self.taken = 0
        self._rate = _constant_rate(model)
        self._logs: dict[str, Any] = {}  # of the last step

    def train(
        self,
        steps: int,
        steps_per_epoch: int,
        callbacks: Sequence[keras.callbacks.Callback],
        validation: dict[str, Any],
        shapes: int,
        verbose: Any,
    ) -> keras.callbacks.History:
        """Trains from the newest checkpoint, or from the beginning; see `Run.fit`."""
        self.steps, self.steps_per_epoch, self.validation = steps, steps_per_epoch, validation
        self.model.stop_training = False
        warm_averages(self.model)
        newest = self.saving.checkpoints.newest()
        snapshot = self._read(newest) if newest else None
        with self.non_finite.watching(self.model):
            self.model.make_train_function()
            self._begin_callbacks(callbacks, verbose)
            if newest and snapshot:
                if verbose != 0:
                    print(f"Resuming from step {snapshot['step']}, {newest}.")
                self.data.restore(newest, snapshot["taken"])  # first, since it may refuse
                self._restore(snapshot)
            else:
                self.journal.rewind(0)
            if shapes and not self._over():
                self._compile(shapes, verbose)
            self._loop()
        if isinstance(self.model.optimizer, keras.optimizers.Optimizer):
            self.model.optimizer.finalize_variable_values(self.model.trainable_weights)
        self.callbacks.on_train_end(self._logs)
        if self.saving.lost(self._reached()):
            raise OSError(
                errno.ENOSPC,
                f"Training has ended at step {self.step} and the model is ready, but the disk is "
                f"full: the newest checkpoint in {self.saving.checkpoints.directory} is older. "
                "Save the model elsewhere, or make room and run again to repeat the last steps",
            ) from self.saving.error
        return self.journal

    def _begin_callbacks(self, callbacks: Sequence[keras.callbacks.Callback], verbose: Any) -> None:
        everyone = [*callbacks, self.journal]
        if verbose != 0 and not any(isinstance(each, Progress) for each in everyone):
            limit = next((each for each in everyone if isinstance(each, TimeLimit)), None)
            everyone.append(Progress(self.steps, limit, {1: True, 2: False}.get(verbose)))
        for each in everyone:
            if isinstance(each, Progress):
                each.at = lambda: self.step
        self.callbacks = keras.callbacks.CallbackList(
            everyone,
            epochs=math.ceil(self.steps / self.steps_per_epoch),
            steps=self.steps_per_epoch,
            model=self.model,
        )
        self.callbacks.on_train_begin()

    def _compile(self, shapes: int, verbose: Any) -> None:
        if verbose != 0:
            print("Compiling a training step.", flush=True)
        compile_ahead(self.model, self.batches, shapes, lambda: self.signals.received)
        self.non_finite.begin(self.non_finite.skipped, self.non_finite.roll_backs)
        self._end_if_signaled()

    def _loop(self) -> None:
        """Trains epoch by epoch until training is over."""
        over = False
        while not over:
            try:
                self._epoch()
                over = self._over()
            except RolledBack:
                pass
            self._end_if_signaled()

    def _epoch(self) -> None:
        """Trains to the end of the epoch, or of training, and ends it.

        Whatever resumes from a checkpoint must end each epoch exactly once; hence the order.
        """
        self._steps()
        # 1. Training that ends within an epoch is saved before the epoch ends: with more steps,
        #    it would not have ended there.
        whole = self._within_epoch() == self.steps_per_epoch
        if not whole:
            self._save()
        # 2. The epoch ends: validation, callbacks, a line of history.
        if self._within_epoch():
            self._end_epoch(whole)
        # 3. Training that pauses at the end of an epoch is saved after it.
        if whole and self._pauses():
            self._save()

    def _steps(self) -> None:
        """Takes steps to the end of the epoch, or of training."""
        at_once = self.model.steps_per_execution
        while self._within_epoch() < self.steps_per_epoch and not self._over():
            # 1. Take a step, or as many as the model executes at once.
            done = self._within_epoch()
            if not done:
                self.model.reset_metrics()
                self.callbacks.on_epoch_begin(self.epoch)
            self.callbacks.on_train_batch_begin(done)
            logs = self._execute()
            self.clock.step()
            self.step += at_once
            self.taken += at_once
            self.callbacks.on_train_batch_end(done + at_once - 1, logs)
            # 2. Look at the loss of the step before, so as not to wait for this one; at this one,
            #    too, if its metrics are about to be reset or its weights saved.
            previous, self._logs = self._logs, logs
            ended = self._within_epoch() == self.steps_per_epoch
            pauses = ended or self._pauses()
            self._check(previous, self.step - at_once)
            if pauses:
                self._check(logs, self.step)
            # 3. Save within the epoch, and end if a signal asked for it.
            if self.saving.due(self.step) and not ended:
                self._save()
            self._end_if_signaled()

    def _execute(self) -> dict[str, Any]:
        try:
            return self.model.train_function(self.data.iterator)
        except (tf.errors.OutOfRangeError, StopIteration) as error:
            raise ValueError(
                f"The data ended after {self.taken} batches, before steps={self.steps}; give "
                "batches.repeat() to a new run."
            ) from error

    def _end_epoch(self, whole: bool) -> None:
        results = self.model.get_metrics_result()
        if set(results) == set(self._logs) - {"skipped"}:  # else a train_step has logs of its own
            self._logs = {**self._logs, **results}
        logs = dict(self._logs)
        x, y, weight = keras.utils.unpack_x_y_sample_weight(self.validation["x"])
        if x is not None:
            results = self.model.evaluate(
                x,
                y,
                sample_weight=weight,
                steps=self.validation["steps"],
                callbacks=self.callbacks,
                return_dict=True,
            )
            logs.update({f"val_{name}": value for name, value in results.items()})
        self.callbacks.on_epoch_end(self.epoch, logs)
        self.epoch += whole
        with self.saving.watching(self.step):
            self.journal.write()

    def _end_if_signaled(self) -> None:
        """Saves and ends the process, or raises what Ctrl-C does, if a signal was received."""
        if not self.signals.received:
            return
        with contextlib.suppress(RolledBack):
            self._save()
        if self.saving.lost(self._reached()):
            warnings.warn(
                f"Ending at step {self.step} without saving, since the disk is full: the newest "
                f"checkpoint in {self.saving.checkpoints.directory} is older.",
                stacklevel=2,
            )
        self.signals.end()

    def _reached(self) -> Reached:
        return Reached(self.step, self.epoch, self.taken)

    def _within_epoch(self) -> int:
        return self.step - self.epoch * self.steps_per_epoch

    def _over(self) -> bool:
        return self.step >= self.steps or self.model.stop_training

    def _pauses(self) -> bool:
        """Whether training stops here, for good or to save."""
        return self._over() or self.saving.due(self.step) or bool(self.signals.received)

    def _check(self, logs: dict[str, Any], step: int) -> None:
        """Rolls back or raises if the logs of a step say so."""
        if problem := self.non_finite.problem(logs, step):
            self._roll_back(problem, step)

    def _roll_back(self, problem: str, step: int) -> NoReturn:
        """Goes back to the newest checkpoint and raises `RolledBack`, or raises the problem."""
        rate = number(getattr(self.model.optimizer, "learning_rate", math.nan))
        newest = self.saving.checkpoints.newest()
        path = self.non_finite.roll_back(problem, step, rate, newest)
        roll_backs, taken = self.non_finite.roll_backs, self.taken
        self.model.stop_training = False
        self._restore(self._read(path))
        # Neither the data nor the count of roll-backs goes back.
        self.non_finite.roll_backs, self.taken = roll_backs, taken
        raise RolledBack

    def _save(self) -> None:
        """Writes a checkpoint, unless this state is on disk; weights must be finite."""
        if self.saving.on_disk(self._reached()):
            return
        self.saving.attempt(self.step)
        # 1. The state on the host, in which everything that is learned must be finite.
        variables = state_variables(self.model)
        values = {id(variable): variable.numpy() for variable in variables}
        for variable in step_variables(self.model):
            if not np.isfinite(values[id(variable)]).all():
                self._roll_back(f"{variable.path} is not finite", self.step)
        # 2. The history, then the checkpoint, whole or not at all.
        with self.saving.watching(self.step, sum(value.nbytes for value in values.values())):
            self.journal.write()
            with self.saving.checkpoints.writing(self.step) as path:
                self.data.save(path)
                write_nest(path, "state", self._snapshot(list(values.values())))
            self.saving.done(self._reached())

    def _snapshot(self, values: list[np.ndarray]) -> dict[str, Any]:
        return {
            **self._reached()._asdict(),
            "steps_per_epoch": self.steps_per_epoch,
            "skipped": self.non_finite.skipped,
            "roll_backs": self.non_finite.roll_backs,
            "seconds": self.clock.seconds,
            "compiling": self.clock.compiling,
            "learning_rate": self._rate,
            "logs": {name: np.asarray(value) for name, value in self._logs.items()},
            **take_snapshot(self.model, values, self.batches, self.callbacks.callbacks),
        }

    def _read(self, path: Path) -> dict[str, Any]:
        return read_matching(path, self.model, self.batches, self.steps_per_epoch)

    def _restore(self, snapshot: dict[str, Any]) -> None:
        """Restores everything but the iterator from a checkpoint."""
        # 1. Counters, time, history.
        self.step, self.epoch, self.taken = (snapshot[name] for name in Reached._fields)
        self._logs = snapshot["logs"]
        self.clock.catch_up(snapshot["seconds"], snapshot.get("compiling", 0.0))
        self.saving.attempt(self.step)
        self.saving.done(self._reached())
        self.journal.rewind(self.epoch)
        # 2. The epoch, before the rest, so that whatever callbacks do at its beginning is undone.
        if self._within_epoch():
            self.callbacks.on_epoch_begin(self.epoch)
        # 3. Model, random numbers, callbacks.
        put_back(snapshot, self.model, self.callbacks.callbacks)
        self.non_finite.begin(snapshot["skipped"], snapshot["roll_backs"])
        # 4. The learning rate: a newly compiled constant rate overrides the checkpoint's.
        before = snapshot["learning_rate"]
        if None in (self._rate, before) or self._rate == before:
            self._rate = before
        else:
            self.model.optimizer.learning_rate = self._rate


def _constant_rate(model: keras.Model) -> float | None:
    """The learning rate of a model's optimizer; None if it follows a schedule."""
    rate = getattr(model.optimizer, "learning_rate", None)
    return number(rate) if isinstance(rate, keras.Variable) else None
