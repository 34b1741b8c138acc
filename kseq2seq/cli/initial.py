"""`--init`: the pipeline of an earlier run, from which a recipe goes on."""

from __future__ import annotations

from pathlib import Path

from kseq2seq.pipeline import Pipeline
from kseq2seq.runs.records import FILE


def saved_pipeline(directory: Path) -> Pipeline:
    """Returns the pipeline of a run, or one that was saved by itself.

    Args:
        directory: of the run, or of its pipeline.

    Raises:
        OSError: there is none.
        ValueError: it is damaged, or something other.
    """
    inside = directory / "pipeline"
    return Pipeline.load(inside if inside.is_dir() else directory)


def records_of(directory: Path) -> list[Path]:
    """Returns the directory of the run that trained a pipeline, if it has a record; else nothing.

    Args:
        directory: of the run, or of its pipeline.
    """
    return [path for path in (directory, directory.parent) if (path / FILE).is_file()]


def check_kinds(pipeline: Pipeline, kinds: tuple[type, type], recipe: str) -> None:
    """Refuses a pipeline that reads or writes something other than a recipe does.

    Args:
        pipeline: of any recipe.
        kinds: of the source and of the target that this one needs.
        recipe: its name.

    Raises:
        ValueError: a side is of another kind.
    """
    for side, kind in zip((pipeline.source, pipeline.target), kinds, strict=True):
        if not isinstance(side, kind):
            raise ValueError(
                f"it has {type(side).__name__} where {recipe} needs {kind.__name__}: "
                "another recipe trained it."
            )
