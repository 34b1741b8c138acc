"""`--ensemble`: models of earlier runs that answer together with the one just trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kseq2seq.cli.initial import records_of, saved_pipeline
from kseq2seq.data import Corpus
from kseq2seq.decoding import Ensemble
from kseq2seq.pipeline import Pipeline
from kseq2seq.runs import read_runs
from kseq2seq.runs.description import checksums

# For `Flags.add`.
ENSEMBLE: dict[str, Any] = {
    "type": Path,
    "nargs": "+",
    "metavar": "DIR",
    "help": "earlier runs on the same data, or their pipelines: scored together with this model",
}


def ensemble(
    pipeline: Pipeline, members: Sequence[Path], corpora: Mapping[str, Corpus]
) -> Pipeline:
    """Returns a pipeline whose model averages the probabilities of several.

    Args:
        pipeline: whose source, target and search it has, and whose model is the first; it may be
            trained later.
        members: directories of runs, or of saved pipelines.
        corpora: the pipeline's own, by the names of splits.

    Raises:
        FileNotFoundError: if a directory holds no pipeline.
        ValueError: if its ids stand for other tokens, or its run was trained on other examples.
    """
    own = checksums(corpora)
    models: list[Any] = [pipeline.model]
    for directory in members:
        member = saved_pipeline(directory)
        if _tokens(member) != _tokens(pipeline):
            raise ValueError(
                f"{directory} has other tokens than this model. Models answer together if they "
                "were trained on the same data by the same recipe."
            )
        runs, _ = read_runs(records_of(directory))
        if not runs:
            print(f"WARNING: {directory} doesn't say what it was trained on; perhaps on this test.")
        if any(run.record["data"] != own for run in runs):
            raise ValueError(
                f"{directory} was trained on other examples, perhaps on some of this test. Train "
                "it with the same --data."
            )
        models.append(member.model)
    return Pipeline(Ensemble(models), pipeline.source, pipeline.target, pipeline.search)


def _tokens(pipeline: Pipeline) -> list[Any]:
    """Returns the meaning of all ids of both sides, as far as it is known."""
    tokenizers = (getattr(side, "tokenizer", None) for side in (pipeline.source, pipeline.target))
    return [tokenizer and tokenizer.words() for tokenizer in tokenizers]
