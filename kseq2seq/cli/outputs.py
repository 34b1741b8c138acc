"""The directory that a program trains in: what may be there before, and what is resumed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kseq2seq.runs import read_runs

CHECKPOINTS = "checkpoints/*-step-*"


def check_output(output: Path, parts: Mapping[str, str]) -> None:
    """Refuses, before any work, a directory that can't be written to or holds something else.

    Args:
        output: the directory, which need not be there; nothing is made.
        parts: names of the directories that will be made in it, and of a file that marks each as
            made by an earlier run, which is replaced.

    Raises:
        ValueError: if it can't be written to, or something else is in the place of a part.

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
        ValueError: if another process trains there, a run was interrupted, or what it trained was
            not exported yet; says how to go on.

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
    """Returns the settings of a run that was interrupted, but for its `output`.

    Args:
        output: the directory of the run.

    Raises:
        ValueError: if there is nothing to resume.

    Example:
        >>> settings_of(Path("nowhere"))
        Traceback (most recent call last):
        ValueError: there is no checkpoint in nowhere to go on from
    """
    if not any(output.glob(CHECKPOINTS)):
        raise ValueError(f"there is no checkpoint in {output} to go on from")
    found, problems = read_runs([output])
    if not found:
        raise ValueError(" ".join(problems) or f"there is no run.json in {output}")
    settings = dict(found[0].record["settings"])
    for resumed in found[0].record["resumed"]:
        settings |= resumed.get("settings", {})
    return {name: value for name, value in settings.items() if name != "output"}


@contextmanager
def resumable(output: Path) -> Iterator[None]:
    """Inside, what ends the program says how to go on, where there is something to go on from.

    Args:
        output: the directory of the run.

    Raises:
        SystemExit: after Ctrl-C, with 130 as shells report it; and as it was raised.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        if any(output.glob(CHECKPOINTS)):
            print(f"\nInterrupted; --resume {output} goes on with it.")
        else:
            print("\nInterrupted before anything was saved.")
        raise SystemExit(130 if isinstance(end, KeyboardInterrupt) else end.code) from None
