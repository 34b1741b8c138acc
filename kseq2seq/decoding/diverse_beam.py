"""Diverse beam search: groups of hypotheses that avoid each other's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from keras import ops

from kseq2seq.checks import check_number, check_whole
from kseq2seq.decoding.beam import Beam, check_length_penalty
from kseq2seq.decoding.search import WIDEST, Choice, Hypotheses, Live, Search
from kseq2seq.decoding.tensors import NEVER, gather, possible, reorder

MOST_GROUPS = 128


@dataclass(frozen=True)
class DiverseBeam(Search):
    r"""Runs a beam for each group, each avoiding the tokens that earlier groups chose in a step.

    A group chooses its extensions by

    .. math:: \log p(y_{\le t} \mid x) - \lambda \sum_{h < g} \sum_b [y_t = y_{b,t}^h]

    where the sum counts the hypotheses of earlier groups that go on with the same token. Finished
    hypotheses are ranked as `Beam` ranks them, without what was held against them.

    Args:
        width: hypotheses of all groups together; a multiple of `groups`, at most 65,536.
        groups: how many; at most 128, each of which is written out in the graph.
        diversity: lambda, in nats, at least 0 and at most 10,000.
        length_penalty: as for `Beam`.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq import DiverseBeam
        >>> DiverseBeam(width=6, groups=3)
        DiverseBeam(width=6, groups=3, diversity=0.5, length_penalty=0.6)

    Source:
        Vijayakumar et al. 2018, equation 5, with Hamming diversity (section 4). An end token is
        not counted, so no group is kept from ending where it should. What several groups found is
        returned once, so fewer than `width` may be.
    """

    width: int = 4
    groups: int = 2
    diversity: float = 0.5
    length_penalty: float = 0.6

    scales: ClassVar = {"diversity": None, "length_penalty": None}

    def __post_init__(self):
        check_whole("width", self.width, most=WIDEST)
        if self.width % check_whole("groups", self.groups, most=MOST_GROUPS):
            raise ValueError(
                f"`width`={self.width} must be a multiple of `groups`={self.groups}, so that all "
                "groups are of one size."
            )
        check_number("diversity", self.diversity, 0, 1e4)
        check_number("length_penalty", self.length_penalty)

    @property
    def beam(self) -> Beam:
        """The search of one group."""
        beam = Beam(self.width // self.groups)
        return beam.with_given({"length_penalty": self.length_penalty})

    def check(self, vocabulary, max_length):
        """See `Search`."""
        check_length_penalty(self.length_penalty, max_length)

    def footprint(self, vocabulary, max_length, hidden_width):
        """See `Search`; all that was found is compared with all that was found."""
        return self.width * self.width * (max_length + 2)

    def start(self, problem):
        """See `Search`."""
        return {"groups": [self.beam.start(problem) for _ in range(self.groups)]}

    def advance(self, made, live, state, problem):
        """See `Search`."""
        beam, vocabulary = self.beam, made.log_probs.shape[-1]
        sources = ops.shape(problem.limits)[0]
        rows = ops.arange(sources, dtype="int32")[:, None] * self.width
        handicap = ops.zeros((sources, vocabulary), dtype="float32")
        choices = []
        for group, before in enumerate(state["groups"]):
            places = rows + ops.arange(beam.width, dtype="int32") + group * beam.width
            extensions, ids, tokens = reorder(
                (made, live.ids, live.tokens), ops.reshape(places, (-1,))
            )
            own = Live(live.step, ids, tokens)
            choice = beam.extend(extensions, own, before, problem, handicap)
            choices.append(choice)
            taken = ops.one_hot(ops.reshape(choice.tokens, (-1, beam.width)), vocabulary)
            goes_on = possible(choice.state["log_probs"])[:, :, None]
            handicap = handicap + self.diversity * ops.sum(ops.where(goes_on, taken, 0.0), axis=1)
        return Choice(
            tokens=self._joined([choice.tokens for choice in choices]),
            parents=self._joined([self._of_all(c.parents, g) for g, c in enumerate(choices)]),
            state={"groups": [choice.state for choice in choices]},
        )

    def done(self, state, problem):
        """See `Search`."""
        groups = [self.beam.done(group, problem) for group in state["groups"]]
        return ops.all(ops.stack(groups), axis=0)

    def finish(self, live, state, problem):
        """See `Search`."""
        found = [self.beam.finish(live, group, problem) for group in state["groups"]]
        ids, lengths, scores, finished = (
            ops.concatenate(parts, axis=1) for parts in zip(*found, strict=True)
        )
        alike = ops.all(ops.equal(ids[:, :, None], ids[:, None]), axis=-1)
        place = ops.arange(self.width)
        again = ops.any(ops.logical_and(alike, place[None, :] < place[:, None]), axis=-1)
        scores, order = ops.top_k(ops.where(again, NEVER, scores), self.width)
        found = possible(scores)
        ids = ops.where(found[:, :, None], gather(ids, order), problem.special.padding)
        lengths = ops.where(found, gather(lengths, order), 0)
        finished = ops.logical_or(gather(finished, order), ops.logical_not(found))
        return Hypotheses(ids, lengths, scores, finished)

    def _of_all(self, parents, group):
        """A group's parents as rows of the whole search."""
        size = self.beam.width
        return parents // size * self.width + group * size + parents % size

    def _joined(self, parts):
        """(B * n) of each group -> (B * N), a source's groups side by side."""
        size = self.beam.width
        parts = [ops.reshape(part, (-1, size)) for part in parts]
        return ops.reshape(ops.concatenate(parts, axis=1), (-1,))
