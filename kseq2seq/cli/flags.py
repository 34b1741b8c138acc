"""The flags of a program in groups: the common ones, and which of them a user gave."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from kseq2seq.cli.outputs import settings_of


def positive(text: str) -> float:
    """Returns a finite number above 0.

    Raises:
        argparse.ArgumentTypeError: if it is anything else.

    Example:
        >>> positive("0.5")
        0.5
    """
    return _checked(text, "a number above 0", lambda number: 0 < number < math.inf)


def share(text: str) -> float:
    """Returns a number of at least 0 and below 1.

    Raises:
        argparse.ArgumentTypeError: if it is anything else.

    Example:
        >>> share("0.1")
        0.1
    """
    return _checked(text, "a number from 0 to below 1", lambda number: 0 <= number < 1)


def whole(text: str) -> int:
    """Returns a whole number of at least 1.

    Raises:
        argparse.ArgumentTypeError: if it is anything else.

    Example:
        >>> whole("2000")
        2000
    """
    allowed = "a whole number of at least 1"
    return int(_checked(text, allowed, lambda number: 1 <= number < math.inf and number % 1 == 0))


def natural(text: str) -> int:
    """Returns a whole number from 0 to 4,294,967,295, for example a seed.

    Raises:
        argparse.ArgumentTypeError: if it is anything else.

    Example:
        >>> natural("0")
        0
    """
    allowed = f"a whole number from 0 to {2**32 - 1:,}"
    return int(_checked(text, allowed, lambda number: 0 <= number < 2**32 and number % 1 == 0))


def weight(text: str) -> float:
    """Returns a finite number of at least 0.

    Raises:
        argparse.ArgumentTypeError: if it is anything else.

    Example:
        >>> weight("0")
        0.0
    """
    return _checked(text, "a number of at least 0", lambda number: 0 <= number < math.inf)


def _as_path(recorded: str | list[str]) -> Path | list[Path]:
    return [Path(each) for each in recorded] if isinstance(recorded, list) else Path(recorded)


def _checked(text: str, allowed: str, test: Callable[[float], bool]) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not test(number):
        raise argparse.ArgumentTypeError(f"must be {allowed}; got {text!r}")
    return number


GROUPS = {
    "data": "Data",
    "text": "Texts and tokenizers",
    "model": "The model",
    "training": "Training",
    "output": "Output",
}
_COUNT: dict[str, Any] = {"type": whole, "metavar": "N"}
_SWITCH: dict[str, Any] = {"action": "store_true"}
_FILE: dict[str, Any] = {"metavar": "FILE"}
_DIRECTORY: dict[str, Any] = {"type": Path, "metavar": "DIR"}
_PRECISIONS = ("float32", "float16", "int8")
_OF_MODEL = ("model", "hidden_dim", "layers", "dropout", "tokenizer", "vocabulary", "max_length")
TOO_LONG = {
    "error": "refuses them, and says how many there are and which",
    "split": "leaves them out of training, but scores sources, and reads them later, part by part: "
    "by sentences or, of speech, by silences",
    "cut": "reads the beginning of a source alone, in training and later",
}

# {data}, {output} and {tokenizers} are the recipe's own.
COMMON: dict[str, tuple[str, dict[str, Any], str]] = {
    "data": ("data", {"metavar": "NAME"}, "{data}"),
    "columns": (
        "data",
        {"nargs": "+", "metavar": "NAME"},
        "columns of FILE: source, target and, optionally, a key that keeps examples in one split",
    ),
    "train": ("data", _FILE, "training examples, in place of --data"),
    "validation": (
        "data",
        _FILE,
        "validation examples, beside --train; without it, 3 %% of that, by a hash",
    ),
    "test": ("data", _FILE, "test examples, beside --train; without it, 3 %% of that, by a hash"),
    "tokenizer": ("text", {"metavar": "KIND"}, "{tokenizers}, or the directory of a saved one"),
    "vocabulary": ("text", _COUNT, "the most ids that a tokenizer learns"),
    "max_length": ("text", _COUNT, "the most tokens of a text"),
    "too_long": (
        "text",
        {"choices": tuple(TOO_LONG)},
        "what happens to examples that are longer than the model takes. Without this flag they are "
        "left out and counted.",
    ),
    "model": ("model", {}, "the architecture"),
    "hidden_dim": ("model", _COUNT, "the width of its layers"),
    "layers": ("model", _COUNT, "the number of layers of the encoder and of the decoder"),
    "dropout": (
        "model",
        {"type": share, "metavar": "SHARE"},
        "the share of activations that training leaves out",
    ),
    "bfloat16": (
        "model",
        _SWITCH,
        "faster on processors that multiply in it; the saved model computes in it, too",
    ),
    "init": ("model", _DIRECTORY, "a saved pipeline to continue from, its model as it is"),
    "steps": ("training", _COUNT, "the most batches to train on; default: no limit"),
    "minutes": (
        "training",
        {"type": positive, "metavar": "N"},
        "the longest training, not counting compiling; default: 10, with --steps no limit",
    ),
    "learning_rate": (
        "training",
        {"type": positive, "metavar": "RATE"},
        "the highest rate; it rises at the beginning and then falls. Default: the recipe's, and a "
        "quarter of that with --init",
    ),
    "batch_tokens": (
        "training",
        _COUNT,
        "the most tokens of a batch, of its longer side, with padding",
    ),
    "packed": ("training", _SWITCH, "put several pairs in a row; for Transformers"),
    "graph": ("training", _SWITCH, "run without XLA: training begins at once, and may be slower"),
    "seed": (
        "training",
        {"type": natural, "metavar": "N"},
        "the seed of the first weights, of dropout and of the order of the data",
    ),
    "smoke": ("training", _SWITCH, "a tiny model, in seconds, to see that everything works"),
    "output": ("output", _DIRECTORY, "where to write; default: {output}[-smoke]"),
    "resume": ("output", _DIRECTORY, "continue the run that was interrupted there"),
    "tflite": (
        "output",
        {"nargs": "?", "const": _PRECISIONS[0], "choices": _PRECISIONS},
        "also write model.tflite, for phones: greedy search, weights in float32 or as named",
    ),
    "interval": (
        "output",
        _SWITCH,
        "also print between which bounds the scores lie at 95 %%, by resampling the test examples, "
        "p-values of the difference from each baseline, and how the scores were computed",
    ),
    "no_examples": (
        "output",
        _SWITCH,
        "keep no texts with the model; else 16 validation texts, which exports are tried on",
    ),
}


def shown(options: argparse.Namespace, *names: str) -> str:
    """Returns the flags of these names that are set, with their values, for messages.

    Example:
        >>> import argparse
        >>> options = argparse.Namespace(data="my.tsv", train=None, packed=True)
        >>> shown(options, "data", "train", "packed")
        '--data my.tsv --packed'
    """
    values = {name: getattr(options, name) for name in names}
    return " ".join(
        f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
        for name, value in values.items()
        if value not in (None, False)
    )


class Flags:
    """The flags of one recipe, in groups, and which of them a user gave.

    Args:
        doc: the recipe's docstring, which `--help` shows first.
        defaults: by the flags' names, with "_" in place of "-"; None where one has none.

    Attributes:
        given: the names of the flags on the command line, after `parse`.
        of_model: the names of flags that a saved model, which `--init` names, leaves no effect.

    Example:
        >>> flags = Flags("Reverses words.", {"data": "sample", "seed": 1})
        >>> flags.common("data", "seed", "smoke", data="sample or FILE")
        >>> flags.add("model", "--beams", type=int, help="hypotheses of a search")
        >>> options = flags.parse(["--beams", "2", "--smoke"], smoke={"seed": 7})
        >>> options.data, options.seed, options.beams, sorted(flags.given)
        ('sample', 7, 2, ['beams', 'smoke'])
    """

    def __init__(self, doc: str | None, defaults: Mapping[str, Any]):
        self.defaults: dict[str, Any] = dict(defaults)
        self.given: set[str] = set()
        self.of_model: list[str] = []
        self._paths: set[str] = set()
        # The parser returns the flags that a user gave alone; defaults are added in `parse`.
        self._parser = argparse.ArgumentParser(
            description=doc,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            argument_default=argparse.SUPPRESS,
        )
        self._groups = {
            name: self._parser.add_argument_group(title) for name, title in GROUPS.items()
        }

    def common(self, *names: str, choices: Sequence[str] | None = None, **words: str) -> None:
        """Adds flags of `COMMON`; `words` replace {names} in their help."""
        for name in names:
            group, settings, text = COMMON[name]
            settings = {**settings, "choices": choices} if choices else settings
            if name == "too_long":
                text += "".join(f" {way!r} {TOO_LONG[way]}." for way in settings["choices"])
            self.add(
                group,
                f"--{name.replace('_', '-')}",
                of_model=name in _OF_MODEL,
                **settings,
                help=text.format(**words),
            )

    def add(self, group: str, flag: str, *, of_model: bool = False, **settings: Any) -> None:
        """Adds a flag of the recipe's own.

        Args:
            group: one of `GROUPS`.
            flag: its name, for example "--language".
            of_model: whether it has no effect with `--init`, whose model has its own value of it.
            **settings: for `argparse`. The `default`, which `help` then names, may be in `defaults`
                instead.
        """
        name = flag.removeprefix("--").replace("-", "_")
        self.of_model += [name] * of_model
        default = self.defaults.get(name, False if settings.get("action") == "store_true" else None)
        self.defaults[name] = default = settings.pop("default", default)
        if settings.get("type") is Path:
            self._paths.add(name)
        has_default = default is not None and default is not False
        if has_default and settings.get("help") != argparse.SUPPRESS:
            shown = " ".join(map(str, default)) if isinstance(default, list) else default
            settings["help"] = f"{settings['help']}; default: {str(shown).replace('%', '%%')}"
        self._groups[group].add_argument(flag, **settings)

    def parse(
        self, arguments: Sequence[str] | None = None, *, smoke: Mapping[str, Any] | None = None
    ) -> argparse.Namespace:
        """Returns each flag's value: as given, else of a resumed run, of `smoke`, or the default.

        Args:
            arguments: of the command line; those of this process where None.
            smoke: what `--smoke` sets.

        Raises:
            SystemExit: if a flag is unknown or its value is bad; after a line that says which.
            ValueError: if there is nothing to resume.
        """
        given = vars(self._parser.parse_args(arguments))
        self.given = set(given)
        values = {**self.defaults, **((smoke or {}) if given.get("smoke") else {})}
        if given.get("resume"):
            if "output" in given:
                self.refuse("--resume continues in the directory of the run; leave --output out")
            before = settings_of(given["resume"])
            paths = {name: _as_path(before[name]) for name in self._paths if before.get(name)}
            values |= {**before, **paths}
        values |= given
        return argparse.Namespace(**values)

    def refuse(self, why: str) -> NoReturn:
        """Ends the program with usage and a line that says why."""
        self._parser.error(why)
