"""Training that goes on where it was, whatever ended it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_number, check_whole
from kseq2seq.models import Fitted
from kseq2seq.runs.checkpoints import whole
from kseq2seq.runs.contents import read_state
from kseq2seq.runs.signals import Signals
from kseq2seq.runs.snapshot import comparable
from kseq2seq.runs.training import Training


class Run:
    """A directory that a training run lives in, through kills, full disks and NaN.

    `fit` writes checkpoints as it trains: weights, all of the optimizer, metrics, random numbers,
    callbacks and the position in the data. Called again, in another process or the same one, it
    goes on from the newest, in the middle of an epoch too, as if nothing had been. With
    `keras.utils.set_random_seed` and `tf.config.experimental.enable_op_determinism()` the weights
    are then equal bit for bit to those of a run that nothing ended; without the latter they were so
    too in all tests on a CPU, where it costs nothing to speak of. A SIGTERM or a Ctrl-C is answered
    at once and ends training after the current step, which is saved first; a second one ends at
    once, even while a step is compiled.

    In the directory are `checkpoints/`, whose files are never half written, `history.jsonl` with a
    line for each epoch, and `lock`, by which a second process is refused.

    Args:
        directory: made where missing.
        every_steps: write a checkpoint each time so many batches have been trained on.
        every_minutes: write a checkpoint when the last is so many minutes old. The last state is
            always written, and so `None` for both writes that alone.
        keep: how many checkpoints stay, the newest; more than 1, or a damaged one ends the run.
        on_nan: what to do when the loss or a weight is not finite. "stop" raises. "skip" undoes
            that step, weights, metrics and all, and goes on with the next batch, for one copy of
            weights and optimizer in memory. "roll_back" goes back to the newest checkpoint, of
            which the first is written after the first step, and on with the data after the bad
            batch. What is not finite is never written.
        nan_limit: raise after so many steps skipped in a row, or so many roll-backs in a run.
        on_full_disk: "go_on" warns, keeps the checkpoints that are there and tries again when the
            next is due; "stop" raises. A last state that can't be written always raises, after the
            model has been made ready.

    Raises:
        ValueError: if a setting makes no sense.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from kseq2seq.runs import Run
        >>> def model():
        ...     model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        ...     model.compile("adam", "mse")
        ...     return model
        >>> batches = tf.data.Dataset.from_tensors((np.ones((8, 1)), np.ones((8, 1)))).repeat()
        >>> run = Run(tempfile.mkdtemp())
        >>> history = run.fit(model(), batches, steps=4, steps_per_epoch=2, verbose=0)
        >>> history = run.fit(model(), batches, steps=6, steps_per_epoch=2, verbose=0)
        >>> history.epoch
        [0, 1, 2]
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        every_steps: int | None = None,
        every_minutes: float | None = 5.0,
        keep: int = 3,
        on_nan: Literal["stop", "skip", "roll_back"] = "stop",
        nan_limit: int = 5,
        on_full_disk: Literal["go_on", "stop"] = "go_on",
    ):
        self.directory = Path(directory)
        self.every_steps = None if every_steps is None else check_whole("every_steps", every_steps)
        self.every_minutes = (
            None
            if every_minutes is None
            else check_number("every_minutes", every_minutes, above=True)
        )
        self.keep = check_whole("keep", keep)
        self.on_nan = _one_of("on_nan", on_nan, ("stop", "skip", "roll_back"))
        self.nan_limit = check_whole("nan_limit", nan_limit)
        self.on_full_disk = _one_of("on_full_disk", on_full_disk, ("go_on", "stop"))

    def fit(
        self,
        model: keras.Model,
        batches: tf.data.Dataset,
        *,
        steps: int,
        steps_per_epoch: int,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        validation_data: Any = None,
        validation_steps: int | None = None,
        compile_ahead: int = 0,
        verbose: Literal["auto", 0, 1, 2] = "auto",
    ) -> keras.callbacks.History:
        """Trains until `steps` batches have been trained on in all, in this call and before.

        It is Keras' `fit` otherwise: metrics, callbacks, `steps_per_execution`, XLA and averaged
        weights, which start warm (see `warm_averages`) and are in the model at the end (checkpoints
        hold the others, so that a run may go on with more steps; `BetterWeights` chooses).
        Callbacks go on as well if they have `get_state()` and `set_state(state)`, as those of this
        package have, or are Keras' `EarlyStopping`, `ReduceLROnPlateau`, `ModelCheckpoint`,
        `SwapEMAWeights` or `TensorBoard`; others begin anew.

        A newly compiled constant learning rate overrides the checkpoint's; otherwise the
        checkpoint's is used, which a callback may have lowered.

        Args:
            model: a compiled model, built and compiled as when the run was begun.
            batches: a dataset as `fit` takes it, without end, or of at least `steps` batches; the
                same as when the run was begun.
            steps: batches in all.
            steps_per_epoch: batches from one validation, and line of history, to the next.
            callbacks: of Keras, of this package, or your own.
            validation_data: what `model.evaluate` takes, for the end of each epoch.
            validation_steps: how many batches of it.
            compile_ahead: compile for so many shapes of a batch before the first step; see
                `compile_ahead`, also for which data may be read twice.
            verbose: 0 for silence, 2 for a line an epoch as in a log, 1 for one that is rewritten
                in between; "auto" chooses by whether there is a terminal. See `Progress`.

        Returns:
            The history of the whole run, as `fit` returns it.

        Raises:
            TypeError: if `batches` is no dataset.
            ValueError: if the model is not compiled, the data ends too soon, another process is
                training in the directory, no checkpoint can be used, or the newest is of another
                model, optimizer or data.
            FloatingPointError: if the loss or a weight is not finite and `on_nan` says so.
            OSError: if a checkpoint can't be written; see `on_full_disk`.
            SystemExit: with 143, after a SIGTERM and saving; what a full disk has no room for is
                warned of.
            KeyboardInterrupt: after a Ctrl-C and saving, likewise.
        """
        check_whole("steps", steps)
        check_whole("steps_per_epoch", steps_per_epoch)
        check_whole("compile_ahead", compile_ahead, least=0)
        if not getattr(model, "compiled", False):
            raise ValueError("The model is not compiled; call model.compile(...) first.")
        if not isinstance(batches, tf.data.Dataset):
            raise TypeError(
                f"`batches` must be a tf.data.Dataset of batches, such as `train_batches` returns; "
                f"got {type(batches).__name__}."
            )
        at_once = model.steps_per_execution
        if steps % at_once or steps_per_epoch % at_once:
            raise ValueError(
                f"`steps` and `steps_per_epoch` must be multiples of the model's "
                f"steps_per_execution={at_once}; got {steps} and {steps_per_epoch}."
            )
        if 0 <= (count := int(batches.cardinality())) < steps:
            raise ValueError(
                f"The data has {count} batches, fewer than steps={steps}; give batches.repeat()."
            )
        if (
            validation_steps is None
            and isinstance(validation_data, tf.data.Dataset)
            and validation_data.cardinality() == tf.data.INFINITE_CARDINALITY
        ):
            raise ValueError(
                "`validation_data` has no end; give `eval_batches(...)`, or `validation_steps`."
            )
        several = model.distribute_strategy.num_replicas_in_sync > 1
        if self.on_nan == "skip" and several and not isinstance(model, Fitted):
            raise ValueError(
                "on_nan='skip' needs a model on one device, or one of `build_model` or a view of "
                "it; use on_nan='roll_back'."
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        with _locked(self.directory / "lock"), Signals() as signals:
            training = Training(self, model, batches, signals)
            return training.train(
                steps,
                steps_per_epoch,
                callbacks,
                {"x": validation_data, "steps": validation_steps},
                compile_ahead,
                verbose,
            )

    def weights(self, model: keras.Model) -> Iterator[list[np.ndarray]]:
        """Yields the weights of each checkpoint that is kept, from old to new; changes nothing.

        Where the optimizer averages the weights (`use_ema=True`), these are the others, which it
        trains.

        Args:
            model: what `fit` is given; compiled or not.

        Returns:
            Lists of arrays for `model.set_weights`, or for `average_weights`.

        Raises:
            FileNotFoundError: if there is no checkpoint that is as it was written.
            ValueError: if a checkpoint is of another model.

        Example:
            ::

                model.set_weights(average_weights(Run("runs/first", keep=5).weights(model)))
        """
        wanted = {id(weight) for weight in model.weights}
        for path in whole(self.directory / "checkpoints"):
            nest = read_state(path)
            here, there = comparable(model.variables, nest)
            if here != there[: len(here)]:
                raise ValueError(f"{path} is of another model than {model.name!r}.")
            pairs = zip(model.variables, nest["variables"], strict=False)
            yield [value for variable, value in pairs if id(variable) in wanted]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps other processes out, where the system has such locks; a kill opens them."""
    if os.path.lexists(path) and not path.is_file():
        raise ValueError(f"{path} must be a file, and something else is there. Move it away.")
    with path.open("a") as file:
        try:
            import fcntl
        except ImportError:
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"Another process is training in {path.parent}; wait for it, or name another "
                "directory."
            ) from None
        except OSError as error:
            warnings.warn(
                f"{path} can't be locked ({error.strerror}). See to it that no other process "
                f"trains in {path.parent}.",
                stacklevel=4,
            )
        yield


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> Any:
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, choices))}; got {value!r}.")
    return value
