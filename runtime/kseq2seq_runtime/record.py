"""The record of a file, which describes its model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from kseq2seq_runtime.fields import at_least_one, read_field


class SpecialTokens(NamedTuple):
    """Ids of the tokens that are not text.

    Attributes:
        padding: fills rows up.
        start: what a decoder is given first.
        end: closes a sequence.
        unknown: whatever the vocabulary lacks.
    """

    padding: int = 0
    start: int = 1
    end: int = 2
    unknown: int = 3


Inputs = dict[str, tuple[tuple[int, ...], str]]
OF_IDS = ("source", "source_length")


@dataclass(frozen=True)
class Record:
    """The record of a file, which describes its model.

    Attributes:
        precision: "float32", "float16" or "int8", of the weights.
        parameters: how many numbers the model has learned.
        source_length: S, the most units of a source; of a text, tokens, its end included.
        target_length: T, the most tokens of a target, its end included.
        source_vocabulary: how many ids a source may have; None if it is not ids.
        target_vocabulary: V, how many ids a target may have.
        special: the target's ids that are not text.
        search: what `generate` runs: its "type", and its settings.
        inputs: what `generate` takes: name -> (shape, dtype).
        steps: whether the model writes step by step, so that searches of the host's own can run.
        filters: types of the rules about next tokens that `generate` follows.
    """

    precision: str
    parameters: int
    source_length: int
    target_length: int
    source_vocabulary: int | None
    target_vocabulary: int
    special: SpecialTokens
    search: dict[str, Any]
    inputs: Inputs
    steps: bool
    filters: tuple[str, ...] = ()

    @property
    def arrays(self) -> Inputs:
        """The inputs that are not ids, and not a length."""
        return {name: kind for name, kind in self.inputs.items() if name not in OF_IDS}


def read_record(given: dict[str, Any], where: str) -> Record:
    """Returns what `kseq2seq.json` says.

    Args:
        given: its content.
        where: what to call it in an error.

    Raises:
        ValueError: a field is missing, of another type, or out of range.
    """
    vocabulary = at_least_one(given, "target_vocabulary", where)
    ids = read_field(given, "special", dict, where)
    special = SpecialTokens(*(read_field(ids, name, int, where) for name in SpecialTokens._fields))
    steps = read_field({"steps": True, **given}, "steps", bool, where)  # older files: all had them
    inside = all(0 <= token < vocabulary for token in special)
    if steps and (len(set(special)) < len(special) or not inside):
        raise ValueError(
            f"{where}: the special ids must be {len(special)} different ones of {vocabulary}, they "
            f"are {tuple(special)}. Export the model again."
        )
    source_length = at_least_one(given, "source_length", where)
    inputs = _inputs(given, source_length, where)
    one_each = set(inputs) <= set(OF_IDS) and len(inputs.get("source", ((), ""))[0]) <= 2
    ids = one_each or given.get("source_vocabulary", 0) is not None
    search = read_field(given, "search", dict, where)
    read_field(search, "type", str, where)
    filters = read_field({"filters": [], **given}, "filters", list, where)
    if not all(isinstance(name, str) for name in filters):
        raise ValueError(
            f"{where}: `filters` must be names; got {filters!r:.80}. Export the model again."
        )
    return Record(
        precision=read_field(given, "precision", str, where),
        parameters=at_least_one(given, "parameters", where),
        source_length=source_length,
        target_length=at_least_one(given, "target_length", where),
        source_vocabulary=at_least_one(given, "source_vocabulary", where) if ids else None,
        target_vocabulary=vocabulary,
        special=special,
        search=search,
        inputs=inputs,
        steps=steps,
        filters=tuple(filters),
    )


def _inputs(given: dict[str, Any], source_length: int, where: str) -> Inputs:
    """What `generate` takes; files of earlier versions do not say, and take ids."""
    if "inputs" not in given:
        return {"source": ((1, source_length), "int32"), "source_length": ((1,), "int32")}
    inputs = {}
    for name in read_field(given, "inputs", dict, where):
        described = read_field(given["inputs"], name, dict, where)
        shape = read_field(described, "shape", list, f"{where}: {name}")
        if not shape or not all(type(size) is int and size >= 1 for size in shape):
            raise ValueError(
                f"{where}: the shape of {name!r} must be sizes of at least 1; got {shape!r:.80}. "
                "Export the model again."
            )
        if name == "source":
            shape = [1, source_length, *shape[2:]]
        inputs[name] = tuple(shape), read_field(described, "dtype", str, f"{where}: {name}")
    return inputs
