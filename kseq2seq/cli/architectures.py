"""The architectures that recipes offer."""

from __future__ import annotations

from typing import Any

from kseq2seq.models import ARCHITECTURES


def architectures(first: str = "transformer") -> dict[str, dict[str, Any]]:
    """Returns the architectures that recipes offer, and what each is built with beside the flags.

    They are those in the table whose `recipe_sizes` are not None, users' own included.

    Args:
        first: the default of a recipe.

    Example:
        >>> from kseq2seq.cli import architectures
        >>> list(architectures("gru"))[:3]
        ['gru', 'rnn', 'lstm']
    """
    offered = {
        name: dict(kind.recipe_sizes)
        for name, kind in ARCHITECTURES.items()
        if kind.recipe_sizes is not None
    }
    return {first: offered.pop(first), **offered}
