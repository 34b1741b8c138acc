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
from kseq2seq.metrics.scoring import chosen, scored
from kseq2seq.plot import alignment
from kseq2seq.plot.pictures import need_matplotlib
from kseq2seq.training.averaging import averaged_weights, warm_averages

_MARKUP = re.compile(r"[\\`*_\[\]<>&|~$]")


class _Generating(keras.callbacks.Callback):
    """A callback that generates from a few sources after some epochs, with warm averages."""

    def __init__(
        self,
        generate: Callable[[list[str]], Sequence],
        sources: Sequence[str],
        references: Sequence[Reference],
        every: int,
    ):
        super().__init__()
        self.every = check_whole("every", every)
        self.sources = raw_texts(sources, "sources")
        self.references = checked_references(references)
        if len(self.sources) != len(self.references) or not self.sources:
            raise ValueError(
                "There must be one reference, or one list of references, for each source, and at "
                f"least one source; got {len(self.sources)} sources and {len(self.references)} "
                "references."
            )
        self.generate = generate

    def set_model(self, model: keras.Model) -> None:
        """Is called by `fit`."""
        super().set_model(model)
        warm_averages(model)


class GenerationScore(_Generating):
    """Scores generated texts after an epoch and adds the scores to its logs.

    If the optimizer averages the weights (`use_ema=True`), the averaged ones generate, and the
    average starts warm; see `warm_averages`.

    Put it before `EarlyStopping(monitor="val_chrf", mode="max")` or `ModelCheckpoint`, which then
    find its scores in the logs. They keep the raw weights: to keep the averaged ones, put
    `keras.callbacks.SwapEMAWeights(swap_on_epoch=True)` between it and them.

    An epoch without scoring has no scores in its logs, so the patience of `EarlyStopping` counts
    scorings. `ModelCheckpoint(save_best_only=True)` warns and saves after such an epoch: use it
    with `every=1`.

    Args:
        generate: maps a list of source texts to a list of target texts with the current weights,
            for example `pipeline.texts` of a `Pipeline`.
        sources: N source texts.
        references: N target texts, or N lists of several.
        metrics: names, without "val_", and functions (hypotheses, references) -> float; BLEU and
            chrF if None.
        every: score every `every`-th epoch, starting with the first.

    Attributes:
        scores: the last scores by their names in the logs. Printing them shows how they were
            computed; BLEU's tokenizer depends on the scripts of the references, so it is the same
            in each epoch.

    Raises:
        TypeError: if sources or references are not texts.
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
        super().__init__(generate, sources, references, every)
        self.metrics = chosen(metrics)
        self.scores: dict[str, float] = {}

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Scores, and adds `val_<name>` to the logs."""
        if epoch % self.every:
            return
        with averaged_weights(self.model):
            scores = self.measure()
        self.scores = Scores({f"val_{name}": score for name, score in scores.items()})
        if logs is not None:
            logs.update(self.scores)

    def measure(self) -> Scores:
        """Returns the score of each metric, with the model's current weights."""
        return scored(self.metrics, list(self.generate(self.sources)), self.references)

    def get_state(self) -> dict:
        """Returns the last scores, for a checkpoint of a `Run`."""
        return {"scores": self.scores}

    def set_state(self, state: dict) -> None:
        """Restores the last scores."""
        self.scores = state["scores"]


class Sampled(Protocol):
    """A generated target and its alignment, for example a `Prediction` of a `Pipeline`.

    Attributes:
        text: the target.
        source_tokens: S tokens of the source.
        target_tokens: T tokens of the target.
        alignment: float (T, S), the attention of each target token; None for no picture.
    """

    text: str
    source_tokens: list[str]
    target_tokens: list[str]
    alignment: Any


class Samples(_Generating):
    """Shows generated texts and their alignments in TensorBoard after each epoch.

    Under "Text" is a table of sources, references and generated texts; under "Images", for a
    model with attention, a picture of each alignment. Steps are epochs, as for the curves of
    `keras.callbacks.TensorBoard`, which can share the directory. If the optimizer averages the
    weights (`use_ema=True`), the averaged ones generate, and the average starts warm.

    Args:
        directory: where to write events; `tensorboard --logdir` of it shows them.
        generate: maps a list of source texts to a list of predictions with the current weights: a
            `Pipeline`, or for alignments
            `lambda texts: pipeline(texts, search=Greedy(), alignments=True)`.
        sources: N source texts.
        references: N target texts, or N lists of several.
        every: show every `every`-th epoch, starting with the first.

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
        super().__init__(generate, sources, references, every)
        _need_tensorboard()
        need_matplotlib()
        self.directory = os.fspath(directory)
        self._writer: Any = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Opens a file of events; TensorBoard puts those of several `fit` together."""
        self._writer = tf.summary.create_file_writer(self.directory)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Generates and writes."""
        if epoch % self.every:
            return
        with averaged_weights(self.model):
            samples = list(self.generate(self.sources))
        targets = [text if isinstance(text, str) else " / ".join(text) for text in self.references]
        rows = zip(self.sources, targets, [sample.text for sample in samples], strict=True)
        with self._writer.as_default(step=epoch):
            tf.summary.text("samples", markdown_table(("source", "reference", "generated"), rows))
            for number, sample in enumerate(samples, start=1):
                if sample.alignment is not None:
                    tf.summary.image(f"alignment/{number}", _picture(sample)[tf.newaxis])
        self._writer.flush()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Closes the file."""
        self._writer.close()


def markdown_table(names: Sequence[str], rows: Any) -> str:
    r"""Returns a Markdown table whose cells show their texts literally.

    Args:
        names: of the columns.
        rows: a text for each column, each.

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
    """Says how to install TensorBoard, which `tf.summary` needs."""
    try:
        import tensorboard  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "`Samples` requires TensorBoard, which is not installed. Install it with "
            "pip install 'kseq2seq[tensorboard]'."
        ) from error
