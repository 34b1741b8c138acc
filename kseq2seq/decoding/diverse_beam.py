"""Diverse beam search: groups of hypotheses that avoid each other's tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from keras import ops

from kseq2seq.checks import check_number, check_whole
from kseq2seq.decoding.beam import HINTS, Beam, check_length_penalty
from kseq2seq.decoding.search import WIDEST, Choice, Hypotheses, Live, Search, keywords
from kseq2seq.decoding.tensors import NEVER, gather, possible, reorder

MOST_GROUPS = 128


@keywords(
    {**HINTS, "groups": "num_beam_groups num_groups", "diversity": "diversity_penalty"},
    width="beam_width",
)
@dataclass(frozen=True)
class DiverseBeam(Search):
    r"""Runs a beam for each group, which avoids the tokens that earlier groups chose in the step.

    A group chooses its candidates by

    .. math:: \log p(y_{\le t} \mid x) - \lambda \sum_{h < g} \sum_b [y_t = y_{b,t}^h]

    where the sum counts the hypotheses of earlier groups that go on with the same token. Finished
    hypotheses are ranked as `Beam` ranks them, without that penalty.

    Args:
        beam_width: hypotheses of all groups together; a multiple of `groups`, at most 65,536.
        groups: how many; at most 128, since the graph has a copy of the step for each.
        diversity: lambda, in nats, at least 0 and at most 10,000.
        length_penalty: as for `Beam`.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq import DiverseBeam
        >>> DiverseBeam(beam_width=6, groups=3)
        DiverseBeam(beam_width=6, groups=3, diversity=0.5, length_penalty=0.6)

    Source:
        Vijayakumar et al. 2018, equation 5, with Hamming diversity (section 4). An end token is
        not counted, so no group is kept from ending where it should. A target that several groups
        found is returned once, so fewer than `beam_width` may be returned.
    """

    beam_width: int = 4
    groups: int = 2
    diversity: float = 0.5
    length_penalty: float = 0.6

    scales: ClassVar = {"diversity": None, "length_penalty": None}

    def __post_init__(self):
        check_whole("beam_width", self.beam_width, most=WIDEST)
        if self.beam_width % check_whole("groups", self.groups, most=MOST_GROUPS):
            raise ValueError(
                f"`beam_width`={self.beam_width} must be a multiple of `groups`={self.groups}, so "
                "that all groups are of one size."
            )
        check_number("diversity", self.diversity, 0, 1e4)
        check_number("length_penalty", self.length_penalty)

    @property
    def beam(self) -> Beam:
        """The search of one group."""
        beam = Beam(self.beam_width // self.groups)
        return beam.with_given({"length_penalty": self.length_penalty})

    @property
    def num_hypotheses(self):
        """See `Search`."""
        return self.beam_width

    def check(self, vocabulary_size, max_length):
        """See `Search`."""
        check_length_penalty(self.length_penalty, max_length)

    def footprint(self, vocabulary_size, max_length, hidden_dim):
        """See `Search`; every target found is compared with every other."""
        return self.beam_width * self.beam_width * (max_length + 2)

    def start(self, request):
        """See `Search`."""
        return {"groups": [self.beam.start(request) for _ in range(self.groups)]}

    def advance(self, candidates, live, state, request):
        """See `Search`."""
        beam, vocabulary = self.beam, candidates.log_probs.shape[-1]
        size, sources = beam.beam_width, ops.shape(request.limits)[0]
        first_rows = ops.arange(sources, dtype="int32")[:, None] * self.beam_width  # (B, 1)
        handicap = ops.zeros((sources, vocabulary), dtype="float32")
        choices = []
        for group, before in enumerate(state["groups"]):
            # 1. The rows of this group, n of the N of each source: (B * n, ...).
            rows = first_rows + ops.arange(size, dtype="int32") + group * size
            own, ids, tokens = reorder(
                (candidates, live.ids, live.tokens), ops.reshape(rows, (-1,))
            )
            # 2. One step of its beam, against which earlier groups' tokens are held.
            choice = beam.extend(own, Live(live.step, ids, tokens), before, request, handicap)
            choices.append(choice)
            # 3. Its tokens (B, n, V), of hypotheses that go on, are held against later groups.
            chosen = ops.one_hot(ops.reshape(choice.tokens, (-1, size)), vocabulary)
            goes_on = possible(choice.state["log_probs"])[:, :, None]
            handicap = handicap + self.diversity * ops.sum(ops.where(goes_on, chosen, 0.0), axis=1)
        return Choice(
            tokens=self._joined([choice.tokens for choice in choices]),
            parents=self._joined([self._of_all(c.parents, g) for g, c in enumerate(choices)]),
            state={"groups": [choice.state for choice in choices]},
        )

    def done(self, state, request):
        """See `Search`."""
        groups = [self.beam.done(group, request) for group in state["groups"]]
        return ops.all(ops.stack(groups), axis=0)

    def finish(self, live, state, request):
        """See `Search`."""
        found = [self.beam.finish(live, group, request) for group in state["groups"]]
        ids, lengths, scores, finished = (
            ops.concatenate(parts, axis=1) for parts in zip(*found, strict=True)
        )
        # of equal targets, (B, N, N), only the first stays
        equal = ops.all(ops.equal(ids[:, :, None], ids[:, None]), axis=-1)
        index = ops.arange(self.beam_width)
        again = ops.any(ops.logical_and(equal, index[None, :] < index[:, None]), axis=-1)
        scores, order = ops.top_k(ops.where(again, NEVER, scores), self.beam_width)
        found = possible(scores)
        ids = ops.where(found[:, :, None], gather(ids, order), request.special.padding)
        lengths = ops.where(found, gather(lengths, order), 0)
        finished = ops.logical_or(gather(finished, order), ops.logical_not(found))
        return Hypotheses(ids, lengths, scores, finished)

    def _of_all(self, parents, group):
        """A group's parents as rows of the whole search."""
        size = self.beam.beam_width
        return parents // size * self.beam_width + group * size + parents % size

    def _joined(self, parts):
        """(B * n) of each group -> (B * N), a source's groups side by side."""
        size = self.beam.beam_width
        parts = [ops.reshape(part, (-1, size)) for part in parts]
        return ops.reshape(ops.concatenate(parts, axis=1), (-1,))
