"""The directory that a recipe writes to: what may be there, what is resumed, what is exported."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from kseq2seq.decoding import Beam, Greedy
from kseq2seq.pipeline import Pipeline
from kseq2seq.runs import read_runs

CHECKPOINTS = "checkpoints/*-step-*"


def check_output(output: Path, parts: Mapping[str, str]) -> None:
    """Refuses, before any work, a directory that can't be written to or holds what no run made.

    Args:
        output: the directory, which need not be there; nothing is made.
        parts: names of the directories that will be made in it, each with the name of the file that
            marks it as made by an earlier run; such a directory is replaced.

    Raises:
        ValueError: it can't be written to, or a part exists that no run made.

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
            raise ValueError(f"{part} is there, and no run made it; it is left alone.")


def check_not_begun(output: Path) -> None:
    """Refuses to begin where checkpoints of another run would be lost.

    Args:
        output: the directory.

    Raises:
        ValueError: another process trains there, a run was interrupted, or its model was not
            exported yet; the message says how to continue.

    Example:
        >>> check_not_begun(Path(tempfile.mkdtemp()))
    """
    if not any(output.glob(CHECKPOINTS)):
        return
    found, _ = read_runs([output])
    state = found[0].state if found else "interrupted"
    if state == "running":
        raise ValueError(f"Another process is training in {output}; name another --output.")
    what, rest = "a run that was interrupted. Go on with it", "remove"
    if state == "finished":
        what = "a finished run that was not scored and exported to its end. Do that"
    raise ValueError(
        f"{output} holds {what}: --resume {output}; name another --output; or {rest} "
        f"{output / 'checkpoints'}."
    )


def settings_of(output: Path) -> dict[str, Any]:
    """Returns the settings of a run that was interrupted, except its `output`.

    Args:
        output: the directory of the run.

    Raises:
        ValueError: there is nothing to resume.

    Example:
        >>> settings_of(Path("nowhere"))
        Traceback (most recent call last):
        ValueError: there is no checkpoint in nowhere to resume from
    """
    if not any(output.glob(CHECKPOINTS)):
        raise ValueError(f"there is no checkpoint in {output} to resume from")
    found, problems = read_runs([output])
    if not found:
        raise ValueError(" ".join(problems) or f"there is no run.json in {output}")
    settings = dict(found[0].record["settings"])
    for resumed in found[0].record["resumed"]:
        settings |= resumed.get("settings", {})
    return {name: value for name, value in settings.items() if name != "output"}


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
            print(f"\nInterrupted; --resume {output} goes on with it.")
        else:
            print("\nInterrupted before anything was saved.")
        raise SystemExit(130 if isinstance(end, KeyboardInterrupt) else end.code) from None


def export_served(pipeline: Pipeline, directory: Path) -> Callable[[Any], str]:
    """Writes a SavedModel and loads it again, without the package's classes.

    Args:
        pipeline: what to write.
        directory: where.

    Returns:
        A function that runs a raw input through the loaded model and returns the best text.
    """
    pipeline.export(directory)
    signatures = tf.saved_model.load(str(directory)).signatures
    signature = signatures["beam" if isinstance(pipeline.search, Beam) else "serving_default"]

    def served(raw: Any) -> str:
        texts = signature(**_given(pipeline.source, raw))["texts"].numpy()
        return texts.reshape(-1)[0].decode()  # of a beam the best comes first

    return served


def export_mobile(pipeline: Pipeline, file: Path, precision: str) -> Callable[[Any], str]:
    """Writes a TFLite file for greedy search and opens it again, as a phone does.

    Args:
        pipeline: what to write.
        file: where.
        precision: of its weights.

    Returns:
        A function that runs a raw input through the file and returns a text.
    """
    import kseq2seq_runtime  # optional

    pipeline.export(file, format="tflite", precision=precision, search=Greedy())
    opened = kseq2seq_runtime.Pipeline(file)
    return lambda raw: opened.texts([raw])[0]


def _given(source: Any, raw: Any) -> dict[str, tf.Tensor]:
    """Returns a raw input as a signature takes it: a batch of one."""
    if not hasattr(source, "raw"):
        return {"texts": tf.constant([raw])}
    named = zip(
        tf.nest.flatten(source.raw),
        tf.nest.flatten(source.batch([source.read(raw)])),
        strict=True,
    )
    return {spec.name: value for spec, value in named}
