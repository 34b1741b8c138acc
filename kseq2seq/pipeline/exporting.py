"""The format that a pipeline is exported in, and the defaults that it gives the exporter."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any

import numpy as np

from kseq2seq.decoding import Beam, Greedy, Sample
from kseq2seq.export import export_onnx, export_saved_model, export_tflite

_FORMATS = {".tflite": "tflite", ".onnx": "onnx"}
_KERAS = (".keras", ".h5", ".hdf5")
_FOREIGN = re.compile(  # suffixes of files that no exporter here writes
    r"\.(bin|ckpt|engine|gguf|gz|h5|hdf5|jit|json|keras|lite|litert|mar|mlmodel|mlpackage|mnn|msgpack"
    r"|ncnn|npy|npz|ort|param|pb|pbtxt|pickle|pkl|plan|pt|pt2|pte|pth|safetensors|tar|tfl|tgz"
    r"|torchscript|trt|txt|uff|xml|xz|zip)"
)


def format_of(path: str | os.PathLike) -> str:
    """Returns the format that the name of a path asks for: "saved_model", "tflite" or "onnx".

    A directory may have dots in its name: only a suffix of another known kind of file, or one that
    looks like a mistyped ".tflite" or ".onnx", is refused.

    Args:
        path: where to write.

    Raises:
        ValueError: if the suffix is that of a kind of file that is not exported.

    Example:
        >>> from kseq2seq.pipeline.exporting import format_of
        >>> format_of("model.tflite"), format_of("model.onnx"), format_of("en-fr-1.0")
        ('tflite', 'onnx', 'saved_model')
        >>> format_of("model.h5")
        Traceback (most recent call last):
            ...
        ValueError: No exporter writes '.h5' files; got 'model.h5'. ...
    """
    suffix = PurePath(path).suffix.lower()
    if suffix in _FORMATS:
        return _FORMATS[suffix]
    name = os.fspath(path)
    if _FOREIGN.fullmatch(suffix):
        keras = f" For a file that Keras loads, call pipeline.model.save({name!r})."
        raise ValueError(
            f"No exporter writes {suffix!r} files; got {name!r}. Name a file that ends in "
            "'.tflite', or a directory for a SavedModel; format='saved_model' or 'onnx' writes to "
            f"a directory of any name.{keras if suffix in _KERAS else ''}"
        )
    if close := get_close_matches(suffix, _FORMATS, n=1, cutoff=0.8):
        raise ValueError(
            f"The suffix of {name!r} is not known; did you mean {close[0]!r}? If a directory is to "
            "have that name, pass format='saved_model'."
        )
    return "saved_model"


def export_parts(
    path: str | os.PathLike,
    parts: tuple[Any, Any, Any],
    search: Any,
    examples: Sequence[Any],
    format: str | None,
    options: dict[str, Any],
) -> Any:
    """Exports the model, source and target of a pipeline; see `Pipeline.export`.

    Args:
        path: where to write.
        parts: model, source and target.
        search: the pipeline's own.
        examples: those of the pipeline; the ones that fit are used unless `options` has others.
        format: as for `Pipeline.export`.
        options: of the exporter.
    """
    model, source, _ = parts
    format = format_of(path) if format is None else format
    if format not in ("saved_model", "tflite", "onnx"):
        raise ValueError(f"`format` must be 'saved_model', 'tflite' or 'onnx'; got {format!r}.")
    if format == "onnx":
        return export_onnx(path, *parts, **options)
    if format == "tflite":
        if options.get("references") is None:  # which belong to examples given with them
            fitting = _fitting(source, examples, options.get("source_length"))
            options = {"examples": fitting, **options}
        return export_tflite(path, *parts, **{"search": search, **options})
    searches = options.pop("searches", None) or _searches(model, search)
    options = {"warm_up": _fitting(source, examples, None), **options}
    return export_saved_model(
        path, *parts, searches={"serving_default": search, **searches}, **options
    )


def _searches(model: Any, search: Any) -> dict[str, Any]:
    """The searches of a SavedModel by default, as far as the model's head has them."""
    greedy, beam = Greedy(), search if isinstance(search, Beam) else Beam()
    if hasattr(model, "decoder"):
        return {"greedy": greedy, "beam": beam, "sample": Sample()}
    widest = model.head.widest
    several = widest is None or widest >= beam.beam_width
    return {"greedy": greedy, **({"beam": beam} if several else {})}


def _fitting(source: Any, examples: Sequence[Any], length: Any) -> list[Any] | None:
    """The examples that are not empty and not too long; None if there are none."""
    if not examples:
        return None
    longest = length if isinstance(length, int) else source.max_length
    raws = source.batch(examples)
    lengths = source.lengths(raws)
    fits = (~source.empty(raws, lengths) & (lengths <= longest)).numpy()
    return [examples[index] for index in np.flatnonzero(fits).tolist()] or None
