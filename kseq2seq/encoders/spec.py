"""The inputs that an encoder is built for: names, shapes and dtypes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from numbers import Integral
from typing import Any, NamedTuple

import keras
from keras import ops

from kseq2seq.checks import MOST_IDS, check_whole

Shape = tuple[int | None, ...]
INPUTS, IDS, SPELLING = "inputs", "vocabulary_size", "spelling"
MOST_AXES = 8
MOST_SIZE = 2**20  # of one axis


class Spelling(NamedTuple):
    """The ids of a sequence of spelled words, whose units are a word's id and its characters'.

    Attributes:
        words: how many ids words have.
        characters: how many ids characters have; 0 is padding.
    """

    words: int
    characters: int


@dataclass(frozen=True)
class SourceSpec:
    """The inputs of an encoder, and how many ids there are if the source is ids.

    Args:
        inputs: names -> (shape without the rows, dtype); an axis of any length is None. A mask is
            int32, 0 at padding.
        vocabulary_size: number of ids; None for a source that is not ids.
        spelling: the `Spelling` of a source of spelled words, whose "source" is int32 (None, 1 +
            the most characters); else None.

    Example:
        >>> from kseq2seq.encoders import SourceSpec
        >>> SourceSpec.of(100).config(), SourceSpec.of(100).size
        (100, 100)
        >>> frames = {"source": ((None, 80), "float32"), "source_mask": ((None,), "int32")}
        >>> SourceSpec.of(frames).size
        80
    """

    inputs: dict[str, tuple[Shape, str]]
    vocabulary_size: int | None = None
    spelling: Spelling | None = None

    @classmethod
    def of(cls, source: Any) -> SourceSpec:
        """Returns the spec of what a user calls a source.

        Args:
            source: a number of ids; an object with a `vocabulary_size`, for example a tokenizer, or
                with a `spec`, for example a `Source`; a dict of inputs; or a `config`.

        Raises:
            ValueError: it is none of these.
        """
        if isinstance(source, SourceSpec):
            return source
        if isinstance(source, Mapping):
            if {INPUTS, IDS} <= set(source) <= {INPUTS, IDS, SPELLING}:
                inputs = _checked(source[INPUTS])
                return cls(inputs, source[IDS], _spelling(source.get(SPELLING), inputs))
            return cls(_checked(source))
        if hasattr(source, "spec"):
            size = getattr(source, IDS, None)
            inputs = _checked(source.spec)
            spelling = _spelling(getattr(source, SPELLING, None), inputs)
            return cls(inputs, None if size is None else _whole(size), spelling)
        if source is None:
            raise ValueError(
                "`source` must be a number of source ids, a tokenizer, a Source or a dict of "
                "inputs; got None."
            )
        return cls(dict(_TOKENS), _whole(getattr(source, IDS, source)))

    @property
    def is_ids(self) -> bool:
        """Whether it is a sequence of ids with its mask, and nothing else."""
        return self.vocabulary_size is not None and self.inputs == _TOKENS

    @property
    def is_sequence(self) -> bool:
        """Whether it is a sequence, of ids or of features of known sizes, with its mask."""
        if set(self.inputs) != set(_TOKENS):
            return False
        (shape, dtype), (mask, _) = self.inputs["source"], self.inputs["source_mask"]
        if self.vocabulary_size is not None:
            return shape == mask and len(shape) == 1
        known = None not in shape[1:] and dtype != "string"
        return known and len(mask) == 1 and shape[:1] == mask

    @property
    def size(self) -> int:
        """The number of ids, or of words' ids; for features, the number of one unit."""
        if self.vocabulary_size is not None:
            return self.vocabulary_size
        if self.spelling is not None:
            return self.spelling.words
        return prod(size or 1 for size in self.inputs["source"][0][1:])

    def without(self, names: Iterable[str]) -> SourceSpec:
        """Returns the spec without some inputs, which are not the encoder's."""
        others = {name: spec for name, spec in self.inputs.items() if name not in set(names)}
        return SourceSpec(others, self.vocabulary_size, self.spelling)

    def symbolic(self) -> dict[str, keras.KerasTensor]:
        """Returns the inputs of a functional model.

        Masks are int32, to which Keras casts bools. They are numbers because Keras adds up batches
        that several devices share, and bools have no sum.
        """
        return {
            name: keras.Input(shape, dtype=dtype, name=name)
            for name, (shape, dtype) in self.inputs.items()
        }

    def config(self) -> int | dict[str, Any]:
        """Returns the spec in JSON's own types, as `of` takes it: for ids, their number."""
        if self.is_ids:
            return int(self.vocabulary_size)  # type: ignore[arg-type]
        inputs = {name: [list(shape), dtype] for name, (shape, dtype) in self.inputs.items()}
        spelling = {} if self.spelling is None else {SPELLING: list(self.spelling)}
        return {INPUTS: inputs, IDS: self.vocabulary_size, **spelling}

    def __str__(self) -> str:
        shown = [f"{name} {shape} {dtype}" for name, (shape, dtype) in self.inputs.items()]
        ids = "" if self.vocabulary_size is None else f" ({self.vocabulary_size} ids)"
        return ", ".join(shown) + ids


