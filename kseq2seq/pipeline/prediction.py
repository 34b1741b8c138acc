"""What a pipeline makes of a source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from kseq2seq.contracts import Source, Target
from kseq2seq.decoding import Decoded
from kseq2seq.decoding.sources import facts_of


class _Scored(NamedTuple):
    text: str
    score: float


class Alternative(_Scored):
    """A further target of a text: a pair (text, score) that also says whether it is finished.

    Args:
        text: the target.
        score: as in `Prediction`.
        finished: as in `Prediction`.

    Example:
        >>> from kseq2seq.pipeline import Alternative
        >>> text, score = Alternative("a b", -1.5, finished=False)
        >>> Alternative("a b", -1.5, finished=False).finished
        False
    """

    finished: bool = True

    def __new__(cls, text: str, score: float, finished: bool = True) -> Alternative:  # noqa: D102
        made = super().__new__(cls, text, score)
        made.finished = finished
        return made


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a pipeline made of one source.

    Attributes:
        text: the best target.
        score: what the search ranks by, in nats; for beam search over the length penalty.
        alternatives: further (text, score), best first, each an `Alternative`.
        source_tokens: the source as the model saw it, its end included: names of its units, or
            of the first of those that share a position of the encoder.
        target_tokens: the best target as the model wrote it, its end included.
        alignment: float32 (target tokens, source tokens), rows sum to 1; None if not asked for or
            if the model has no attention, or its encoder other places than source tokens.
        finished: False if the best target was cut: its end stands at the limit, where the model
            held another token likelier. Of a source that was split, True if all parts are finished.
    """

    text: str
    score: float
    alternatives: list[tuple[str, float]] = field(default_factory=list)
    source_tokens: list[str] = field(default_factory=list)
    target_tokens: list[str] = field(default_factory=list)
    alignment: np.ndarray | None = None
    finished: bool = True


def predictions(
    model: Any,
    source: Source,
    target: Target,
    inputs: dict,
    decoded: Decoded,
    read: Callable[[np.ndarray], list[str]],
) -> list[Prediction]:
    """Reads a decoded batch: B sources as the model saw them, and what was found for them.

    `read` returns the texts of ids (N, T).
    """
    ids, lengths, scores = (part.numpy() for part in decoded[:3])
    finished = decoded.finished.numpy()
    flat = read(ids.reshape(-1, ids.shape[-1]))
    texts = np.array(flat, object).reshape(scores.shape)
    named = source.labels({name: value.numpy() for name, value in inputs.items()})
    facts = facts_of(model)
    places = facts.positions(inputs["source_mask"].shape[1])
    made = []
    for row, units in enumerate(named):
        found = [
            Alternative(texts[row, n], float(scores[row, n]), bool(finished[row, n]))
            for n in range(scores.shape[1])
            if lengths[row, n] or (not hasattr(model, "decoder") and np.isfinite(scores[row, n]))
        ]
        if not found:
            raise ValueError(
                "The search found no hypothesis of finite score: the model's weights hold NaN or "
                "infinities. Load an earlier checkpoint, or train with a lower rate."
            )
        units, alignment = units[:: facts.stride], None
        if decoded.alignments is not None and decoded.alignments.shape[-1] == places:
            alignment = decoded.alignments[row, 0].numpy()[: lengths[row, 0], : len(units)]
        made.append(
            Prediction(
                *found[0],
                alternatives=[*found[1:]],
                source_tokens=units,
                target_tokens=target.labels([ids[row, 0, : lengths[row, 0]]])[0],
                alignment=alignment,
                finished=found[0].finished,
            )
        )
    return made


def joined(parts: list[Prediction], target: Target) -> Prediction:
    """Makes one prediction of those of a source's parts; scores add up, and all must finish."""
    if len(parts) == 1:
        return parts[0]
    return Prediction(
        text=target.join([part.text for part in parts]),
        score=sum(part.score for part in parts),
        source_tokens=[token for part in parts for token in part.source_tokens],
        target_tokens=[token for part in parts for token in part.target_tokens],
        finished=all(part.finished for part in parts),
    )
