"""The steps that every recipe takes, from its flags to raw input through what it exported."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from io import TextIOWrapper
from typing import Any

import keras

from kseq2seq.cli.corpora import Read, read_corpora, with_columns
from kseq2seq.cli.evaluating import Evaluating
from kseq2seq.cli.fitting import ModelScore, Pace, fit_batches, make_batches
from kseq2seq.cli.flags import TOO_LONG, shown
from kseq2seq.cli.initial import check_kinds, saved_pipeline
from kseq2seq.cli.labels import report_unknown_labels
from kseq2seq.cli.lengths import first_too_long, held_out, refuse_too_long
from kseq2seq.cli.members import ensemble
from kseq2seq.cli.messages import Messages
from kseq2seq.cli.options import WORDS, parsed, recipe_flags
from kseq2seq.cli.outputs import (
    check_not_begun,
    check_output,
    export_mobile,
    export_served,
    resumable,
)
from kseq2seq.cli.places import Places
from kseq2seq.cli.report import (
    METRICS,
    as_text,
    checked_names,
    references_of,
    report_training,
)
from kseq2seq.data import Corpus
from kseq2seq.data.split import SPLITS, Divide
from kseq2seq.decoding import Filter, Greedy, Search
from kseq2seq.metrics import TextMetric
from kseq2seq.pipeline import Pipeline
from kseq2seq.text import TextSource, TextTarget

# What is made in the output, and a file that marks each as made by an earlier run.
_PARTS = {"pipeline": "pipeline.json", "saved_model": "saved_model.pb"}
_MOBILE = "model.tflite"
_VALIDATION, _SMOKE = 100, 32  # examples
Make = Callable[["Recipe", Corpus], Pipeline]


class Recipe(Evaluating):
    """One run of a recipe: its methods are the steps, listed here in their order.

    An error in a user's flags or files ends the program with one line that names the flag, before
    anything is written.

    Args:
        name: of the recipe; its output is saved_models/NAME unless the user names another.
        doc: the docstring of the recipe, which `--help` shows.
        data: what `--data` takes, in a line of help, printed again if `--data` is neither a file
            nor a name that it knows. It ends in "FILE" if that may be a file of pairs.
        models: the architectures it offers, the default first, and what each takes for
            `build_model` besides the sizes of the flags.
        metrics: names and functions (texts, references) -> float; BLEU and chrF if None. The last
            chooses between averaged and raw weights, unless `fit` is given measures.
        decisive: names of the metrics in which a useful model beats each baseline; all if None.
            Leave out those in which trivial texts may be perfect, for example `distinct_1`.
        defaults: of flags that differ from the common ones, by their names with "_" for "-".
        smoke: further settings of `--smoke`.
        without: common flags that make no sense for the task.
        too_long: the choices of `--too-long`. Leave "split" out if the answers to the sentences of
            a source, one after the other, are no answer to the source.
        validated: how many validation examples are scored after each epoch, at most.
        kinds: classes of source and target; a pipeline of `--init` with others is refused.
        longest: the flags of the longest source and target, which messages name.

    Attributes:
        flags: add the task's own flags before `begin`.
        metrics, decisive: as given; a recipe whose flags decide may set others after `begin`.
        options: the values of the flags, after `begin`.
    """

    def __init__(
        self,
        name: str,
        doc: str | None,
        *,
        data: str,
        models: Mapping[str, Mapping[str, Any]],
        metrics: Mapping[str, TextMetric] | None = None,
        decisive: Collection[str] | None = None,
        defaults: Mapping[str, Any] | None = None,
        smoke: Mapping[str, Any] | None = None,
        without: Collection[str] = (),
        too_long: Collection[str] = tuple(TOO_LONG),
        validated: int = _VALIDATION,
        kinds: tuple[type, type] = (TextSource, TextTarget),
        longest: str = "--max-length",
    ):
        self.name = name
        self.models = models
        self.metrics = dict(metrics or METRICS)
        if decisive is not None:
            self.decisive = checked_names("decisive", decisive, self.metrics)
        self.messages = Messages({**WORDS, "max_length": longest})
        self.flags = recipe_flags(
            name,
            doc,
            data=data,
            models=models,
            defaults=defaults or {},
            without=without,
            too_long=too_long,
        )
        self.options: argparse.Namespace
        self._data = data
        self._smoke = smoke or {}
        self._validated = validated
        self._kinds = kinds
        self._read: Read = lambda *_: ()
        self._loaded: Pipeline | None = None
        self.useless = False
        self._mobile: Callable[[Any], str] | None = None

    def begin(self, arguments: Sequence[str] | None = None) -> argparse.Namespace:
        """Returns the options; nothing is written yet.

        Args:
            arguments: of the command line; those of this process where None.
        """
        self.messages.show_warnings()
        self.options = options = parsed(
            self.flags, self.name, self._smoke, self.messages, arguments
        )
        if options.init:
            self.messages.flags["max_length"] += " of a new model, without --init"
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # a log is read while it is written
        keras.utils.set_random_seed(options.seed)
        return options

    def corpora(
        self, read: Read, source: Any = None, divide: Divide | None = None
    ) -> dict[str, Corpus]:
        """Returns the examples of training, validation and test, after checking the output.

        Args:
            read: (name, columns) -> examples; reads `--data` and the other files.
            source: reads the sources of examples that are not texts; with `--init`, the source of
                that model does, if it is of the same class, whatever its rate or size.
            divide: the key of an example of `--data` -> its split; 3 in 100 keys for each split
                that is held out if None.
        """
        options = self.options
        with self._errors():
            check_output(options.output, _PARTS)
            if options.tflite and (options.output / _MOBILE).is_dir():
                mobile = options.output / _MOBILE
                raise ValueError(f"{mobile} is a directory; --tflite makes a file")
            if not options.resume:
                check_not_begun(options.output)

        if source is not None and options.init:
            source = self._saved().source
        self._read = with_columns(read, self.flags.defaults["columns"])
        return read_corpora(options, self._read, self.messages, self._data, source, divide)

    def sizes(self) -> dict[str, Any]:
        """Returns the sizes that flags and architecture set, for `build_model`."""
        return {
            "hidden_dim": self.options.hidden_dim,
            "num_layers": self.options.layers,
            "dropout": self.options.dropout,
            "dtype": "mixed_bfloat16" if self.options.bfloat16 else None,
            **self.models[self.options.model],
        }

    def pipeline(self, make: Make, train: Corpus | None) -> Pipeline:
        """Returns the pipeline of `--init`, or a new one.

        Args:
            make: (this recipe, training corpus) -> a pipeline with an untrained model.
            train: the training corpus; None if `--init` is given in any case.
        """
        options = self.options
        if options.init:
            pipeline = self._saved()
        else:
            assert train is not None
            with self._errors(*self._of_model()):
                pipeline = make(self, train)
        if options.too_long:
            pipeline.source.too_long = options.too_long
        return pipeline

    def _saved(self) -> Pipeline:
        """Returns the pipeline of `--init`, loaded once."""
        options = self.options
        remedy = "Give the pipeline/ of an earlier run."
        with self.messages.errors(f"--init {options.init}", remedy):
            if self._loaded is None:
                self._loaded = saved_pipeline(options.init)
            check_kinds(self._loaded, self._kinds, self.name)
        return self._loaded

    def held_out(
        self, pipeline: Pipeline, corpora: Mapping[str, Corpus]
    ) -> tuple[list[Any], list[Any]]:
        """Returns examples to validate and to test on, and prints how many are too long."""
        source, smoke = pipeline.source, self.options.smoke
        validated, tested = (_SMOKE, _SMOKE) if smoke else (self._validated, None)
        places = Places(self.options, self._read, source).of
        with self._errors("data", *SPLITS):
            report_unknown_labels(pipeline.target, corpora, places)
            if self.options.too_long == "error":
                refuse_too_long(source, pipeline.target, corpora, places)
            return (
                held_out(source, corpora["validation"], "validation", validated, places),
                held_out(source, corpora["test"], "test", tested, places),
            )

    def ensemble(self, pipeline: Pipeline, corpora: Mapping[str, Corpus]) -> Pipeline | None:
        """Returns a pipeline of this model and those of `--ensemble`; None if there are none.

        Args:
            pipeline: may be trained later.
            corpora: from `corpora`, on which the others must have been trained.
        """
        if not self.options.ensemble:
            return None
        with self.messages.errors("--ensemble"):
            return ensemble(pipeline, self.options.ensemble, corpora)

    def fit(
        self,
        pipeline: Pipeline,
        corpora: Mapping[str, Corpus],
        validation: Sequence[Any],
        *,
        peak: float = 2e-3,
        loss: Any = None,
        label_smoothing: float = 0.1,
        measures: Mapping[str, Callable[[], float]] | None = None,
    ) -> None:
        """Trains, keeps checkpoints, and saves the pipeline with some examples of its input.

        Args:
            pipeline: whose model is trained.
            corpora: from `corpora`.
            validation: what is scored after each epoch.
            peak: of the learning rate of a new model; a quarter of it with `--init`. Either can be
                set by `--learning-rate`.
            loss: of the model's outputs; if None, that of `loss_for`.
            label_smoothing: of that; 0 for a model whose loss has none.
            measures: names and functions that measure what texts don't show, for example
                perplexity, after each epoch. If there are any, the last one chooses between
                averaged and raw weights.
        """
        options = self.options
        measures = measures or {}
        watched = [*self.metrics, *measures][-1]
        with self._errors("data", "train", "packed"):
            batches = make_batches(options, pipeline, corpora["train"])
            places = Places(options, self._read, pipeline.source)
            if batches.too_long and places.files("train"):
                sides = pipeline.source, pipeline.target
                first = first_too_long(*sides, corpora["train"], places.of)
                print(f"{first}\n\n" * bool(first), end="")
        raws = [pair.source for pair in validation]
        score = ModelScore(
            measures,
            lambda _: self.texts(pipeline, raws, search=Greedy()),
            [""] * len(raws),  # the function above has the raws, which need not be texts
            references_of(validation),
            {name.lower(): metric for name, metric in self.metrics.items()},
        )
        pace = Pace.of(options, peak)
        with self.messages.errors(f"training in {options.output}"), resumable(options.output):
            better = fit_batches(
                options,
                batches,
                score,
                watched,
                pace,
                model=pipeline.model,
                corpora=corpora,
                loss=loss,
                label_smoothing=label_smoothing,
            )
        pipeline.examples = () if options.no_examples else raws
        with self._errors(advice=f"Then --resume {options.output}."):
            pipeline.save(options.output / "pipeline")
        report_training(options.output, better, pace.warmup, watched)

    def export(
        self,
        pipeline: Pipeline,
        filters: Sequence[Filter] = (),
        license: str | None = None,
        search: Search | None = None,
    ) -> Callable[[Any], str]:
        """Writes files for servers and, with `--tflite`, for phones, and loads them again.

        Args:
            pipeline: what to write.
            filters: rules about next tokens, which become part of the files.
            license: a text that goes into the file for phones, for example the terms of the data.
            search: of that file; greedy search if None.

        Returns:
            A function from raw input to text, by the SavedModel that was loaded again.
        """
        options = self.options
        advice = f"Then --resume {options.output}."
        with self._errors(advice=advice), resumable(options.output):
            served = export_served(pipeline, options.output / "saved_model", filters, options.smoke)
            if options.tflite:
                print()
                self._mobile = export_mobile(
                    pipeline,
                    options.output / _MOBILE,
                    options.tflite,
                    filters=filters,
                    license=license,
                    search=search or Greedy(),
                )
        return served

    def finish(self, raw: Any, text: str) -> None:
        """Prints the export's answer to a raw input, and the files of the run."""
        output = self.options.output
        way = "raw text in and out" if isinstance(raw, str) else "raw input in, text out"
        print(f"\nThe reloaded export, {way}:\n  {as_text(raw)}\n  = {text}")
        if self._mobile:
            print(f"\n{_MOBILE} says:\n  = {self._mobile(raw)}")
        shutil.rmtree(output / "checkpoints", ignore_errors=True)  # all is done
        use = "no use yet, see the warning" if self.useless else "to serve"
        mobile = f", {_MOBILE} (for phones)" if self._mobile else ""
        print(f"\nSaved in {output}: pipeline/ (to continue from), saved_model/ ({use}){mobile}")

    def _of_model(self) -> tuple[str, ...]:
        """Returns the flags that most failures to make a model depend on."""
        tokenizer = ("tokenizer",) * ("tokenizer" in self.flags.given)
        return (*tokenizer, "vocabulary", "hidden_dim", "max_length")

    def _errors(self, *names: str, advice: str = "") -> Any:
        """Returns a context whose errors name these flags; without any, `--output`."""
        return self.messages.errors(shown(self.options, *(names or ("output",))), advice)
