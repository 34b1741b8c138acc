"""What a run is: its settings, data, code and machine, its minutes and scores, in one file."""

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
from kseq2seq.runs.description import checksums, described, environment, plain, revision
from kseq2seq.runs.journal import Clock
from kseq2seq.runs.records import FILE, read_record, write_record
from kseq2seq.training.state import number


class Record(keras.callbacks.Callback):
    """Writes down what a run is and how far it has come, in `run.json`.

    That is: the settings given, the model's configuration and size, optimizer and loss, seed,
    checksums of the data, git commit, versions and devices, when it began, minutes in all, how many
    of them were spent compiling before a first step had ended, steps, and of each number in the
    logs the last, the least and the most. `python -m kseq2seq.runs` compares
    the records of several runs.

    It is written when the first batch is due and after each epoch. A model that has taken no step
    yet begins a new record, in the place of what was there. One that goes on, in a `Run` or in
    another `fit`, adds to the record: minutes add up, and when it went on, from which step and
    with what else than before is listed as `resumed`; other data is warned of. In a `Run`, give its
    directory.

    Put it after the callbacks whose scores it shall note.

    Args:
        directory: of the run; made where missing.
        settings: names and values that JSON can hold, such as `vars(parser.parse_args())`; paths
            are written as strings.
        model: what to describe where a view of it is fitted, such as `packed` makes; by default
            what is fitted.
        data: names and corpora, such as `split_corpora` returns, or paths of files.

    Raises:
        FileNotFoundError: if there is no such data file.
        TypeError: if a setting or data is of another kind.
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
        >>> kept = read_record(directory / "run.json")
        >>> kept["state"], kept["settings"], kept["steps"], kept["scores"]
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
        self._of = model  # `_model` is Keras' own
        self._given = {
            "settings": plain({} if settings is None else settings, "settings"),
            "data": checksums({} if data is None else data),
        }
        self._record: dict[str, Any] | None = None
        self._minutes_before, self._compiling_before = 0.0, 0.0
        self._clock = Clock()
        self._lock: IO | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts the clock."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _shared(self.path.with_name("lock"))
        self._record, self._minutes_before, self._compiling_before = None, 0.0, 0.0
        self._clock.begin()

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Writes, before the first batch: only now a `Run` has put back what was there before."""
        if self._record is None:
            self._begin()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Looks at the clock."""
        self._clock.step()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Notes the logs and writes."""
        if self._record is None:
            return
        for name, value in (logs or {}).items():
            array = np.asarray(value)
            if array.ndim == 0 and array.dtype.kind in "biuf":
                _note(self._record["logs"].setdefault(name, {}), float(array))
        self._write_if_possible()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Writes that it is finished."""
        if self._record is None and self._step():  # a run that had no step left
            self._begin()
        if self._record is not None:
            self._record["state"] = "finished"
            self._write_if_possible()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def get_state(self) -> dict[str, Any]:
        """Returns the minutes until now, for a checkpoint of a `Run`."""
        return {"minutes": self._minutes()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes back minutes that were noted after the record was written."""
        self._minutes_before += max(0.0, state["minutes"] - self._minutes())

    def _begin(self) -> None:
        """Begins a record, or finds the one that this goes on with."""
        now = {
            **self._given,
            "seed": get_random_seed(),
            "optimizer": described(self.model.optimizer),
            "loss": described(self.model.loss),
            "git": revision(),
            "environment": {
                **environment(),
                "precision": self._described.dtype_policy.name,
                "jit_compile": bool(self.model.jit_compile),
            },
        }
        at, step = datetime.now(UTC).isoformat(timespec="seconds"), self._step()
        if step and self.path.exists():
            self._record = record = read_record(self.path)
            self._minutes_before = max(self._minutes_before, record["minutes"])
            self._compiling_before = record.get("compiling", 0.0)
            anew = {name: value for name, value in now.items() if value != record.get(name)}
            for name, part in self._given["data"].items():
                before = record["data"].get(name, part)
                if part["sha256"] != before.get("sha256"):
                    warnings.warn(
                        f"What is recorded in {self.path.parent} goes on with other data than "
                        f"before: {name!r} is {part} in place of {before}.",
                        stacklevel=2,
                    )
            went_on = {"at": at, "step": step, "minutes": record["minutes"], **anew}
            record |= {"state": "training", "resumed": [*record["resumed"], went_on]}
        else:
            self._record = {
                "state": "training",
                "began": at,
                "minutes": 0.0,
                "compiling": 0.0,
                "steps": step,
                "logs": {},
                "scores": {},
                "model": described(self._described),
                **now,
                "resumed": [],
            }
        self._write()

    def _write(self) -> None:
        record = self._record
        assert record is not None
        if self._described.built:  # Keras may build it in its first step
            record["model"]["parameters"] = self._described.count_params()
        compiling = self._compiling_before + self._clock.compiling / 60
        record["minutes"], record["compiling"] = round(self._minutes(), 3), round(compiling, 3)
        record["steps"] = self._step()
        write_record(self.path, record)

    def _write_if_possible(self) -> None:
        """Writes; what can't be written is no reason to end training."""
        assert self._record is not None
        try:
            with suppress(OSError, ValueError):  # scores may have been added since
                self._record["scores"] = read_record(self.path)["scores"]
            self._write()
        except (OSError, ValueError) as error:
            warnings.warn(f"{self.path} could not be written: {error}", stacklevel=2)

    @property
    def _described(self) -> keras.Model:
        return self.model if self._of is None else self._of

    def _minutes(self) -> float:
        return self._minutes_before + self._clock.total / 60

    def _step(self) -> int:
        return int(number(self.model.optimizer.iterations))


def _shared(path: Path) -> IO | None:
    """Holds a lock until it is closed or the process ends, by which others see that it goes on.

    A `Run` in this directory holds that lock already.
    """
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return None
    if path.exists() and not path.is_file():  # a pipe, say, that would be waited for
        return None
    file = path.open("a")
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return file


def _note(kept: dict[str, float | None], value: float) -> None:
    """Keeps the last of several values, the least and the most."""
    if not math.isfinite(value):
        kept["last"] = None
        return
    least, most = kept.get("least"), kept.get("most")
    kept["last"] = value
    kept["least"] = value if least is None else min(value, least)
    kept["most"] = value if most is None else max(value, most)
