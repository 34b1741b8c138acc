"""A pipeline as a directory of JSON, HDF5 and tokenizer files."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from kseq2seq.contracts import Source, Target
from kseq2seq.decoding import Search
from kseq2seq.decoding.records import describe, search_from
from kseq2seq.disk import restore, whole_directory
from kseq2seq.disk.files import read_field, read_json, sha256, write_json
from kseq2seq.formats import FORMAT, upgraded
from kseq2seq.models import BuiltModel

CONFIG, WEIGHTS, EXAMPLES = "pipeline.json", "model.weights.h5", "examples.json"
SIDES = ("source.json", "target.json")
_NEEDED = (WEIGHTS, *SIDES)


def save_parts(
    directory: Path,
    model: BuiltModel,
    source: Source,
    target: Target,
    search: Any,
    examples: tuple[Any, ...],
) -> None:
    """Writes the parts of a pipeline; the directory appears whole or not at all.

    `pipeline.json` has the SHA-256 of every other file, which `load_parts` checks.

    Raises:
        ValueError: if the directory holds anything but a saved pipeline, or the search is of a
            class that no file can name.
    """
    described_search = describe(search)
    with whole_directory(directory, may_hold=[EXAMPLES]) as scratch:
        # Keras saves a compiled model's optimizer too, which is three times the model or more.
        bare = BuiltModel.from_config(model.get_config())
        bare.set_weights(model.get_weights())
        bare.save_weights(scratch / WEIGHTS)
        source.save(scratch)
        target.save(scratch)
        if examples:
            write_json(scratch / EXAMPLES, _described(source, examples))
        config = {
            FORMAT: len(_UPGRADES) + 1,
            "model": model.get_config(),
            "search": described_search,
            "files": {
                path.relative_to(scratch).as_posix(): sha256(path)
                for path in sorted(scratch.rglob("*"))
                if path.is_file()
            },
        }
        write_json(scratch / CONFIG, config)


def load_parts(directory: Path) -> tuple[BuiltModel, Source, Target, Search, tuple[Any, ...]]:
    """Reads what `save_parts` wrote; nothing in it is executed.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file is damaged, comes from another pipeline, or is of a newer format.
    """
    restore(directory)
    path = directory / CONFIG
    record = read_json(path)
    config = upgraded(record, _UPGRADES, str(path))
    files = read_field(config, "files", dict, path)
    for name in _NEEDED if record.get(FORMAT, 1) > 1 else (WEIGHTS,):
        read_field(files, name, str, path)
    _check_files(directory, files)
    try:
        search = search_from(config["search"])
        model = BuiltModel.from_config(read_field(config, "model", dict, path))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} does not describe a pipeline ({type(error).__name__}: {error}). "
            "Save the pipeline again."
        ) from error
    model.load_weights(directory / WEIGHTS)
    source, target = Source.load(directory), Target.load(directory)
    examples = _examples(directory / EXAMPLES, source) if EXAMPLES in files else ()
    return model, source, target, search, examples


def _check_files(directory: Path, files: Mapping[str, Any]) -> None:
    """Compares files with their SHA-256.

    Raises:
        FileNotFoundError: if one is missing.
        ValueError: if one is not the one that was saved.
    """
    for name, expected in files.items():
        plain = PurePosixPath(name)
        if plain.is_absolute() or ".." in plain.parts or "\0" in name:
            raise ValueError(
                f"{directory / CONFIG} must name files inside {directory}; got {name!r}. Don't use "
                "this pipeline, or save it again."
            )
        path = directory / plain
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; copy or save the pipeline again.")
        if sha256(path) != expected:
            hint = ""
            if name in SIDES:
                hint = (
                    " To change `max_length`, load the pipeline as it was saved and save one with "
                    f"another {name.removesuffix('.json')}, for text a Text{name[:6].capitalize()}."
                )
            raise ValueError(
                f"{path} is not the file that was saved with this pipeline: it is truncated or "
                "changed, or it belongs to another pipeline, whose ids mean something else. Put "
                f"the saved file back, or save the pipeline again.{hint}"
            )


def _described(source: Source, examples: tuple[Any, ...]) -> dict[str, Any]:
    """Raws as JSON: texts as they are, others in base64."""
    if all(isinstance(raw, str) for raw in examples):
        return {"texts": list(examples)}
    return {"packed": [base64.b64encode(source.pack(raw)).decode() for raw in examples]}


def _examples(path: Path, source: Source) -> tuple[Any, ...]:
    record = read_json(path)
    name = "packed" if "packed" in record else "texts"
    strings = read_field(record, name, list, path)
    if not all(isinstance(string, str) for string in strings):
        raise ValueError(f"{path} must have a list of strings as {name!r}. Save it again.")
    if name == "texts":
        return tuple(strings)
    try:
        return tuple(source.restore(base64.b64decode(each, validate=True)) for each in strings)
    except ValueError as error:
        raise ValueError(f"{path} has examples that can't be read ({error}).") from error


def _hashes_of_all(record: dict[str, Any]) -> dict[str, Any]:
    """Format 1 had the hash of the weights alone."""
    return {**record, "files": {WEIGHTS: record.pop("weights_sha256", None)}}


_UPGRADES = (_hashes_of_all,)
