"""A whole model as one TFLite file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from kseq2seq.decoding import Filter, Sample, Search
from kseq2seq.decoding.records import describe
from kseq2seq.decoding.requests import check_search
from kseq2seq.deprecation import renamed
from kseq2seq.export.bundle import write_bundle
from kseq2seq.export.filters import fixed_filters
from kseq2seq.export.fixed import FixedModel
from kseq2seq.export.parity import Parity, compare
from kseq2seq.export.sizes import description, in_float32, lengths
from kseq2seq.export.strings import TextModel
from kseq2seq.metrics.references import Reference
from kseq2seq.models import BuiltModel

PRECISIONS = ("float32", "float16", "int8")


@renamed(licence="license")
def export_tflite(
    path: str | os.PathLike,
    model: BuiltModel,
    source: Any,
    target: Any,
    *,
    search: Search,
    filters: Sequence[Filter] = (),
    source_length: int | None = None,
    target_length: int | None = None,
    precision: str = "float32",
    strings: bool = False,
    license: str | None = None,
    examples: Sequence[Any] | None = None,
    references: Sequence[Reference] | None = None,
    report: Callable[[str], Any] | None = print,
) -> Parity:
    """Writes one file for phones, browsers and small servers: a model and all that belongs to it.

    The flatbuffer uses built-in operations alone and has the signatures of `FixedModel`: `encode`,
    `decode_step` and `generate` (this alone without a decoder); their weights are stored once.
    Behind it lie `kseq2seq.json`, what `source.save` and `target.save` write, and the license, as a
    zip archive.

    Before it is written, the file is run on real sentences, and its targets are compared with the
    model's: in float32 they must be the same, up to near ties.

    Args:
        path: where to write, for example "model.tflite"; it appears whole or not at all.
        model: the trained model.
        source: raw input -> the model's inputs, a `Source`.
        target: ids -> raw output, a `Target`.
        search: what `generate` runs.
        filters: rules about next tokens, which `generate` follows. Searches of a host, for example
            a stream, don't know them; `kseq2seq.json` names their types, so that a host can say so.
        source_length: S, the most units of a source; `source.max_length` by default. The time of
            attention grows with it, however short a source is. So does the time of encoding, but
            `generate` encodes only a quarter, half or all of S, whichever holds the source.
        target_length: the most tokens of a target, its end included; by default
            `target.max_length`.
        precision: "float32"; "float16" (weights of half the size, computed in float32 on a CPU);
            "int8" (weights of a quarter, products in whole numbers, activations in float32 between
            them, scaled as they come).
        strings: add the signature `generate_texts` of `TextModel`, with the tokenizers inside; only
            an interpreter that knows tensorflow-text's operations can then open the file.
        license: a text that goes with the file: the terms under which the model may be used.
        examples: raw texts of the kind the model is for, to compare on; if None, English sentences
            of the bundled sample.
        references: one target text, or a list of several, for each example, to compare scores.
        report: called with a line about the size of the file and the comparison; None is silent.

    Returns:
        A `Parity`: how the file compares with the model.

    Raises:
        ParityError: if a float32 file gives other targets than the model; nothing is written then.
        IsADirectoryError: if `path` is one.
        ValueError: for a model or setting that can't be written.
    """
    plain = in_float32(model)
    if any(layer.quantization_mode for layer in plain._flatten_layers()):
        raise ValueError(
            "A model that was quantized by `quantize` can't be written for TFLite, whose built-in "
            "operations differ. Export the model as it was before, with precision='int8'."
        )
    if precision not in PRECISIONS:
        raise ValueError(f"`precision` must be one of {PRECISIONS}; got {precision!r}.")
    if isinstance(search, Sample):
        raise ValueError(
            "TFLite has no random numbers that a seed repeats, so `generate` can't sample. Export "
            "another search, for example Greedy(), and sample in the host, by `decode_step`."
        )
    check_search(search)
    if license is not None and not isinstance(license, str):
        raise ValueError(f"`license` must be a string; got {license!r}.")
    filters = fixed_filters(plain, source, target, filters)
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory; name a file in it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    # 1. The record, and the flatbuffer.
    sizes = lengths(source, target, source_length, target_length)
    named = {"precision": precision, "search": describe(search)}
    record = description(plain, source, target, sizes, filters, **named)
    arguments = (plain, search, *sizes, target.special)
    if strings:
        fixed: FixedModel = TextModel(source, target, *arguments, filters=filters)
    else:
        fixed = FixedModel(*arguments, source, filters)
    content = convert(fixed, precision)
    # 2. The comparison, which may refuse it.
    parity = compare(
        content,
        plain,
        source,
        target,
        search,
        filters=filters,
        lengths=sizes,
        exact=precision == "float32",
        strings=strings,
        examples=examples,
        references=references,
    )
    # 3. The file.
    with tempfile.TemporaryDirectory() as scratch:
        source.save(scratch)
        target.save(scratch)
        files = _files(Path(scratch))
    if license is not None:
        files["LICENSE.txt"] = license.encode()
    write_bundle(path, content, files, record)
    if report is not None:
        size = path.stat().st_size
        each = size / plain.count_params()
        report(f"{path}: {size:,} bytes, {each:.2f} a parameter; {parity}")
    return parity


def convert(fixed: FixedModel, precision: str) -> bytes:
    """Returns the flatbuffer of a model's functions.

    Raises:
        ValueError: if a function needs more than TFLite's built-in operations.
    """
    with tempfile.TemporaryDirectory() as scratch:
        tf.saved_model.save(fixed, scratch, signatures=fixed.signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            scratch, signature_keys=list(fixed.signatures)
        )
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        converter.allow_custom_ops = isinstance(fixed, TextModel)
        # With one scale a matrix, a table that is read and multiplied by is stored once.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        try:
            return converter.convert()
        except Exception as error:  # the converter raises a private type
            raise ValueError(
                f"The model can't be written with TFLite's built-in operations: {_reason(error)}"
            ) from error


def _reason(error: Exception) -> str:
    """The line of the converter's long message that names the error."""
    lines = [line for line in str(error).splitlines() if "error:" in line]
    return (lines or str(error).splitlines() or [type(error).__name__])[0].strip()


def _files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
