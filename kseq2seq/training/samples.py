"""What a model writes as it learns, and where it looks, in TensorBoard."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import tensorflow as tf

from kseq2seq.metrics.references import Reference
from kseq2seq.plot import alignment
from kseq2seq.plot.pictures import need_matplotlib
from kseq2seq.training.averaging import averaged_weights, warm_averages
from kseq2seq.training.callbacks import checked_pairs

_MARKUP = re.compile(r"[\\`*_\[\]<>&|~$]")


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
