"""A pipeline as a directory of JSON, HDF5 and tokenizer files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kseq2seq.data.fetch import sha256
from kseq2seq.decoding import Search
from kseq2seq.decoding.description import describe, described
from kseq2seq.models import Seq2Seq
from kseq2seq.text import TextSource, TextTarget
from kseq2seq.text.files import read_checked, read_json, whole_directory, write_json

CONFIG, WEIGHTS = "pipeline.json", "model.weights.h5"


def save_parts(
    directory: Path, model: Seq2Seq, source: TextSource, target: TextTarget, search: Any
) -> None:
    """Writes the parts of a pipeline; the directory appears whole or not at all.

    Raises:
        ValueError: if the directory holds something else than a saved pipeline, or the search is
            of a kind that has no name here.
    """
    described_search = describe(search)
    with whole_directory(directory) as scratch:
        weights = scratch / WEIGHTS
        # Keras saves a compiled model's optimizer too, which is three times the model or more.
        bare = Seq2Seq.from_config(model.get_config())
        bare.set_weights(model.get_weights())
        bare.save_weights(weights)
        source.save(scratch)
        target.save(scratch)
        config = {
            "model": model.get_config(),
            "search": described_search,
            "weights_sha256": sha256(weights),
        }
        write_json(scratch / CONFIG, config)


def load_parts(directory: Path) -> tuple[Seq2Seq, TextSource, TextTarget, Search]:
    """Reads what `save_parts` wrote; nothing in it is executed.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file is damaged, of a newer format, or does not fit the others.
    """
    config = read_json(directory / CONFIG)
    read_checked(directory / WEIGHTS, config.get("weights_sha256", ""))
    try:
        search = described(config["search"])
        model = Seq2Seq.from_config(config["model"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{directory / CONFIG} does not describe a pipeline ({type(error).__name__}: {error}). "
            "Save the pipeline again."
        ) from error
    model.load_weights(directory / WEIGHTS)
    return model, TextSource.load(directory), TextTarget.load(directory), search
