"""What a search is: a rule that picks next tokens, one hypothesis at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from kseq2seq_runtime.model import Model
    from kseq2seq_runtime.record import Record

NEVER = -np.inf  # the log-probability of a forbidden token
NOTHING: Mapping[int, int] = MappingProxyType({})


class _Scored(NamedTuple):
    ids: tuple[int, ...]
    score: float


class Hypothesis(_Scored):
    """A target, or the beginning of one: a pair (ids, score) that may say whether it is finished.

    Args:
        ids: its tokens; whole if the last one is the end.
        score: what the search ranks by, in nats.
        finished: False if it was cut: its end stands at the model's limit, and another token was
            likelier there. None of a beginning, and where the file's own search does not say (it
            was exported by an earlier version).

    Example:
        >>> from kseq2seq_runtime import Hypothesis
        >>> ids, score = Hypothesis((7, 2), -1.5, finished=False)
        >>> Hypothesis((7, 2), -1.5, finished=False).finished
        False
    """

    finished: bool | None = None

    def __new__(  # noqa: D102
        cls, ids: tuple[int, ...], score: float, finished: bool | None = None
    ) -> Hypothesis:
        pair = super().__new__(cls, ids, score)
        pair.finished = finished
        return pair


class Live(NamedTuple):
    """A hypothesis that is being extended.

    Attributes:
        ids: its tokens so far.
        log_prob: their log-probability, float32.
        carried: the model's `context_...` and `state_...` for it. They are never written to, so
            several hypotheses may extend one.
        wanted: token -> how often the whole target must have it, for tokens that stand for parts of
            the source.
    """

    ids: tuple[int, ...]
    log_prob: np.float32
    carried: dict[str, np.ndarray]
    wanted: Mapping[int, int] = NOTHING


class Candidates(NamedTuple):
    """All possible next tokens of a hypothesis.

    Attributes:
        log_probs: float32 (V,); -inf where a token is forbidden.
        carried: context and state after this step.
        alignment: float32 (S,), the attention of this step; None without attention.
        finished: whether a target that ends with the next token is finished, and not cut.
    """

    log_probs: np.ndarray
    carried: dict[str, np.ndarray]
    alignment: np.ndarray | None
    finished: bool


@dataclass(frozen=True)
class Search:
    """The base of searches. They are values: hashable and comparable."""

    def run(
        self, model: Model, source: Sequence[int], random: np.random.Generator
    ) -> Iterator[list[Hypothesis]]:
        """Yields the hypotheses after each step, best first; the last time the finished ones.

        Args:
            model: takes the steps.
            source: ids, their end included.
            random: for searches that draw.
        """
        raise NotImplementedError

    @property
    def settings(self) -> dict[str, Any]:
        """The search as `kseq2seq.json` describes one."""
        return {"type": type(self).__name__.lower(), **asdict(self)}


def begin(model: Model, source: Any) -> Live:
    """Returns the hypothesis without a token."""
    wanted: Mapping[int, int] = NOTHING
    if model.kept:
        ids = source["source"][0] if isinstance(source, dict) else source
        wanted = {token: list(ids).count(own) for own, token in model.kept.items()}
    return Live((), np.float32(0), model.encode(source), wanted)


def extend(model: Model, live: Live) -> Candidates:
    """Takes one step of the model.

    Padding and start are forbidden everywhere, and at the last position all but the end. Tokens
    that stand for parts of the source come as often as they are wanted, and the end after them.

    Raises:
        ValueError: the model's numbers are not finite.
    """
    special, position = model.record.special, len(live.ids)
    token = live.ids[-1] if live.ids else special.start
    logits, carried, alignment = model.decode_step(token, position, live.carried)
    log_probs, finished = log_softmax(logits), True
    if position + 1 == model.record.target_length:
        forbidden = np.arange(len(log_probs)) != special.end
        finished = bool(logits[special.end] >= logits.max())
    else:
        forbidden = [special.padding, special.start]
    log_probs[forbidden] = NEVER
    if live.wanted:
        log_probs[_unwanted(live, model.record)] = NEVER
    return Candidates(log_probs, carried, alignment, finished)


def _unwanted(live: Live, record: Record) -> np.ndarray:
    """Returns bool (V,), True at tokens that a target has in full, or that it has no place for."""
    left = {token: count - live.ids.count(token) for token, count in live.wanted.items()}
    missing = sum(left.values())
    unwanted = np.zeros(record.target_vocabulary, bool)
    if missing and record.target_length - len(live.ids) <= missing + 1:  # no place for others
        unwanted[:] = True
    for token, count in left.items():
        unwanted[token] = not count
    if missing:
        unwanted[record.special.end] = True
    return unwanted


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Returns log-probabilities, in float32.

    Raises:
        ValueError: the logits are not finite.

    Example:
        >>> import numpy as np
        >>> from kseq2seq_runtime.search import log_softmax
        >>> float(np.exp(log_softmax(np.array([1.0, 2.0, 5.0], "float32"))).sum().round(5))
        1.0
    """
    most = logits.max()
    if not np.isfinite(most):
        raise ValueError(
            "The model gives numbers that are not finite: its weights hold NaN or infinities. "
            "Export another checkpoint."
        )
    shifted = logits - most
    return shifted - np.log(np.exp(shifted).sum())
