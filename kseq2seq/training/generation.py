"""What a model generates as it learns: scores in the logs, samples in TensorBoard."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import tensorflow as tf

from kseq2seq.checks import check_whole, raw_texts
from kseq2seq.metrics import Scores, TextMetric
from kseq2seq.metrics.references import Reference, checked_references
from kseq2seq.metrics.text import chosen, scored
from kseq2seq.plot import alignment
from kseq2seq.plot.pictures import need_matplotlib
from kseq2seq.training.averaging import averaged_weights, warm_averages

_MARKUP = re.compile(r"[\\`*_\[\]<>&|~$]")


class GenerationScore(keras.callbacks.Callback):
    """Scores generated texts after an epoch and adds the scores to its logs.

    Where the optimizer averages the weights (`use_ema=True`), the averaged ones generate, and the
    average starts warm; see `warm_averages`.

    Put it before `EarlyStopping(monitor="val_chrf", mode="max")` or `ModelCheckpoint`, which then
    find its scores there. They keep the weights as they are: to keep the averaged ones, put
    `keras.callbacks.SwapEMAWeights(swap_on_epoch=True)` between it and them.

    The logs of an epoch that is not scored have no scores, so that the patience of `EarlyStopping`
    counts scorings. `ModelCheckpoint(save_best_only=True)` warns and saves in such an epoch: use
    it with `every=1`.

    Args:
        generate: maps a list of source texts to a list of target texts with the model as it is;
            a `Pipeline`'s `texts` method does.
        sources: N source texts.
        references: N target texts, or N lists of some.
        metrics: names, without "val_", and functions (hypotheses, references) -> float; BLEU and
            chrF if None.
        every: score each `every`-th epoch, the first included.

    Attributes:
        scores: the last ones by their names in the logs. Printing them shows how they were
            computed; BLEU's tokenizer is chosen by the scripts of the references, so it is the same
            in each epoch.

    Raises:
        TypeError: if something else than texts is given.
        ValueError: if sources and references differ in number, or `every` is less than 1.

    Example:
        >>> from kseq2seq.training import GenerationScore
        >>> callback = GenerationScore(lambda texts: [t.upper() for t in texts], ["a"], ["A"])
        >>> model = keras.Sequential()  # `fit` does what follows
        >>> model.compile()
        >>> callback.set_model(model)
        >>> logs = {}
        >>> callback.on_epoch_end(0, logs)
        >>> round(logs["val_chrf"])
        100
    """

    def __init__(
        self,
        generate: Callable[[list[str]], Sequence[str]],
        sources: Sequence[str],
        references: Sequence[Reference],
        metrics: Mapping[str, TextMetric] | None = None,
        every: int = 1,
    ):
        super().__init__()
        self.sources, self.references = checked_pairs(sources, references, every)
        self.generate = generate
        self.metrics = chosen(metrics)
        self.every = every
        self.scores: dict[str, float] = {}

    def set_model(self, model: keras.Model) -> None:
        """Is called by `fit`."""
        super().set_model(model)
        warm_averages(model)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Scores, and adds `val_<name>` to the logs."""
        if epoch % self.every:
            return
        with averaged_weights(self.model):
            found = self.measure()
        self.scores = Scores({f"val_{name}": score for name, score in found.items()})
        if logs is not None:
            logs.update(self.scores)

    def measure(self) -> Scores:
        """Returns the score of each metric, with the model's weights as they are now."""
        return scored(self.metrics, list(self.generate(self.sources)), self.references)

    def get_state(self) -> dict:
        """Returns the last scores, for a checkpoint of a `Run`."""
        return {"scores": self.scores}

    def set_state(self, state: dict) -> None:
        """Takes back the last scores."""
        self.scores = state["scores"]


def checked_pairs(
    sources: Sequence[str], references: Sequence[Reference], every: int
) -> tuple[list[str], list]:
    """Returns sources and references; refuses those that are no pairs, and epochs that never come.

    Raises:
        TypeError: if something else than texts is given.
        ValueError: if they differ in number, or `every` is less than 1.
    """
    check_whole("every", every)
    texts, wanted = raw_texts(sources, "sources"), checked_references(references)
    if len(texts) != len(wanted) or not texts:
        raise ValueError(
            f"There must be one reference for each source, or one list of some, and at least one "
            f"source; got {len(texts)} sources and {len(wanted)} references."
        )
    return texts, wanted


