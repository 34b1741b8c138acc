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
    """Returns a record of a search, from which `search_from` makes it again.

    Raises:
        ValueError: if `SEARCHES` has no name for the class of the search.

    Example:
        >>> from kseq2seq import Greedy
        >>> from kseq2seq.decoding.records import describe, search_from
        >>> describe(Greedy())
        {'type': 'greedy'}
        >>> search_from({"type": "greedy"})
        Greedy()
    """
    names = [name for name, kind in SEARCHES.items() if type(search) is kind]
    if not names:
        raise ValueError(
            f"Only {' and '.join(SEARCHES)} searches can be saved; got {search!r}. "
            "Pass this search to each call instead of to the pipeline."
        )
    # numbers of NumPy become plain; `beam_width` keeps the name that it has in files
    settings = {
        "width" if name == "beam_width" else name: np.asarray(value).item()
        for name, value in asdict(search).items()
    }
    return {"type": names[0], **settings}


def search_from(record: Mapping[str, Any]) -> Search:
    """Returns the search that `describe` made a record of.

    Raises:
        KeyError: if no search has this name.
        TypeError: if the search has no such setting.
        ValueError: if a setting is out of range.
    """
    settings = dict(record)
    kind = SEARCHES[settings.pop("type")]
    if "width" in settings:
        settings["beam_width"] = settings.pop("width")
    return kind(**settings)


def fingerprint(model: Any) -> str:
    """Returns a SHA-256 over a model's weights, in their order; seeds of dropout do not count.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.decoding.records import fingerprint
        >>> model = build_model("gru", source=20, target=20, hidden_dim=8)
        >>> fingerprint(model) == fingerprint(model)
        True
    """
    digest = hashlib.sha256()
    for variable in model.variables:
        if variable.name != "seed_generator_state":  # drawn anew wherever the model is loaded
            digest.update(np.ascontiguousarray(variable).tobytes())
    return digest.hexdigest()
