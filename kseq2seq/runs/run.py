"""A training run that resumes where it was, whatever ended it."""

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

from kseq2seq.checks import check_number, check_whole, one_of
from kseq2seq.models import Fitted
from kseq2seq.runs.checkpoints import usable_checkpoints
from kseq2seq.runs.contents import read_state
from kseq2seq.runs.non_finite import NonFinite
from kseq2seq.runs.saving import Saving
from kseq2seq.runs.signals import Signals
from kseq2seq.runs.snapshot import both_signatures
from kseq2seq.runs.training import Training


class Run:
    """A directory in which training survives kills, full disks and NaN.

    `fit` writes checkpoints as it trains: weights, the whole optimizer, metrics, random numbers,
    callbacks and the position in the data. Called again, in another process or the same one, it
    resumes from the newest, in the middle of an epoch too, as if nothing had happened. With
    `keras.utils.set_random_seed` and `tf.config.experimental.enable_op_determinism()` the weights
    are then equal bit for bit to those of an uninterrupted run. (On a CPU all tests found them so
    without the latter, too.) A SIGTERM or a Ctrl-C is answered at once and ends training after the
    current step, which is saved first; a second one ends at once, even while a step is compiled.

    The directory holds `checkpoints/`, whose files are never half written, `history.jsonl` with a
    line for each epoch, and `lock`, which keeps a second process out.

    Args:
        directory: made if missing.
        every_steps: write a checkpoint every so many batches.
        every_minutes: write a checkpoint when the last is so many minutes old. The last state is
            always written; with `None` for both, nothing else is.
        keep: how many of the newest checkpoints stay. With 1, a damaged one ends the run.
        on_nan: what to do if the loss or a weight becomes infinite or NaN. "stop" raises. "skip"
            undoes that step, weights, metrics and all, and continues with the next batch, for one
            copy of weights and optimizer in memory. "roll_back" goes back to the newest checkpoint
            and continues with the data after the bad batch; the first checkpoint is written after
            the first step then. Weights that are not finite are never saved.
        nan_limit: raise after so many skipped steps in a row, or so many roll-backs in a run.
        on_full_disk: "go_on" warns, keeps the checkpoints that are there and tries again when the
            next is due; "stop" raises. If the last state can't be written, `fit` always raises,
            after it has made the model ready.

    Raises:
        ValueError: if a setting is out of range.

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
        one_of(("stop", "skip", "roll_back"), on_nan=on_nan)
        one_of(("go_on", "stop"), on_full_disk=on_full_disk)
        self.nan_limit = check_whole("nan_limit", nan_limit)
        self.on_nan, self.on_full_disk = on_nan, on_full_disk

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

        Otherwise it is Keras' `fit`, with metrics, callbacks, `steps_per_execution`, XLA and
        averaged weights. These start warm (see `warm_averages`) and are in the model at the end;
        checkpoints hold the others, so that a run may continue with more steps (`BetterWeights`
        chooses). Callbacks resume, too, if they have `get_state()` and `set_state(state)`, like
        those of this package, or are Keras' `EarlyStopping`, `ReduceLROnPlateau`,
        `ModelCheckpoint`, `SwapEMAWeights` or `TensorBoard`; others start anew.

        A newly compiled constant learning rate overrides the checkpoint's; otherwise the
        checkpoint's is used, which a callback may have lowered.

        Args:
            model: a compiled model, built and compiled as when the run began.
            batches: a dataset as `fit` takes it, endless or of at least `steps` batches; the same
                as when the run began.
            steps: batches in all.
            steps_per_epoch: batches from one validation, and line of history, to the next.
            callbacks: of Keras, of this package, or your own.
            validation_data: what `model.evaluate` takes, for the end of each epoch.
            validation_steps: how many batches of it.
            compile_ahead: compile so many shapes of a batch before the first step; see
                `kseq2seq.training.compile_ahead`, also for which data may be read twice.
            verbose: 0 prints nothing, 2 a line for each epoch as in a log, 1 a line that is
                rewritten in between; "auto" depends on whether there is a terminal. See `Progress`.

        Returns:
            The history of the whole run, as `fit` returns it.

        Raises:
            TypeError: if `batches` is not a dataset.
            ValueError: if the model is not compiled, the data ends too soon, another process is
                training in the directory, no checkpoint can be used, or the newest is of another
                model, optimizer or data.
            FloatingPointError: if the loss or a weight is not finite; see `on_nan`.
            OSError: if a checkpoint can't be written; see `on_full_disk`.
            SystemExit: with 143, after a SIGTERM and saving; if the disk is full, a warning says
                that the state was not saved.
            KeyboardInterrupt: after a Ctrl-C and saving, likewise.
        """
        check_whole("steps", steps)
        check_whole("steps_per_epoch", steps_per_epoch)
        check_whole("compile_ahead", compile_ahead, least=0)
        if not getattr(model, "compiled", False):
            raise ValueError("The model is not compiled; call model.compile(...) first.")
        if not isinstance(batches, tf.data.Dataset):
            raise TypeError(
                f"`batches` must be a tf.data.Dataset of batches, for example from "
                f"`train_batches`; got {type(batches).__name__}."
            )
        at_once = model.steps_per_execution
        if steps % at_once or steps_per_epoch % at_once:
            raise ValueError(
                f"`steps` and `steps_per_epoch` must be multiples of the model's "
                f"steps_per_execution={at_once}; got {steps} and {steps_per_epoch}."
            )
        if 0 <= (count := int(batches.cardinality())) < steps:
            raise ValueError(
                f"The data has {count} batches, fewer than steps={steps}. Pass batches.repeat()."
            )
        if (
            validation_steps is None
            and isinstance(validation_data, tf.data.Dataset)
            and validation_data.cardinality() == tf.data.INFINITE_CARDINALITY
        ):
            raise ValueError(
                "`validation_data` has no end. Pass `eval_batches(...)`, or `validation_steps`."
            )
        several = model.distribute_strategy.num_replicas_in_sync > 1
        if self.on_nan == "skip" and several and not isinstance(model, Fitted):
            raise ValueError(
                "on_nan='skip' needs a model on one device, or one of `build_model` or a view of "
                "it. Use on_nan='roll_back'."
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        with _locked(self.directory / "lock"), Signals() as signals:
            first_step = self.on_nan == "roll_back"  # there must be one to go back to
            settings = self.every_steps, self.every_minutes, self.on_full_disk, first_step
            saving = Saving(self.directory, self.keep, *settings)
            non_finite = NonFinite(self.on_nan, self.nan_limit)
            return Training(model, batches, saving, non_finite, signals).train(
                steps,
                steps_per_epoch,
                callbacks,
                {"x": validation_data, "steps": validation_steps},
                compile_ahead,
                verbose,
            )

    def weights(self, model: keras.Model) -> Iterator[list[np.ndarray]]:
        """Yields the weights of each checkpoint, from old to new; changes nothing.

        If the optimizer averages the weights (`use_ema=True`), these are not the averages but the
        weights that it trains.

        Args:
            model: the model that `fit` takes; compiled or not.

        Returns:
            Lists of arrays for `model.set_weights`, or for `average_weights`.

        Raises:
            FileNotFoundError: if there is no undamaged checkpoint.
            ValueError: if a checkpoint is of another model.

        Example:
            ::

                model.set_weights(average_weights(Run("runs/first", keep=5).weights(model)))
        """
        wanted = {id(weight) for weight in model.weights}
        for path in usable_checkpoints(self.directory / "checkpoints"):
            state = read_state(path)
            here, there = both_signatures(model.variables, state)
            if here != there[: len(here)]:
                raise ValueError(f"{path} is of another model than {model.name!r}.")
            pairs = zip(model.variables, state["variables"], strict=False)
            yield [value for variable, value in pairs if id(variable) in wanted]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps other processes out, if the system has such locks; a kill opens them."""
    if os.path.lexists(path) and not path.is_file():
        raise ValueError(f"{path} must be a file, but something else is there. Move it away.")
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
                f"Another process is training in {path.parent}. Wait for it, or use another "
                "directory."
            ) from None
        except OSError as error:
            warnings.warn(
                f"{path} can't be locked ({error.strerror}). Make sure that no other process "
                f"trains in {path.parent}.",
                stacklevel=4,
            )
        yield
