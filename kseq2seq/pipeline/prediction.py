"""What a pipeline returns for a source: texts, scores, tokens and their alignment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from kseq2seq.contracts import Target
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
        pair = super().__new__(cls, text, score)
        pair.finished = finished
        return pair


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a pipeline made of one source.

    Attributes:
        text: the best target.
        score: what the search ranks by, in nats; for beam search over the length penalty.
        alternatives: further (text, score), best first, each an `Alternative`.
        source_tokens: the source as the model saw it, its end included: names of its units, or
            of the first of the units that share a position of the encoder.
        target_tokens: the best target as the model wrote it, its end included.
        alignment: float32 (target tokens, source tokens), rows sum to 1; None if not asked for, if
            the model has no attention, or if its encoder's positions are not source tokens.
        finished: False if the best target was cut: its end stands at the limit, where another token
            was likelier. Of a source that was split, True if all parts are finished.
    """

    text: str
    score: float
    alternatives: list[tuple[str, float]] = field(default_factory=list)
    source_tokens: list[str] = field(default_factory=list)
    target_tokens: list[str] = field(default_factory=list)
    alignment: np.ndarray | None = None
    finished: bool = True


def predictions(
    pipeline: Any, inputs: dict[str, Any], decoded: Decoded, read: Callable[..., list[str]]
) -> list[Prediction]:
    """Returns a prediction for each of B sources that were decoded together.

    Args:
        pipeline: has the model, the source and the target.
        inputs: names -> tensors (B, ...), the sources as the model saw them.
        decoded: the model's answer; ids (B, N, L), the best of N first.
        read: ids (B * N, L) -> the texts of these sources.

    Raises:
        ValueError: a source has no hypothesis of finite score.
    """
    ids, lengths, scores = (part.numpy() for part in decoded[:3])
    finished = decoded.finished.numpy()
    texts = np.array(read(ids.reshape(-1, ids.shape[-1])), object).reshape(scores.shape)
    # Of N hypotheses, those without a token were not found. A head may answer with no label; its
    # score is finite then.
    real = (lengths > 0) | (np.isfinite(scores) & (not hasattr(pipeline.model, "decoder")))
    source_labels = pipeline.source.labels({name: x.numpy() for name, x in inputs.items()})
    facts = facts_of(pipeline.model)
    alignments = decoded.alignments
    mask = inputs.get("source_mask")
    if alignments is not None and mask is not None:
        if alignments.shape[-1] != facts.positions(mask.shape[1]):
            alignments = None  # the encoder's positions are not those of the source
    elif alignments is not None:  # without a mask all positions are real, for example of a picture
        count = alignments.shape[-1]
        if any(len(names[:: facts.stride]) != count for names in source_labels):
            source_labels = [list(map(str, range(count * facts.stride)))] * len(source_labels)
    rows = []
    for row, names in enumerate(source_labels):
        alternatives = [
            Alternative(texts[row, n], float(scores[row, n]), bool(finished[row, n]))
            for n in np.flatnonzero(real[row])
        ]
        if not alternatives:
            raise ValueError(
                "The search found no hypothesis of finite score: the model's weights hold NaN or "
                "infinities. Load an earlier checkpoint, or train with a lower rate."
            )
        names, alignment = names[:: facts.stride], None  # one for each position of the encoder
        if alignments is not None:  # (L, S) without padding
            alignment = alignments[row, 0].numpy()[: lengths[row, 0], : len(names)]
        rows.append(
            Prediction(
                *alternatives[0],
                alternatives=[*alternatives[1:]],
                source_tokens=names,
                target_tokens=pipeline.target.labels([ids[row, 0, : lengths[row, 0]]])[0],
                alignment=alignment,
                finished=alternatives[0].finished,
            )
        )
    return rows


def joined(parts: list[Prediction], target: Target) -> Prediction:
    """Returns the prediction of a source from those of its parts; scores add up."""
    if len(parts) == 1:
        return parts[0]
    return Prediction(
        text=target.join([part.text for part in parts]),
        score=sum(part.score for part in parts),
        source_tokens=[token for part in parts for token in part.source_tokens],
        target_tokens=[token for part in parts for token in part.target_tokens],
        finished=all(part.finished for part in parts),
    )
