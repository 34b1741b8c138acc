"""Scores of captions of scenes: which parts are named, and which relation."""

from __future__ import annotations

from collections import Counter

from kseq2seq.metrics.sums import Sums, best, mean, signature, summed
from kseq2seq.scene_captions import Scene, read_caption


@summed
def scene_parts(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """Share of the parts of scenes that captions name, in percent, wherever they name them.

    Args:
        hypotheses: N captions.
        references: N captions, or lists of some, of which the best counts.

    Returns:
        The share, with its `signature`.

    Raises:
        TypeError: if an item is not a text.
        ValueError: if the two differ in number or are empty.

    Example:
        >>> from kseq2seq.metrics import scene_parts
        >>> scene_parts(["apple left of cat"], ["cat above dog"])
        50.0
    """
    values = best(*_scenes(hypotheses, references), _parts)
    return mean(values, signature(references, case="mixed"))


@summed
def scene_relation(hypotheses: list[str], references: list[list[str]]) -> Sums:
    """Share of captions with the right relation, in percent, whatever the parts.

    The rest is as for `scene_parts`.

    Example:
        >>> from kseq2seq.metrics import scene_relation
        >>> scene_relation(["apple left of cat", "apple"], ["dog left of cow", "cat above dog"])
        50.0
    """
    values = best(*_scenes(hypotheses, references), lambda a, b: a.relation == b.relation)
    return mean(values, signature(references, case="mixed"))


def _scenes(
    hypotheses: list[str], references: list[list[str]]
) -> tuple[list[Scene], list[list[Scene]]]:
    right = [[read_caption(caption) for caption in row] for row in references]
    return [read_caption(caption) for caption in hypotheses], right


def _parts(ours: Scene, theirs: Scene) -> float:
    named, wanted = (Counter(part for part in scene[::2] if part) for scene in (ours, theirs))
    return (named & wanted).total() / max(wanted.total(), 1)
