"""The architectures by name, and what a user says of their sizes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import fields
from numbers import Integral
from typing import Any

from kseq2seq.models.architecture import Architecture
from kseq2seq.models.convolutional import Convolutional
from kseq2seq.models.recurrent import Bahdanau, Gru, Lstm, Luong, Rnn
from kseq2seq.models.transformer import DecoderOnly, MaskedLm, Transformer

PLANS: dict[str, type[Architecture]] = {
    "rnn": Rnn,
    "lstm": Lstm,
    "gru": Gru,
    "bahdanau": Bahdanau,
    "luong": Luong,
    "convolutional": Convolutional,
    "transformer": Transformer,
    "decoder_only": DecoderOnly,
    "masked_lm": MaskedLm,
}


def plan(kinds: dict[str, type[Architecture]], name: Any, sizes: dict[str, Any]) -> Architecture:
    """Returns the architecture of a name with the sizes given, or says what is wrong with them.

    Raises:
        ValueError: for an unknown name or size; the message says what is known.
    """
    if not isinstance(name, str) or name not in kinds:
        raise ValueError(
            f"Unknown architecture {name!r}; known are {', '.join(kinds)}."
            f"{_did_you_mean(name, kinds, repr)}"
        )
    known = [field.name for field in fields(kinds[name])]
    for size in sizes:
        if size not in known:
            raise ValueError(
                f"'{name}' has no size `{size}`; it has {', '.join(known)}."
                f"{_did_you_mean(size, known, '`{}`'.format)}"
            )
    # NumPy's whole numbers become Python's, which files can hold
    whole = {
        k: int(v) if isinstance(v, Integral) and not isinstance(v, bool) else v
        for k, v in sizes.items()
    }
    try:
        return kinds[name](**whole)
    except TypeError as error:  # a size without a default was left out
        raise ValueError(f"'{name}' needs more sizes: {error}.") from error


def _did_you_mean(word: Any, known: Iterable[str], quote: Any) -> str:
    near = difflib.get_close_matches(str(word), known, n=1)
    return f" Did you mean {quote(near[0])}?" if near else ""
