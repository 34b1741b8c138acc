"""Scores of captions of scenes: which parts are named, and which relation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from kseq2seq.metrics.references import Reference, reference_lists
from kseq2seq.scene_captions import Scene, read_caption


def scene_parts(hypotheses: Sequence[str], references: Sequence[Reference]) -> float:
    """Share of the parts of scenes that captions name, in percent, wherever they name them.

    Args:
        hypotheses: N captions.
        references: N captions, or lists of some, of which the best counts.

    Example:
        >>> from kseq2seq.metrics import scene_parts
        >>> scene_parts(["apple left of cat"], ["cat above dog"])
        50.0
    """
    return _mean(hypotheses, references, _parts)


def scene_relation(hypotheses: Sequence[str], references: Sequence[Reference]) -> float:
    """Share of captions with the right relation, in percent, whatever the parts.

    Args:
        hypotheses: N captions.
        references: N captions, or lists of some.

    Example:
        >>> from kseq2seq.metrics import scene_relation
        >>> scene_relation(["apple left of cat", "apple"], ["dog left of cow", "cat above dog"])
        50.0
    """
    return _mean(hypotheses, references, lambda ours, theirs: ours.relation == theirs.relation)


def _parts(ours: Scene, theirs: Scene) -> float:
    named, wanted = (Counter(part for part in scene[::2] if part) for scene in (ours, theirs))
    return (named & wanted).total() / max(wanted.total(), 1)


def _mean(hypotheses: Sequence[str], references: Sequence[Reference], score: Callable) -> float:
    several = reference_lists(references)
    if len(several) != len(hypotheses) or not several:
        raise ValueError(
            "There must be one reference for each caption, and at least one caption; got "
            f"{len(hypotheses)} captions and {len(several)} references."
        )
    total = sum(
        max(float(score(read_caption(caption), read_caption(one))) for one in right)
        for caption, right in zip(hypotheses, several, strict=True)
    )
    return 100 * total / len(several)