class Sampled(Protocol):
    """What is made of one source; a `Prediction` of a `Pipeline` is one.

    Attributes:
        text: the target.
        source_tokens: S tokens of the source.
        target_tokens: T tokens of the target.
        alignment: float (T, S), where each target token looked; None for no picture.
    """

    text: str
    source_tokens: list[str]
    target_tokens: list[str]
    alignment: Any


class Samples(keras.callbacks.Callback):
    """Shows in TensorBoard what the model makes of a few sources after each epoch, and its looks.

    Under "Text" is a table of sources, references and generated texts; under "Images", for a
    model with attention, a picture of each alignment. Steps are epochs, as for the curves of
    `keras.callbacks.TensorBoard`, which this goes along with in one directory. Where the optimizer
    averages the weights (`use_ema=True`), the averaged ones generate, and the average starts warm.

    Args:
        directory: where to write events; `tensorboard --logdir` of it shows them.
        generate: maps a list of source texts to a list of predictions with the model as it is: a
            `Pipeline`, or one with alignments, such as
            `lambda texts: pipeline(texts, search=Greedy(), alignments=True)`.
        sources: N source texts.
        references: N target texts, or N lists of some.
        every: show each `every`-th epoch, the first included.

    Raises:
        ImportError: if TensorBoard or Matplotlib is not installed.
        ValueError: if sources and references differ in number, or `every` is less than 1.

    Example:
        ::

            samples = Samples("runs/a/tensorboard", pipeline, sources[:5], references[:5])
            curves = keras.callbacks.TensorBoard("runs/a/tensorboard")
            model.fit(batches, callbacks=[samples, curves])
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        generate: Callable[[list[str]], Sequence[Sampled]],
        sources: Sequence[str],
        references: Sequence[Reference],
        every: int = 1,
    ):
        super().__init__()
        self.sources, self.references = checked_pairs(sources, references, every)
        _need_tensorboard()
        need_matplotlib()
        self.directory = os.fspath(directory)
        self.generate = generate
        self.every = every
        self._writer: Any = None

    def set_model(self, model: keras.Model) -> None:
        """Is called by `fit`."""
        super().set_model(model)
        warm_averages(model)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Opens a file of events; TensorBoard puts those of several `fit` together."""
        self._writer = tf.summary.create_file_writer(self.directory)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Generates and writes."""
        if epoch % self.every:
            return
        with averaged_weights(self.model):
            made = list(self.generate(self.sources))
        wanted = [text if isinstance(text, str) else " / ".join(text) for text in self.references]
        rows = zip(self.sources, wanted, [each.text for each in made], strict=True)
        with self._writer.as_default(step=epoch):
            tf.summary.text("samples", markdown_table(("source", "reference", "generated"), rows))
            for number, each in enumerate(made, start=1):
                if each.alignment is not None:
                    tf.summary.image(f"alignment/{number}", _picture(each)[tf.newaxis])
        self._writer.flush()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Closes the file."""
        self._writer.close()


def markdown_table(names: Sequence[str], rows: Any) -> str:
    r"""Returns a table whose cells show their texts as they are, whatever marks are in them.

    Args:
        names: of the columns.
        rows: as many texts each.

    Example:
        >>> print(markdown_table(("a", "b"), [("1 | 2", "*\n*")]))
        | a | b |
        | --- | --- |
        | 1 &#124; 2 | &#42; &#42; |
    """
    lines = [names, ["---"] * len(names), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return _MARKUP.sub(lambda mark: f"&#{ord(mark[0])};", " ".join(text.split()))


def _picture(sample: Sampled) -> tf.Tensor:
    """A picture of an alignment, uint8 (height, width, 3)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "alignment.png")
        alignment(sample.source_tokens, sample.target_tokens, sample.alignment, path)
        return tf.io.decode_png(path.read_bytes(), channels=3)


def _need_tensorboard() -> None:
    """Says how to install TensorBoard where it is missing: `tf.summary` is in it."""
    try:
        import tensorboard  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "`Samples` requires TensorBoard, which is not installed. Install it with "
            "pip install 'kseq2seq[tensorboard]'."
        ) from error
