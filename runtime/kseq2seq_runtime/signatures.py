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
        given = {name: _kinds(runner.get_input_details()) for name, runner in runners.items()}
        made = {name: _kinds(runner.get_output_details()) for name, runner in runners.items()}
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"{bundle.path}: LiteRT can't load the model ({error}). {AGAIN}"
        ) from error
    try:
        _check(given, made, record)
    except ValueError as error:
        raise ValueError(f"{bundle.path}: {error} {AGAIN}") from error
    return runners


def _kinds(details: dict[str, Any]) -> Kinds:
    return {
        name: (tuple(tensor["shape_signature"].tolist()), tensor["dtype"].__name__)
        for name, tensor in details.items()
    }


def _check(given: dict[str, Kinds], made: dict[str, Kinds], record: Record) -> None:
    """Refuses functions of other inputs and outputs than the record says."""
    wanted = NAMES if record.steps else {"generate"}
    if missing := sorted(wanted - given.keys()):
        raise ValueError(f"The model lacks the signatures {missing}.")
    if record.steps:
        _check_steps(given, made, record)
    _agree("generate", "takes", given["generate"], record.inputs)
    longest = record.target_length
    if not record.steps:  # as many as the encoder has positions
        longest = made["generate"].get("ids", ((0, 0, 0), ""))[0][-1]
    count = made["generate"].get("lengths", ((0, 0), ""))[0][-1]
    found: Kinds = {
        "ids": ((1, count, longest), "int32"),
        "lengths": ((1, count), "int32"),
        "scores": ((1, count), "float32"),
    }
    if "finished" in made["generate"]:  # files of earlier versions do not say
        found["finished"] = ((1, count), "int32")
    _agree("generate", "gives", made["generate"], found)


def _check_steps(given: dict[str, Kinds], made: dict[str, Kinds], record: Record) -> None:
    one = ((1,), "int32")
    _agree("encode", "takes", given["encode"], record.inputs)
    carried = made["encode"]
    state = {name: kind for name, kind in carried.items() if name.startswith("state_")}
    _agree("decode_step", "takes", given["decode_step"], {"token": one, "position": one, **carried})
    logits: Kinds = {"logits": ((1, record.target_vocabulary), "float32"), **state}
    if "alignment" in made["decode_step"]:  # an encoder may have other places than its source
        looked = made["decode_step"]["alignment"][0]
        logits["alignment"] = ((1, looked[-1] if looked else record.source_length), "float32")
    _agree("decode_step", "gives", made["decode_step"], logits)


def _agree(name: str, verb: str, found: Kinds, expected: Kinds) -> None:
    for tensor in sorted(found.keys() | expected.keys()):
        if found.get(tensor) != expected.get(tensor):
            raise ValueError(
                f"The signature {name!r} {verb} {tensor!r} as {_said(found.get(tensor))}, and it "
                f"must be {_said(expected.get(tensor))}."
            )


def _said(kind: tuple[tuple[int, ...], str] | None) -> str:
    return "nothing" if kind is None else f"{kind[1]} {kind[0]}"
