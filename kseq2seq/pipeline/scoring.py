"""Log-probabilities of given targets, and alternatives reranked by several scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole
from kseq2seq.contracts import Target
from kseq2seq.decoding import score_targets
from kseq2seq.metrics.answers import Scorer
from kseq2seq.pipeline.prediction import Alternative, Prediction
from kseq2seq.pipeline.raws import fitting_parts, raw_graphs


@dataclass(frozen=True)
class Score:
    """The log-probability of a target, given its source.

    Attributes:
        log_prob: of the whole target, its end included, in nats.
        tokens: the target as the model reads it, its end included.
        log_probs: of each token, in nats.

    Example:
        >>> from kseq2seq.pipeline import Score
        >>> Score(-1.5, ["a", "<end>"], [-1.0, -0.5]).per_token
        -0.75
    """

    log_prob: float
    tokens: list[str] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)

    @property
    def per_token(self) -> float:
        """The mean log-probability of a token, in nats."""
        return self.log_prob / max(len(self.log_probs), 1)


def score_pairs(
    pipeline: Any, sources: list[Any], targets: list[str], batch_size: int
) -> list[Score]:
    """Returns a `Score` for each pair of raws; errors are those of `Pipeline.score`."""
    if len(sources) != len(targets):
        raise ValueError(
            f"There must be one target for each source; got {len(sources)} sources and "
            f"{len(targets)} targets."
        )
    check_whole("batch_size", batch_size)
    source, target = pipeline.source, pipeline.target
    too_long = "cut" if source.too_long == "cut" else "error"
    graphs = raw_graphs(pipeline, too_long)
    parts = fitting_parts(graphs, source, sources, too_long)
    order = np.argsort(parts.lengths, kind="stable").tolist()
    targets = [source.as_written(*pair) for pair in zip(targets, sources, strict=True)]
    rows = target.ids(targets) if targets else None
    if rows is not None:
        _check_lengths(target, rows.row_lengths().numpy())
    scores = {}
    for first in range(0, len(order), batch_size):
        batch = order[first : first + batch_size]
        tokens = tf.gather(rows, batch)
        ids = tokens.to_tensor(default_value=target.special.padding)
        inputs = graphs.inputs([sources[index] for index in batch])
        log_probs = score_targets(pipeline.model, inputs, ids, target.special).numpy()
        for index, row, of_row in zip(batch, tokens.to_list(), log_probs, strict=True):
            each = of_row[: len(row)].tolist()
            scores[index] = Score(float(np.sum(of_row)), target.labels([row])[0], each)
    return [scores[index] for index in range(len(sources))]


def _check_lengths(target: Target, lengths: np.ndarray) -> None:
    """Refuses targets that are too long, naming the first."""
    for index, length in enumerate(lengths.tolist()):
        if length > target.max_length:
            raise ValueError(
                f"Target {index} has {length} {target.unit}, and the limit is {target.max_length}; "
                "shorten it."
            )


def rerank(
    sources: Iterable[Any],
    predictions: Sequence[Prediction],
    scorers: Sequence[tuple[Scorer, float]],
    own: float = 1.0,
) -> list[Prediction]:
    """Orders each prediction's alternatives by a weighted sum of scores.

    Args:
        sources: N raws, of any kind; they are handed on to the scorers as they are.
        predictions: of a pipeline, with alternatives.
        scorers: pairs of a function (sources, targets) -> one number each, and its weight. Another
            pipeline's `log_probs` is one; that of a pipeline from target to source is used as
            `lambda sources, targets: reverse.log_probs(targets, sources)`.
        own: the weight of the score that the search gave.

    Returns:
        N predictions whose best text and alternatives are in the new order, with the new scores.
        Tokens and alignment are kept only where the best text is still the same.

    Raises:
        ValueError: if `sources` is one text, or there is not one prediction for each source, or one
            score for each pair.

    Example:
        >>> from kseq2seq.pipeline import Prediction, rerank
        >>> predictions = [Prediction("a b", -1.0, [("a", -1.5)])]
        >>> def brevity(sources, targets):
        ...     return [-len(target) for target in targets]
        >>> rerank(["x"], predictions, [(brevity, 1.0)])[0].text
        'a'

    Source:
        Source given target as a second opinion: Li et al. 2016, equation 13; Yee et al. 2019.
    """
    if isinstance(sources, str | bytes) or not isinstance(sources, Iterable):
        raise ValueError(
            f"`sources` must be a list of raws; got one source, {sources!r:.80}. Put it in a list."
        )
    sources = list(sources)
    if len(sources) != len(predictions):
        raise ValueError(
            f"There must be one prediction for each source; got {len(sources)} sources and "
            f"{len(predictions)} predictions."
        )
    # 1. The texts of each prediction, and all pairs of a source and one of its texts.
    choices = [
        [Alternative(one.text, one.score, one.finished), *one.alternatives] for one in predictions
    ]
    repeated = [source for source, row in zip(sources, choices, strict=True) for _ in row]
    texts = [text for row in choices for text, _ in row]
    # 2. The weighted sum of scores of each pair.
    totals = own * np.array([score for row in choices for _, score in row])
    for scorer, weight in scorers:
        scores = np.asarray(scorer(repeated, texts), float)
        if scores.shape != totals.shape:
            raise ValueError(
                f"A scorer must return one number for each of {len(texts)} pairs; it returned the "
                f"shape {scores.shape}."
            )
        totals = totals + weight * scores
    # 3. The texts of each prediction in the order of these.
    reranked, first = [], 0
    for one, row in zip(predictions, choices, strict=True):
        scores = totals[first : first + len(row)]
        first += len(row)
        ranked = [
            Alternative(row[n][0], float(scores[n]), getattr(row[n], "finished", True))
            for n in np.argsort(-scores, kind="stable")
        ]
        same = ranked[0].text == one.text
        reranked.append(
            Prediction(
                *ranked[0],
                alternatives=[*ranked[1:]],
                source_tokens=one.source_tokens,
                target_tokens=one.target_tokens if same else [],
                alignment=one.alignment if same else None,
                finished=ranked[0].finished,
            )
        )
    return reranked
