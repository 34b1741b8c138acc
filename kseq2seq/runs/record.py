"""The callback that records a run: settings, data, code and machine, minutes and logs."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import keras
import numpy as np
from keras.src.utils.rng_utils import get_random_seed

from kseq2seq.data import Corpus
from kseq2seq.runs.description import checksums, describe, environment, json_settings, revision
from kseq2seq.runs.journal import Clock
from kseq2seq.runs.records import FILE, read_record, write_record
from kseq2seq.training.state import number


class Record(keras.callbacks.Callback):
    """Records what a run is and how far it is, in `run.json`.

    The record holds your settings, the model's configuration and size, optimizer and loss, seed,
    checksums of the data, git commit, versions and devices, the time it began, all its minutes and
    those before first steps had ended ("compiling"), its steps, and the last, least and most of
    each number in the logs. `python -m kseq2seq.runs` compares the records of several runs.

    It is written before the first batch and after each epoch. A model that has not taken a step
    yet begins a new record and replaces an earlier one. A model that continues, in a `Run` or in
    another `fit`, adds to the record: minutes add up, and the list `resumed` says when it resumed,
    at which step, and what had changed. If the data has changed, there is a warning. In a `Run`,
    pass the directory of the run.

    Put it after the callbacks whose scores it should record.

    Args:
        directory: of the run; made if missing.
        settings: names and values that JSON can hold, for example `vars(parser.parse_args())`;
            paths are written as strings.
        model: the model to describe, if a view of it is trained (for example from `packed`); the
            trained model if None.
        data: names and corpora, for example from `split_corpora`, or paths of files.

    Raises:
        FileNotFoundError: if there is no such data file.
        TypeError: if JSON can't hold a setting, or data is neither a corpus nor a path.
        ValueError: if a setting is not a finite number.

    Example:
        >>> import tempfile
        >>> from kseq2seq.runs import Record, add_scores
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("adam", "mse")
        >>> directory = Path(tempfile.mkdtemp())
        >>> record = Record(directory, settings={"units": 1})
        >>> _ = model.fit(np.ones((8, 1)), np.ones((8, 1)), callbacks=[record], verbose=0)
        >>> add_scores(directory, {"bleu": 31.2})
        >>> run = read_record(directory / "run.json")
        >>> run["state"], run["settings"], run["steps"], run["scores"]
        ('finished', {'units': 1}, 1, {'bleu': 31.2})
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        settings: Mapping[str, Any] | None = None,
        model: keras.Model | None = None,
        data: Mapping[str, Corpus | str | os.PathLike[str]] | None = None,
    ):
        super().__init__()
        if not isinstance(settings, Mapping | None):
            raise TypeError(f"`settings` must be a dict; got {type(settings).__name__}.")
        self.path = Path(directory) / FILE
        self._other_model = model  # `_model` is Keras' own
        self._arguments = {
            "settings": json_settings({} if settings is None else settings, "settings"),
            "data": checksums({} if data is None else data),
        }
        self._record: dict[str, Any] = {}  # until the first batch
        self._clock = Clock()
        self._lock: IO | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts the clock."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _shared_lock(self.path.with_name("lock"))
        self._record, self._clock = {}, Clock()

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Begins before the first batch: only now has a `Run` restored the model."""
        if not self._record:
            self._begin()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Counts the step by the clock."""
        self._clock.step()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Adds the logs and writes."""
        if not self._record:
            return
        for name, value in (logs or {}).items():
            array = np.asarray(value)
            if array.ndim == 0 and array.dtype.kind in "biuf":
                _add(self._record["logs"].setdefault(name, {}), float(array))
        self._write_if_possible()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Marks the record as finished and writes it."""
        if not self._record and self._step():  # a run that had no step left
            self._begin()
        if self._record:
            self._record["state"] = "finished"
            self._write_if_possible()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def get_state(self) -> dict[str, Any]:
        """Returns the minutes until now, for a checkpoint of a `Run`."""
        return {"minutes": self._clock.seconds / 60}

    def set_state(self, state: dict[str, Any]) -> None:
        """Counts minutes up to a checkpoint, if the record is older."""
        self._clock.catch_up(60 * state["minutes"])

    def _begin(self) -> None:
        """Begins a record, or adds to the one that is there."""
        now = {
            **self._arguments,
            "seed": get_random_seed(),
            "optimizer": describe(self.model.optimizer),
            "loss": describe(self.model.loss),
            "git": revision(),
            "environment": {
                **environment(),
                "precision": self._described_model.dtype_policy.name,
                "jit_compile": bool(self.model.jit_compile),
            },
        }
        at, step = datetime.now(UTC).isoformat(timespec="seconds"), self._step()
        if step and self.path.exists():
            self._record = record = read_record(self.path)
            clock = self._clock
            clock.seconds_before = max(clock.seconds_before, 60 * record["minutes"])
            clock.compiling_before = 60 * record.get("compiling", 0.0)
            changed = {name: value for name, value in now.items() if value != record.get(name)}
            for name, part in self._arguments["data"].items():
                before = record["data"].get(name, part)
                if part["sha256"] != before.get("sha256"):
                    warnings.warn(
                        f"The run recorded in {self.path.parent} continues with other data than "
                        f"before: {name!r} is {part} in place of {before}.",
                        stacklevel=2,
                    )
            resumed = {"at": at, "step": step, "minutes": record["minutes"], **changed}
            record |= {"state": "training", "resumed": [*record["resumed"], resumed]}
        else:
            self._record = {
                "state": "training",
                "began": at,
                "minutes": 0.0,
                "compiling": 0.0,
                "steps": step,
                "logs": {},
                "scores": {},
                "model": describe(self._described_model),
                **now,
                "resumed": [],
            }
        self._write()

    def _write(self) -> None:
        record = self._record
        if self._described_model.built:  # Keras may build it in its first step
            record["model"]["parameters"] = self._described_model.count_params()
        record |= {**self._clock.minutes(), "steps": self._step()}
        write_record(self.path, record)

    def _write_if_possible(self) -> None:
        """Writes, or warns; training continues in either case."""
        try:
            with suppress(OSError, ValueError):  # scores may have been added since
                self._record["scores"] = read_record(self.path)["scores"]
            self._write()
        except (OSError, ValueError) as error:
            warnings.warn(f"{self.path} could not be written: {error}", stacklevel=2)

    @property
    def _described_model(self) -> keras.Model:
        return self.model if self._other_model is None else self._other_model

    def _step(self) -> int:
        return int(number(self.model.optimizer.iterations))


def _shared_lock(path: Path) -> IO | None:
    """Takes a lock that shows that the run is training, until it is closed or the process ends.

    A `Run` in this directory holds that lock already.
    """
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return None
    if path.exists() and not path.is_file():  # for example a pipe, which would block
        return None
    file = path.open("a")
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return file


def _add(log: dict[str, float | None], value: float) -> None:
    """Updates the last, least and most of a number in the logs."""
    if not math.isfinite(value):
        log["last"] = None
        return
    log["last"] = value
    for name, choose in (("least", min), ("most", max)):
        before = log.get(name)
        log[name] = value if before is None else choose(value, before)