def sequence_spec(source: Any, of: str) -> SourceSpec:
    """Returns the spec of a source that is a sequence, of ids or of features.

    Args:
        source: as `SourceSpec.of` takes it.
        of: names the encoder, for the message.

    Raises:
        ValueError: it is another source, for example an image.
    """
    spec = SourceSpec.of(source)
    if not spec.is_sequence:
        raise ValueError(
            f"The encoder of {of} reads 'source', ids (None,) or features (None, ...), and "
            f"'source_mask' (None,); the source has {spec}. Give a source of that form, or "
            "register an architecture whose encoder reads yours."
        )
    return spec


def token_spec(source: Any, of: str) -> SourceSpec:
    """Returns the spec of a source of ids.

    Raises:
        ValueError: it is another source.
    """
    spec = SourceSpec.of(source)
    if not spec.is_ids:
        raise ValueError(
            f"{of} reads ids alone; the source has {spec}. Pass a number of ids or a tokenizer, or "
            "choose an architecture that reads features, for example 'transformer'."
        )
    return spec


def token_input(name: str) -> keras.KerasTensor:
    """Returns an input for int32 ids (B, any length)."""
    return keras.Input((None,), dtype="int32", name=name)


def mask_input(name: str) -> keras.KerasTensor:
    """Returns an input for a mask (B, any length), int32, 0 at padding.

    Why int32, see `SourceSpec.symbolic`.
    """
    return token_input(name)


def source_inputs() -> dict[str, keras.KerasTensor]:
    """Returns the inputs of an encoder: "source" and "source_mask", both (B, S).

    Example:
        >>> from kseq2seq.encoders.spec import real_positions, source_inputs
        >>> real_positions(source_inputs()).dtype
        'bool'
    """
    return {"source": token_input("source"), "source_mask": mask_input("source_mask")}


def real_positions(inputs: dict[str, keras.KerasTensor]) -> keras.KerasTensor:
    """Returns the mask in `source_inputs` as bool (B, S), True = real token."""
    return ops.cast(inputs["source_mask"], "bool")


_TOKENS: dict[str, tuple[Shape, str]] = {
    "source": ((None,), "int32"),
    "source_mask": ((None,), "int32"),
}

_NUMBERS = {"bool": "int32", "int64": "int32"}  # masks and ids, as models take them


def _whole(size: Any) -> Any:
    """A number of ids as an int; anything else stays, and is refused where it is used."""
    return int(size) if isinstance(size, Integral) and not isinstance(size, bool) else size


def _spelling(sizes: Any, inputs: dict[str, tuple[Shape, str]]) -> Spelling | None:
    """The ids of spelled words, from a source or from a file."""
    if sizes is None:
        return None
    shape, dtype = inputs["source"]
    whole = isinstance(sizes, tuple | list) and len(sizes) == len(Spelling._fields)
    if not whole or dtype != "int32" or len(shape) != 2 or (shape[1] or 0) < 2:
        raise ValueError(
            "The `spelling` of a source must be (number of word ids, number of character ids), and "
            f"its 'source' int32 (None, 1 + characters); got {sizes!r:.80} and {shape} {dtype}."
        )
    return Spelling(*(check_whole(SPELLING, size, 5, MOST_IDS) for size in sizes))


def _checked(inputs: Any) -> dict[str, tuple[Shape, str]]:
    """Inputs in one form, from a user or from a file."""
    refusal = (
        "The inputs of a source must be a dict of names -> (shape without the rows, dtype), for "
        "example {'source': ((None, 80), 'float32'), 'source_mask': ((None,), 'int32')}; got "
        f"{inputs!r:.200}."
    )
    if not isinstance(inputs, Mapping) or "source" not in inputs or "target" in inputs:
        raise ValueError(f"{refusal} One must be named 'source', and none 'target'.")
    checked: dict[str, tuple[Shape, str]] = {}
    for name, pair in inputs.items():
        try:
            shape, dtype = pair
            sizes = tuple(
                None if size is None else check_whole("size", size, 1, MOST_SIZE) for size in shape
            )
            dtype = keras.backend.standardize_dtype(dtype)
            dtype = _NUMBERS.get(dtype, dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(refusal) from error
        if not isinstance(name, str) or len(sizes) > MOST_AXES:
            raise ValueError(refusal)
        checked[name] = (sizes, dtype)
    return checked
