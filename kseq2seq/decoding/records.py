"""What stands for a search, and for weights, in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from kseq2seq.decoding.beam import Beam
from kseq2seq.decoding.contrastive import Contrastive
from kseq2seq.decoding.diverse_beam import DiverseBeam
from kseq2seq.decoding.greedy import Greedy
from kseq2seq.decoding.sample import Sample
from kseq2seq.decoding.search import Search

SEARCHES: dict[str, type[Any]] = {
    "greedy": Greedy,
    "beam": Beam,
    "diverse_beam": DiverseBeam,
    "sample": Sample,
    "contrastive": Contrastive,
}


def describe(search: Any) -> dict[str, Any]:
    """Returns a record that `described` makes the search of again.

    Raises:
        ValueError: if the search is of a kind that has no name here.

    Example:
        >>> from kseq2seq import Greedy
        >>> from kseq2seq.decoding.records import describe, described
        >>> describe(Greedy())
        {'type': 'greedy'}
        >>> described({"type": "greedy"})
        Greedy()
    """
    names = [name for name, kind in SEARCHES.items() if type(search) is kind]
    if not names:
        raise ValueError(
            f"Only {' and '.join(SEARCHES)} searches can be saved; got {search!r}. "
            "Pass this search to each call instead of to the pipeline."
        )
    settings = {name: np.asarray(value).item() for name, value in asdict(search).items()}
    return {"type": names[0], **settings}  # what NumPy gave becomes plain


def described(record: Mapping[str, Any]) -> Search:
    """Returns the search that `describe` gave the record of.

    Raises:
        KeyError: if the kind of search is not known.
        TypeError: if it has other settings.
        ValueError: if a setting can't be.
    """
    settings = dict(record)
    return SEARCHES[settings.pop("type")](**settings)


def fingerprint(model: Any) -> str:
    """Returns a SHA-256 over a model's variables, in their order.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding.records import fingerprint
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> fingerprint(model) == fingerprint(model)
        True
    """
    digest = hashlib.sha256()
    for variable in model.variables:
        digest.update(np.ascontiguousarray(variable).tobytes())
    return digest.hexdigest()
