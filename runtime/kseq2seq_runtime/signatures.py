"""The functions of a model, checked before they are first called."""

from __future__ import annotations

from typing import Any

from kseq2seq_runtime.bundle import AGAIN, Bundle
from kseq2seq_runtime.record import Record

NAMES = {"encode", "decode_step", "generate"}
Kinds = dict[str, tuple[tuple[int, ...], str]]  # of tensors: name -> (shape, dtype)


def load_signatures(bundle: Bundle, record: Record, threads: int | None) -> dict[str, Any]:
    """Returns the functions `encode`, `decode_step` and `generate` of a model, or the last alone.

    Args:
        bundle: the opened file.
        record: what it says of the model.
        threads: of the processor; None leaves it to LiteRT.

    Raises:
        ValueError: TFLite can't load the model; or it lacks a function, or has one of other names,
            shapes or types of tensors than the record says.
    """
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=bundle.model, num_threads=threads)
        there = NAMES & interpreter.get_signature_list().keys()
        runners = {name: interpreter.get_signature_runner(name) for name in there}
        inputs = {name: _kinds(runner.get_input_details()) for name, runner in runners.items()}
        outputs = {name: _kinds(runner.get_output_details()) for name, runner in runners.items()}
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"{bundle.path}: LiteRT can't load the model ({error}). {AGAIN}"
        ) from error
    try:
        _check(inputs, outputs, record)
    except ValueError as error:
        raise ValueError(f"{bundle.path}: {error} {AGAIN}") from error
    return runners


def _kinds(details: dict[str, Any]) -> Kinds:
    return {
        name: (tuple(tensor["shape_signature"].tolist()), tensor["dtype"].__name__)
        for name, tensor in details.items()
    }


def _check(inputs: dict[str, Kinds], outputs: dict[str, Kinds], record: Record) -> None:
    """Refuses functions of other inputs and outputs than the record says."""
    wanted = NAMES if record.steps else {"generate"}
    if missing := sorted(wanted - inputs.keys()):
        raise ValueError(f"The model lacks the signatures {missing}.")
    if record.steps:
        _check_steps(inputs, outputs, record)
    generated = outputs["generate"]
    _agree("generate", "takes", inputs["generate"], record.inputs)
    longest = record.target_length
    if not record.steps:  # as many as the encoder has positions
        longest = generated.get("ids", ((0, 0, 0), ""))[0][-1]
    count = generated.get("lengths", ((0, 0), ""))[0][-1]
    expected: Kinds = {
        "ids": ((1, count, longest), "int32"),
        "lengths": ((1, count), "int32"),
        "scores": ((1, count), "float32"),
    }
    if "finished" in generated:  # files of earlier versions do not say
        expected["finished"] = ((1, count), "int32")
    _agree("generate", "gives", generated, expected)


def _check_steps(inputs: dict[str, Kinds], outputs: dict[str, Kinds], record: Record) -> None:
    _agree("encode", "takes", inputs["encode"], record.inputs)
    one, carried, step = ((1,), "int32"), outputs["encode"], outputs["decode_step"]
    expected: Kinds = {"token": one, "position": one, **carried}
    _agree("decode_step", "takes", inputs["decode_step"], expected)
    state = {name: kind for name, kind in carried.items() if name.startswith("state_")}
    expected = {"logits": ((1, record.target_vocabulary), "float32"), **state}
    if "alignment" in step:  # an encoder may have other positions than its source
        shape, _ = step["alignment"]
        expected["alignment"] = ((1, shape[-1] if shape else record.source_length), "float32")
    _agree("decode_step", "gives", step, expected)


def _agree(name: str, verb: str, found: Kinds, expected: Kinds) -> None:
    for tensor in sorted(found.keys() | expected.keys()):
        if found.get(tensor) != expected.get(tensor):
            raise ValueError(
                f"The signature {name!r} {verb} {tensor!r} as {_said(found.get(tensor))}, and it "
                f"must be {_said(expected.get(tensor))}."
            )


def _said(kind: tuple[tuple[int, ...], str] | None) -> str:
    return "nothing" if kind is None else f"{kind[1]} {kind[0]}"
