"""Sampling: drawing next tokens, after cuts that leave the unlikely ones out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf
from keras import ops

from kseq2seq.checks import check_number, check_whole
from kseq2seq.decoding.greedy import Independent
from kseq2seq.decoding.search import WIDEST, keywords
from kseq2seq.decoding.tensors import NEVER, likeliest, possible


@keywords({"samples": "num_samples num_return_sequences", "typical": "typical_p"})
@dataclass(frozen=True)
class Sample(Independent):
    r"""Draws each token from the model's distribution, sharpened by a temperature and cut.

    .. math:: y_t \sim q, \quad q(v) \propto p(v \mid y_{<t}, x)^{1/\tau} [v \text{ is kept}]

    The temperature applies first, then `top_k`, `top_p`, `min_p` and `typical`, each to the tokens
    that the one before kept. Scores are the log-probabilities of the model itself. The draws of a
    source depend on its own seed alone, not on the rest of the batch. XLA draws other numbers, and
    the same ones each time.

    Args:
        temperature: tau, at least 0.0001 and at most 10,000; below 1 sharpens.
        top_k: keep the likeliest k tokens; 0 keeps all.
        top_p: keep the likeliest tokens that sum to this probability, in (0, 1]; 1 keeps all.
        min_p: keep tokens this many times as likely as the likeliest, in [0, 1]; 0 keeps all.
        typical: keep the tokens of most typical information that sum to this probability, in
            (0, 1]; 1 keeps all.
        samples: how many targets to draw for a source, independently; at most 65,536.

    Inside a graph, for example in an exported signature, all settings but `samples` may be scalar
    tensors.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> from kseq2seq import Sample
        >>> Sample(temperature=0.8, top_p=0.95, samples=3).num_hypotheses
        3

    Source:
        The functions below name the paper of each cut. Each step maps one uniform number through
        the cumulative distribution.
    """

    temperature: Any = 1.0
    top_k: Any = 0
    top_p: Any = 1.0
    min_p: Any = 0.0
    typical: Any = 1.0
    samples: int = 1

    scales: ClassVar = {"temperature": None, "top_k": 0, "top_p": 1, "min_p": 0, "typical": 1}

    def __post_init__(self):
        check_whole("samples", self.samples, most=WIDEST)
        settings = {
            "temperature": lambda x: check_number("temperature", x, 1e-4, 1e4),
            "top_k": lambda x: check_whole("top_k", x, 0),
            "top_p": lambda x: check_number("top_p", x, 0, 1, above=True),
            "min_p": lambda x: check_number("min_p", x, 0, 1),
            "typical": lambda x: check_number("typical", x, 0, 1, above=True),
        }
        for name, check in settings.items():
            if not tf.is_tensor(getattr(self, name)):
                check(getattr(self, name))

    @property
    def num_hypotheses(self) -> int:
        """See `Search`."""
        return self.samples

    def footprint(self, vocabulary_size, max_length, hidden_dim):
        """See `Search`; a random number for each step."""
        return 4 * self.samples * max_length

    def start(self, request):
        """See `Search`."""
        return {**super().start(request), "uniform": self._uniform(request)}

    def pick(self, candidates, live, state, request):
        """See `Independent`."""
        kept = self._kept(candidates.log_probs)
        mass = ops.cumsum(ops.exp(kept - ops.max(kept, axis=-1, keepdims=True)), axis=-1)
        drawn = ops.take(state["uniform"], live.step, axis=1)[:, None] * mass[:, -1:]
        picked = ops.sum(ops.cast(mass <= drawn, "int32"), axis=-1)
        # rounding may draw past the end: then it is the last token that is kept
        from_end = likeliest(ops.cast(ops.flip(possible(kept), axis=-1), "int32"))
        return ops.minimum(picked, ops.shape(kept)[1] - 1 - from_end)

    def _kept(self, log_probs):
        """Log-probabilities (rows, V) of the next token, whose sum may be less than 1."""
        kept = log_probs * tf.math.reciprocal(ops.cast(self.temperature, "float32"))
        for keep, name in (
            (keep_top_k, "top_k"),
            (keep_top_p, "top_p"),
            (keep_min_p, "min_p"),
            (keep_typical, "typical"),
        ):
            if self.uses(name, self.scales[name]):
                kept = keep(kept, getattr(self, name))
        return kept

    def _uniform(self, request):
        """A number in [0, 1) for each row and step, (B * N, L), from the seed of each source."""
        shape = (self.samples, request.max_length)

        def draw(seed):
            return tf.random.stateless_uniform(shape, seed=tf.stack([seed, 0]), alg="philox")

        drawn = tf.map_fn(draw, request.seeds, fn_output_signature=tf.float32)
        return ops.reshape(drawn, (-1, request.max_length))


def keep_top_k(log_probs, k):
    """Keeps the `k` likeliest tokens of each row, and all that are as likely as the k-th.

    Args:
        log_probs: float32 (rows, V).
        k: int; 0 keeps all.

    Returns:
        float32 (rows, V), -inf for tokens that are left out.

    Source:
        Fan et al. 2018, section 5.
    """
    ordered, _ = _sorted(log_probs)
    k = ops.convert_to_tensor(k, dtype="int32")
    last = ops.clip(k - 1, 0, log_probs.shape[-1] - 1)
    threshold = ops.take(ordered, last, axis=1)[:, None]
    return ops.where(ops.logical_or(k <= 0, log_probs >= threshold), log_probs, NEVER)


def keep_top_p(log_probs, p):
    """Keeps the fewest likeliest tokens of each row whose probabilities sum to at least `p`.

    Args:
        log_probs: float32 (rows, V), of any sum.
        p: in (0, 1]; 1 keeps all.

    Returns:
        float32 (rows, V), -inf for tokens that are left out.

    Source:
        Holtzman et al. 2020, equation 2.
    """
    return _fewest(log_probs, -log_probs, p)


def keep_min_p(log_probs, p):
    """Keeps the tokens of each row that are at least `p` times as likely as the likeliest.

    Args:
        log_probs: float32 (rows, V).
        p: in [0, 1]; 0 keeps all.

    Returns:
        float32 (rows, V), -inf for tokens that are left out.

    Source:
        Nguyen et al. 2024, section 3.
    """
    threshold = ops.max(log_probs, axis=-1, keepdims=True) + ops.log(ops.cast(p, "float32"))
    return ops.where(log_probs >= threshold, log_probs, NEVER)


def keep_typical(log_probs, p):
    r"""Keeps the fewest tokens that sum to at least `p`, the most typical ones first.

    .. math:: \bigl| H(q) + \log q(y) \bigr| \text{, ascending}

    Args:
        log_probs: float32 (rows, V), of any sum.
        p: in (0, 1]; 1 keeps all.

    Returns:
        float32 (rows, V), -inf for tokens that are left out.

    Source:
        Meister et al. 2023, equation 9.
    """
    normal = ops.log_softmax(log_probs)
    kept = possible(normal)
    known = ops.where(kept, normal, 0.0)
    entropy = -ops.sum(ops.exp(normal) * known, axis=-1, keepdims=True)
    surprise = ops.where(kept, ops.absolute(entropy + known), -NEVER)
    return _fewest(log_probs, surprise, p)


def _fewest(log_probs, order, p):
    """Keeps the fewest tokens, in ascending `order`, whose probabilities sum to at least `p`.

    Probabilities are normalized first; one token is always kept.
    """
    _, places = _sorted(-order)
    probs = _at(ops.softmax(log_probs), places)
    before = ops.cumsum(probs, axis=-1) - probs
    kept = ops.logical_or(before < p, ops.arange(probs.shape[-1]) == 0)
    rank = ops.cast(ops.argsort(places, axis=-1), "int32")
    return ops.where(ops.logical_or(p >= 1, _at(kept, rank)), log_probs, NEVER)


def _sorted(x):
    """Returns (values, places) of each row, descending."""
    return ops.top_k(x, x.shape[-1])


def _at(x, places):
    return ops.take_along_axis(x, ops.cast(places, "int32"), axis=-1)
