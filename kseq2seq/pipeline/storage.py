"""A pipeline as a directory of JSON, HDF5 and tokenizer files."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kseq2seq.data.fetch import sha256
from kseq2seq.decoding import Beam, Contrastive, DiverseBeam, Greedy, Sample, Search
from kseq2seq.models import Seq2Seq, build_model
from kseq2seq.text import TextSource, TextTarget
from kseq2seq.text.files import read_checked, read_json, write_json

SEARCHES: dict[str, type[Any]] = {
    "greedy": Greedy,
    "beam": Beam,
    "diverse_beam": DiverseBeam,
    "sample": Sample,
    "contrastive": Contrastive,
}
CONFIG, WEIGHTS = "pipeline.json", "model.weights.h5"


def save_parts(
    directory: Path, model: Seq2Seq, source: TextSource, target: TextTarget, search: Any
) -> None:
    """Writes the parts of a pipeline; the directory appears whole or not at all.

    Raises:
        ValueError: if the directory holds something else than a saved pipeline, or the search is
            of a kind that has no name here.
    """
    names = [name for name, kind in SEARCHES.items() if type(search) is kind]
    if not names:
        raise ValueError(
            f"Only {' and '.join(SEARCHES)} searches can be saved; got {search!r}. "
            "Give another search to the pipeline, and this one to its calls."
        )
    directory = directory.resolve()
    directory.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        weights = scratch / WEIGHTS
        # Keras saves a compiled model's optimizer too, which is three times the model or more.
        bare = build_model(**model.get_config())
        bare.set_weights(model.get_weights())
        bare.save_weights(weights)
        source.save(scratch)
        target.save(scratch)
        config = {
            "model": model.get_config(),
            "search": {"type": names[0], **asdict(search)},
            "weights_sha256": sha256(weights),
        }
        write_json(scratch / CONFIG, config)
        scratch.chmod(0o755)
        foreign = _names(directory) - _names(scratch)
        if foreign:
            raise ValueError(
                f"{directory} holds {', '.join(sorted(foreign)[:3])}, which is no part of a saved "
                "pipeline; it is left alone. Save to a new directory."
            )
        _replace(directory, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def load_parts(directory: Path) -> tuple[Seq2Seq, TextSource, TextTarget, Search]:
    """Reads what `save_parts` wrote; nothing in it is executed.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file is damaged, of a newer format, or does not fit the others.
    """
    config = read_json(directory / CONFIG)
    read_checked(directory / WEIGHTS, config.get("weights_sha256", ""))
    try:
        search = dict(config["search"])
        kind = SEARCHES[search.pop("type")]
        model, search = build_model(**config["model"]), kind(**search)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{directory / CONFIG} does not describe a pipeline ({type(error).__name__}: {error}). "
            "Save the pipeline again."
        ) from error
    model.load_weights(directory / WEIGHTS)
    return model, TextSource.load(directory), TextTarget.load(directory), search


def _names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} if directory.is_dir() else set()


def _replace(directory: Path, scratch: Path) -> None:
    """Puts `scratch` in the place of `directory`, which keeps its content if that fails."""
    if not directory.exists():
        scratch.rename(directory)
        return
    old = directory.with_name(f".{directory.name}-old-{os.getpid()}")
    directory.rename(old)
    try:
        scratch.rename(directory)
    except OSError:
        old.rename(directory)
        raise
    shutil.rmtree(old)
