"""The directory of a recipe: checked before it is written to, resumed, filled with exports."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from kseq2seq.cli.initial import records_of
from kseq2seq.decoding import Beam, Filter, Greedy
from kseq2seq.pipeline import Pipeline
from kseq2seq.quiet import without_lines
from kseq2seq.runs import read_runs
from kseq2seq.text.sentencepiece import LOGGED

CHECKPOINTS = "checkpoints/*-step-*"


def check_output(output: Path, parts: Mapping[str, str]) -> None:
    """Refuses, before any work, a directory that can't be written to or holds files of others.

    Args:
        output: the directory, which need not exist; nothing is made.
        parts: names of the directories that will be made in it, each with the name of the file that
            marks it as made by an earlier run; such a directory is replaced.

    Raises:
        ValueError: if it can't be written to, or a part exists that no run made.

    Example:
        >>> check_output(Path(tempfile.mkdtemp(), "new"), {"pipeline": "pipeline.json"})
    """
    place = next(path for path in (output, *output.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise ValueError(
            f"nothing can be written to {place} ({error.strerror}); name another directory."
        ) from error
    for name, mark in parts.items():
        part = output / name
        if part.is_file() or (part.is_dir() and any(part.iterdir()) and not (part / mark).exists()):
            raise ValueError(
                f"{part} is there, and no run made it. Move it away, or name another directory."
            )


def check_not_begun(output: Path) -> None:
    """Refuses to begin where checkpoints of another run would be lost.

    Args:
        output: the directory.

    Raises:
        ValueError: if another process trains there, a run was interrupted, or its model was not
            exported yet; the message says how to continue.

    Example:
        >>> check_not_begun(Path(tempfile.mkdtemp()))
    """
    if not any(output.glob(CHECKPOINTS)):
        return
    runs, _ = read_runs([output])
    state = runs[0].state if runs else "interrupted"
    if state == "running":
        raise ValueError(f"Another process is training in {output}; name another --output.")
    what = "a run that was interrupted. Continue it"
    if state == "finished":
        what = "a finished run whose scores and exports are not all written. Write them"
    raise ValueError(
        f"{output} holds {what} by --resume {output}; name another --output; or remove "
        f"{output / 'checkpoints'}."
    )


def settings_of(output: Path) -> dict[str, Any]:
    """Returns the settings of a run that was interrupted, except its `output`.

    Args:
        output: the directory of the run.

    Raises:
        ValueError: if there is nothing to resume.

    Example:
        >>> settings_of(Path("nowhere"))
        Traceback (most recent call last):
        ValueError: there is no checkpoint in nowhere to resume from
    """
    if not any(output.glob(CHECKPOINTS)):
        raise ValueError(f"there is no checkpoint in {output} to resume from")
    runs, problems = read_runs([output])
    if not runs:
        raise ValueError(" ".join(problems) or f"there is no run.json in {output}")
    record = runs[0].record
    settings = dict(record["settings"])
    for resumed in record["resumed"]:
        settings |= resumed.get("settings", {})
    return {name: value for name, value in settings.items() if name != "output"}


def trained_on(options: argparse.Namespace) -> set[str]:
    """Returns the names of corpora that a model was trained on, by this run or by that of `--init`.

    Args:
        options: `train` or `data`, and `init`, whose run may have an `init` of its own.

    Example:
        >>> sorted(trained_on(argparse.Namespace(data="cmudict:stems", init=None)))
        ['cmudict']
    """
    names: set[str] = set()
    settings: dict[str, Any] = vars(options)
    seen: set[Path] = set()
    while True:
        name = settings.get("train") or settings.get("data")
        names |= {str(name).partition(":")[0]} if name else set()
        init = Path(settings.get("init") or "").absolute()
        if not settings.get("init") or init in seen:
            return names
        seen.add(init)
        runs, _ = read_runs(records_of(init))
        settings = runs[0].record["settings"] if runs else {}


@contextmanager
def resumable(output: Path) -> Iterator[None]:
    """Inside, what ends the program also prints how to resume, where there is a checkpoint.

    Args:
        output: the directory of the run.

    Raises:
        SystemExit: with status 130 after Ctrl-C, as shells report it; else with its own status.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        if any(output.glob(CHECKPOINTS)):
            print(f"\nInterrupted; --resume {output} continues it.")
        else:
            print("\nInterrupted before anything was saved.")
        raise SystemExit(130 if isinstance(end, KeyboardInterrupt) else end.code) from None


def export_served(
    pipeline: Pipeline, directory: Path, filters: Sequence[Filter] = (), one: bool = False
) -> Callable[[Any], str]:
    """Writes a SavedModel and loads it again, without the package's classes.

    Args:
        pipeline: what to write.
        directory: where.
        filters: rules about next tokens, which all searches follow.
        one: whether the model is to have one signature alone, that of the pipeline's own search.

    Returns:
        A function that runs a raw input through the loaded model and returns the best text.
    """
    with without_lines(LOGGED):
        searches = {"serving_default": pipeline.search} if one else None
        pipeline.export(directory, filters=filters, searches=searches)
        signatures = tf.saved_model.load(str(directory)).signatures
    beam = isinstance(pipeline.search, Beam) and not one
    signature = signatures["beam" if beam else "serving_default"]

    def served(raw: Any) -> str:
        with without_lines(LOGGED):  # by the first call
            texts = signature(**_inputs(pipeline.source, raw))["texts"].numpy()
        return texts.reshape(-1)[0].decode()  # (1, N), the best first

    return served


def export_mobile(
    pipeline: Pipeline, file: Path, precision: str, **options: Any
) -> Callable[[Any], str]:
    """Writes a TFLite file and opens it again, as a phone does.

    Args:
        pipeline: what to write.
        file: where.
        precision: of its weights.
        **options: of `Pipeline.export`, for example `filters` and `license`; `search` is greedy
            search if it is not given.

    Returns:
        A function that runs a raw input through the file and returns a text.
    """
    import kseq2seq_runtime  # optional

    options = {"search": Greedy(), **options}
    pipeline.export(file, format="tflite", precision=precision, **options)
    opened = kseq2seq_runtime.Pipeline(file)
    return lambda raw: opened.texts([raw])[0]


def _inputs(source: Any, raw: Any) -> dict[str, tf.Tensor]:
    """Returns the inputs of a signature for a batch of one raw."""
    specs, values = (
        tf.nest.flatten(nest) for nest in (source.raw, source.batch([source.read(raw)]))
    )
    return {spec.name: value for spec, value in zip(specs, values, strict=True)}
