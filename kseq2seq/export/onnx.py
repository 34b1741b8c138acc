"""The steps of a model as ONNX files, for ONNX Runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from kseq2seq.decoding import Greedy
from kseq2seq.disk import whole_directory
from kseq2seq.disk.files import write_json
from kseq2seq.export.filters import fixed_filters
from kseq2seq.export.fixed import STATE, FixedModel
from kseq2seq.export.sizes import description, in_float32, lengths
from kseq2seq.models import Seq2Seq

OPSET = 18
NEW = "new_"


def export_onnx(
    directory: str | os.PathLike,
    model: Seq2Seq,
    source: Any,
    target: Any,
    *,
    source_length: int | None = None,
    target_length: int | None = None,
) -> None:
    """Writes `encode.onnx` and `decode_step.onnx`, `kseq2seq.json` and the tokenizers.

    They are the functions of `FixedModel` in float32, one source at a time. ONNX lets no output
    have an input's name, so a step returns its state as `new_state_...`. An input that a model does
    not use, for example the position of a recurrent one, is left out. The loop, and with it the
    search, is up to the host, and so are the filters of the source, whose types the record names.

    Args:
        directory: where to write; it appears whole or not at all.
        model: the trained `Seq2Seq`.
        source: raw input -> the model's inputs, a `Source`.
        target: ids -> raw output, a `Target`.
        source_length: S, the most units of a source; `source.max_length` by default.
        target_length: the most tokens of a target, its end included; by default
            `target.max_length`.

    Raises:
        ImportError: if tf2onnx is not installed.
        ValueError: for a model or setting that can't be written.

    Example:
        ::

            pipeline.export("model-onnx", format="onnx")
            ...
            encode = onnxruntime.InferenceSession("model-onnx/encode.onnx")
    """
    plain = in_float32(model)
    sizes = lengths(source, target, source_length, target_length)
    filters = fixed_filters(plain, source, target)
    fixed = FixedModel(plain, Greedy(), *sizes, target.special, source)
    if "decode_step" not in fixed.signatures:
        raise ValueError(
            "ONNX files hold single steps of a decoder, and this model has none. Export it for "
            "TFLite or as a SavedModel."
        )
    with whole_directory(Path(directory)) as scratch:
        for name in ("encode", "decode_step"):
            (scratch / f"{name}.onnx").write_bytes(_converted(name, fixed.signatures[name]))
        write_json(
            scratch / "kseq2seq.json",
            description(plain, source, target, sizes, filters, precision="float32"),
        )
        source.save(scratch)
        target.save(scratch)


def _converted(name: str, function: Any) -> bytes:
    """A concrete function as a serialized ONNX model."""
    try:
        from tf2onnx import convert, tf_loader
    except ImportError as error:
        raise ImportError(
            "ONNX files are written by tf2onnx; pip install 'kseq2seq[onnx]'."
        ) from error
    _know_updates()
    _know_sums()
    inputs = [tensor.name for tensor in function.inputs if tensor.dtype != "resource"]
    outputs = [tensor.name for tensor in function.outputs]
    graph = tf_loader.from_function(function, inputs, outputs)
    used = {node.name for node in graph.node}
    inputs = [tensor for tensor in inputs if tensor.split(":")[0] in used]
    names = {tensor: tensor.split(":")[0] for tensor in inputs}
    for tensor, output in zip(outputs, sorted(function.structured_outputs), strict=True):
        steps = name == "decode_step" and output.startswith(STATE)
        names[tensor] = NEW + output if steps else output
    onnx, _ = convert._convert_common(
        graph,
        name=name,
        opset=OPSET,
        input_names=inputs,
        output_names=outputs,
        tensors_to_rename=names,
    )
    return onnx.SerializeToString()


def _know_sums() -> None:
    """Tells tf2onnx that a scatter adds up what falls on one index; it keeps the last of these."""
    from tf2onnx.handler import tf_op
    from tf2onnx.onnx_opset.tensor import ScatterND

    @tf_op("ScatterNd", onnx_op="ScatterND")
    class _Sum:
        """ScatterND(zeros, indices, updates), with a sum for each index."""

        @classmethod
        def version_16(cls, graph, node, **_):
            ScatterND.version_11(graph, node)
            node.set_attr("reduction", "add")


def _know_updates() -> None:
    """Tells tf2onnx of the one operation that it lacks: writing a position of a cache."""
    from tf2onnx import utils
    from tf2onnx.handler import tf_op

    @tf_op("XlaDynamicUpdateSlice")
    class _Update:
        """Writes one position along one axis: Where(position == begin, update, cache)."""

        @classmethod
        def version_11(cls, graph, node, **_):
            cache, update, begin = node.input
            shape, dtype = graph.get_shape(cache), graph.get_dtype(cache)
            (axis,) = (i for i, size in enumerate(graph.get_shape(update)) if size != shape[i])
            where = [1] * len(shape)
            where[axis] = shape[axis]
            steps = np.arange(shape[axis], dtype="int32").reshape(where)
            steps = graph.make_const(utils.make_name("steps"), steps).output[0]
            which = graph.make_const(utils.make_name("axis"), np.array([axis])).output[0]
            begin = graph.make_node("Gather", [begin, which]).output[0]
            here = graph.make_node("Equal", [steps, begin]).output[0]
            name, outputs = node.name, node.output
            graph.remove_node(name)
            graph.make_node(
                "Where",
                [here, update, cache],
                name=name,
                outputs=outputs,
                dtypes=[dtype],
                shapes=[shape],
            )
