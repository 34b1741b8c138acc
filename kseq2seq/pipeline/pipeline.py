"""A model with all it needs to be used: generated from, scored, kept and shipped."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kseq2seq.checks import raw_texts
from kseq2seq.contracts import Source, Target
from kseq2seq.decoding import Ensemble, Filter, Search, Speculative, fingerprint, seeds_of
from kseq2seq.decoding.requests import check_filters, check_search
from kseq2seq.deprecation import renamed
from kseq2seq.metrics import Scores, TextMetric, label_accuracy
from kseq2seq.metrics.references import Reference, checked_references
from kseq2seq.metrics.scoring import chosen, scored
from kseq2seq.models import BuiltModel
from kseq2seq.pipeline.exporting import export_parts
from kseq2seq.pipeline.files import FileProgress, generate_lines, print_progress
from kseq2seq.pipeline.generator import Generator
from kseq2seq.pipeline.matching import with_lengths
from kseq2seq.pipeline.prediction import Prediction
from kseq2seq.pipeline.scoring import Score, score_pairs
from kseq2seq.pipeline.storage import load_parts, save_parts
from kseq2seq.text import Tokenizer

MOST_EXAMPLES = 16  # that a pipeline keeps


class Pipeline(Generator):
    """A model with its source, its target and its search.

    A source text may be a raw of any other kind of source, for example an array. A target has at
    most `target.max_length` ids, its end included. A source that holds nothing, for example a text
    without a token, gives an empty text.

    Args:
        model: of `build_model`, or an `Ensemble` or `Speculative` of some.
        source: turns raw sources into its inputs. A tokenizer stands for a `TextSource` of at most
            512 tokens, or as many as the model has positions for.
        target: turns its ids into raw texts, or labels with spaces between them. A tokenizer stands
            for a `TextTarget` of at most 128 tokens, or as many as the model has positions for.
        search: used unless a call names another: a `Search`, or its name, for example "beam";
            `Beam()` by default, and `Greedy()` for a model without a decoder.
        examples: raw sources of the kind the model is for, for example some held out of training.
            The first 16 are kept: `save` writes them, and `export` compares a TFLite file with the
            model on them and puts them into a SavedModel, where a server warms up with them. Pass
            none if they must not leave your machine.

    Attributes:
        examples: the sources that are kept, at most 16; may be set.

    Raises:
        TypeError: if `examples` holds anything but sources.
        ValueError: if model, source and target do not agree.

    Example:
        >>> from kseq2seq import Beam, Pipeline, build_model
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> tokenizer = ByteTokenizer()
        >>> model = build_model("gru", source=tokenizer, target=tokenizer, hidden_dim=8)
        >>> pipeline = Pipeline(model, TextSource(tokenizer, 64), TextTarget(tokenizer, 8), Beam(2))
        >>> prediction = pipeline(["untrained"])[0]
        >>> len(prediction.alternatives)
        1
        >>> Pipeline(model, tokenizer, tokenizer, "greedy")
        <Pipeline gru: 512 tokens -> 128, Greedy(), 0 examples>
    """

    def __init__(
        self,
        model: BuiltModel | Ensemble | Speculative,
        source: Source | Tokenizer,
        target: Target | Tokenizer,
        search: Search | str | None = None,
        examples: Sequence[Any] = (),
    ):
        super().__init__(model, *with_lengths(model, source, target), search)
        self.examples = examples

    @property
    def examples(self) -> tuple[Any, ...]:
        """The raw sources that are kept with the pipeline, at most 16."""
        return self._examples

    @examples.setter
    def examples(self, raws: Sequence[Any]) -> None:
        self._examples = tuple(self.source.several(raws)[:MOST_EXAMPLES])

    def __repr__(self) -> str:
        """The model, the lengths, the search and the number of examples, on one line."""
        name = getattr(self.model, "name", type(self.model).__name__)
        return (
            f"<Pipeline {name}: {self.source.max_length} {self.source.unit} -> "
            f"{self.target.max_length}, {self.search}, {len(self.examples)} examples>"
        )

    @renamed(source="input_path", target="output_path")
    def generate_file(
        self,
        input_path: str | os.PathLike,
        output_path: str | os.PathLike,
        *,
        window: int = 4096,
        progress: Callable[[FileProgress], None] | None = print_progress,
        too_long: str | None = None,
        search: Search | str | None = None,
        max_length: int | None = None,
        filters: Sequence[Filter] = (),
        unsatisfied: str = "error",
        seed: int = 0,
        replace_unknown: bool = False,
        batch_size: int = 64,
        workers: int = 1,
    ) -> int:
        """Generates for each line of a file, of any size, in constant memory.

        A window of lines at a time is sorted by length, decoded, and written in its own order.
        Until all are done, the output is in `output_path` + ".part"; after an interruption, even a
        kill, the same call continues where it stopped, in another process too, with no line lost
        or doubled.

        Args:
            input_path: UTF-8, a text on each line; in a ".jsonl" file an object with a "text",
                which may hold line breaks. Unpacked if it is gzip, bzip2 or xz.
            output_path: where to write a line for each, not compressed; must not exist. In a
                ".jsonl" file a line is an object with a "text"; in others line breaks become
                spaces.
            window: how many lines are held at a time.
            progress: called with a `FileProgress` after each window, which also counts the targets
                that were cut at their limit; None is silent.
            too_long: "error", "split" or "cut", as for a call; if None, "split", or what the source
                does by itself where it can't be split.
            search: as for a call.
            max_length: as for a call.
            filters: as for a call, but none with a row for each text.
            unsatisfied: as for a call.
            seed: a whole number; what is drawn for a line depends on it and on the line's number.
            replace_unknown: as for a call.
            batch_size: as for a call; may change when an interrupted call continues.
            workers: as for a call.

        Returns:
            How many lines were written.

        Raises:
            FileExistsError: if `output_path` is there.
            FileNotFoundError: if `input_path` is not.
            ValueError: if a line is too long or not UTF-8, if the output's name is that of a
                compressed file, if an interrupted call had other settings or another model, or if
                another process is writing the same file.
        """
        if too_long is None:
            too_long = "split" if self.source.splits else self.source.too_long
        options: dict[str, Any] = {
            "search": self.search if search is None else check_search(search),
            "filters": check_filters(filters),
            "unsatisfied": unsatisfied,
            "replace_unknown": replace_unknown,
            "too_long": too_long,
            **({} if max_length is None else {"max_length": max_length}),
        }
        settings = {name: repr(value) for name, value in options.items()}
        settings |= {"seed": repr(seed), "model": fingerprint(self.model)}
        # The record on disk keeps the name that `beam_width` had when the format was made.
        settings["search"] = settings["search"].replace("beam_width=", "width=")

        def generate(texts: list[str], first: int) -> list[Prediction]:
            seeds = seeds_of(seed, first + len(texts)).numpy()[first:]
            return self(texts, seed=seeds, batch_size=batch_size, workers=workers, **options)

        return generate_lines(
            generate, input_path, output_path, settings, window=window, progress=progress
        )

    def score(
        self, sources: Sequence[Any], targets: Sequence[str], *, batch_size: int = 64
    ) -> list[Score]:
        """Returns the log-probability of each target, given its source, and of each token.

        Args:
            sources: N raw texts.
            targets: N raw texts.
            batch_size: how many pairs are run together, at most.

        Returns:
            N `Score`, in nats; the sums are what a search without penalties would give the same
            tokens.

        Raises:
            TypeError: if anything but strings is given.
            ValueError: if there is not one target for each source, or a text is too long.
        """
        return score_pairs(self, self._several(sources), raw_texts(targets, "targets"), batch_size)

    def log_probs(self, sources: Sequence[Any], targets: Sequence[str]) -> list[float]:
        """Returns the log-probability of each target, in nats: a scorer for `rerank`."""
        return [score.log_prob for score in self.score(sources, targets)]

    def evaluate(
        self,
        sources: Sequence[Any],
        references: Sequence[Reference],
        metrics: Mapping[str, TextMetric] | None = None,
        interval: bool = False,
        **options: Any,
    ) -> Scores:
        """Scores generated texts against references, and counts those cut at their limit.

        A target that was cut can look complete, and even right; a warning counts them.

        Args:
            sources: N raw texts.
            references: N raw texts, one for each source, or N lists of texts, of any number each.
            metrics: names and functions (hypotheses, references) -> float, which are called with
                the references as passed. If None, BLEU and chrF of texts; of labels, the share of
                correct ones.
            interval: whether to add the bounds of each score, at 95 %, by resampling the texts; see
                `kseq2seq.metrics.interval`.
            **options: as for a call.

        Returns:
            A score for each name, and as "unfinished" how many texts were cut. Scores by metrics of
            this package have a `signature`, which is printed with them: BLEU chooses its tokenizer
            by the scripts of the references. With `interval`, scores have an `interval`, printed,
            too; None where a metric has none, as `distinct_1`.

        Raises:
            TypeError: if anything but texts is given.
            ValueError: if sources and references differ in number, there are none, or a metric is
                named "unfinished".
        """
        sources, references = self._several(sources), checked_references(references)
        if len(sources) != len(references) or not sources:
            raise ValueError(
                f"There must be one reference for each source, or one list of some, and at least "
                f"one source; got {len(sources)} sources and {len(references)} references."
            )
        if "unfinished" in (metrics or {}):
            raise ValueError(
                '`metrics` must not use the name "unfinished", which counts the texts '
                "that were cut; rename that metric."
            )
        predictions = self(sources, **options)
        cut = sum(not prediction.finished for prediction in predictions)
        if cut:
            limit = options.get("max_length") or self.target.max_length
            warnings.warn(
                f"{cut} of {len(predictions)} generated texts were cut at the limit of {limit} "
                f"{self.target.unit}, and are scored as they are. Raise `max_length` to let them "
                "end.",
                stacklevel=2,
            )
        hypotheses = [prediction.text for prediction in predictions]
        if metrics is None and not self.target.closes:
            metrics = {"accuracy": partial(label_accuracy, parts=self.target.parts)}
        scores = scored(chosen(metrics), hypotheses, references, interval)
        return Scores({**scores, "unfinished": cut})

    def _several(self, sources: Any) -> list[Any]:
        """Returns a list of sources as raws; a single string is refused."""
        if isinstance(sources, str | bytes):
            raw_texts(sources, "sources")
        return self.source.several(sources)

    def save(self, directory: str | os.PathLike) -> None:
        """Writes JSON, weights as HDF5, tokenizers and examples; replaces an earlier pipeline.

        The directory appears whole or not at all, whatever ends the process: until all of the new
        one is on disk, the old one stays.

        Raises:
            ValueError: if the model is not a single one of `build_model`.
        """
        if not isinstance(self.model, BuiltModel):
            raise ValueError(
                f"Only a single model can be saved; this pipeline has {type(self.model).__name__}. "
                "Save a pipeline for each model, and combine the models again after loading."
            )
        save_parts(
            Path(directory), self.model, self.source, self.target, self.search, self.examples
        )

    @classmethod
    def load(cls, directory: str | os.PathLike) -> Pipeline:
        """Loads what `save` wrote; nothing in it is executed.

        Raises:
            FileNotFoundError: if a file is missing.
            ValueError: if a file is damaged, of a newer format, or not the one that was saved with
                the others.
        """
        return cls(*load_parts(Path(directory)))

    def export(
        self,
        path: str | os.PathLike,
        format: str | None = None,
        **options: Any,
    ) -> Any:
        """Writes the whole model, raw text to raw text, for use without this package.

        Args:
            path: where to write: a file for TFLite, a directory for the others.
            format: "tflite", "saved_model" or "onnx". If None, the suffix of the path decides:
                ".tflite", ".onnx" (a directory of that name), or a SavedModel. The suffix of
                another kind of file, for example ".keras" or ".h5", is refused.
            **options: of `kseq2seq.export.export_tflite` (`search`, the pipeline's own by default;
                `filters`, `source_length`, `target_length`, `precision`, `strings`, `license`,
                `examples`, those of the pipeline by default, `references`), of
                `kseq2seq.export.export_onnx` (the two lengths), or of
                `kseq2seq.export.export_saved_model` (`filters`, `warm_up`, the pipeline's examples
                by default, and `searches`, by default "greedy", "sample" and "beam", of the
                pipeline's width if its search is a beam, else 4; "serving_default" is the
                pipeline's own unless it is named too).

        Returns:
            What the export function returns: for TFLite how the file compares with the model.

        Raises:
            ValueError: for another format or suffix, or whatever the export function refuses.

        Example:
            A server needs `tensorflow`, and `tensorflow_text` for SentencePiece and WordPiece; a
            phone needs LiteRT, and Python there `kseq2seq_runtime`::

                pipeline.export("served")
                pipeline.export("model.tflite", precision="int8", search=Beam(4))
                ...
                import tensorflow as tf, tensorflow_text
                greedy = tf.saved_model.load("served").signatures["greedy"]
                greedy(texts=tf.constant(["a raw sentence"]))["texts"]
        """
        parts = self.model, self.source, self.target
        return export_parts(path, parts, self.search, self.examples, format, options)
