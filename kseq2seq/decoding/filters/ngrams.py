"""An n-gram language model beside a model that decodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from kseq2seq.checks import check_number
from kseq2seq.decoding.filters.filter import Filter, Filtered, key_of
from kseq2seq.decoding.tensors import NEVER
from kseq2seq.heads import Worth
from kseq2seq.special_tokens import SpecialTokens


@dataclass(frozen=True)
class NGrams(Filter):
    r"""Adds an n-gram model's log-probabilities to those of the model, and a bonus for each token.

    .. math:: \log p(v) \gets \log p(v) + \beta \log p_n(v \mid y_{t-n+1} \ldots y_{t-1}) + \gamma

    The end has no bonus. In the beam of a CTC head, prefixes are ranked by the log-probability of
    all their paths and the same terms of their labels; finished ones have the term of the end, too.
    Scores include these terms.

    It is computed in the graph, and needs TensorFlow's operations: a SavedModel can hold it, TFLite
    can't.

    Args:
        model: a `kseq2seq.baselines.KneserNey`, fitted to rows of the target's ids, each closed by
            the end.
        weight: beta, at least 0 and at most 10.
        bonus: gamma, in nats, from -10 to 10; an n-gram model alone favors short targets.

    Example:
        >>> import numpy as np
        >>> from kseq2seq import Beam, build_model, decode
        >>> from kseq2seq.decoding import NGrams
        >>> from kseq2seq.baselines import KneserNey
        >>> ngrams = KneserNey.fit([[5, 6, 7, 2], [5, 6, 8, 2]], size=20, order=3)
        >>> model = build_model("gru", source=20, target=20, head="ctc", hidden_dim=8)
        >>> ids, filters = np.array([[7, 8, 9, 2]]), [NGrams(ngrams, weight=0.5, bonus=1.0)]
        >>> tuple(decode(model, ids, Beam(2), max_length=5, filters=filters).ids.shape)
        (1, 2, 5)

    Source:
        Hannun et al. 2014, "First-Pass Large Vocabulary Continuous Speech Recognition using
        Bi-Directional Recurrent DNNs", equation 3, with the n-grams of tokens in place of words.
    """

    model: Any
    weight: float = 0.5
    bonus: float = 0.0

    in_tflite = False

    def __post_init__(self):
        check_number("weight", self.weight, 0, 10)
        check_number("bonus", self.bonus, -10, 10)
        if not all(hasattr(self.model, name) for name in ("size", "order", "levels")):
            raise ValueError(
                f"`model` must be a KneserNey, from KneserNey.fit; got {type(self.model).__name__}."
            )
        if self.model.size * (len(self.model.levels[-1].contexts) + 1) >= 2**63:
            raise ValueError("`model` has more n-grams than 64 bits number. Lower its order.")

    def __repr__(self) -> str:
        """Says how many n-grams there are, which all differ between models of other data."""
        counts = "+".join(str(len(level.grams)) for level in self.model.levels)
        return f"NGrams({counts}, weight={self.weight}, bonus={self.bonus})"

    @property
    def key(self):
        """See `Filter`."""
        return key_of(self, NGrams, self.model)

    def given(self):
        """See `Filter`; {"weight", "bonus"}: float32."""
        return {"weight": np.float32(self.weight), "bonus": np.float32(self.bonus)}

    def check(self, vocabulary_size, max_length, special):
        """See `Filter`."""
        if self.model.size != vocabulary_size:
            raise ValueError(
                f"The n-grams are of {self.model.size} ids and the model has {vocabulary_size}; "
                "fit them with the same target tokenizer."
            )

    def start(self, given, request):
        """See `Filter`; the last tokens of each hypothesis, the newest first."""
        rows = ops.shape(request.limits)[0] * request.num_hypotheses
        return ops.full((rows, self.model.order - 1), self.model.size, dtype="int32")

    def apply(self, log_probs, live, state, given, request):
        """See `Filter`."""
        newer = ops.concatenate([live.tokens[:, None], state], axis=1)[:, : self.model.order - 1]
        state = ops.where(ops.equal(live.step, 0), state, newer)
        gains = self.gains(given, state, request.special.end)
        return Filtered(ops.maximum(log_probs + gains, NEVER), state)

    def gains(self, given: dict, history: Any, end: int | None) -> Any:
        """Returns what each next token gains, float32 (R, V), beta log p + gamma; in graph.

        Args:
            given: from `given`.
            history: int32 (R, n - 1), the tokens so far, the newest first; V before the first.
            end: the id without a bonus.
        """
        size = self.model.size
        bonus = ops.where(ops.equal(ops.arange(size), -1 if end is None else end), 0.0, 1.0)
        return given["weight"] * next_log_probs(self.model, history) + given["bonus"] * bonus

    def worth(self, given: dict, special: SpecialTokens) -> Worth:
        """See `Filter`."""
        gains = partial(self.gains, given, end=special.end)
        return Worth(self.model.order - 1, gains, special.end)


def next_log_probs(model: Any, history: Any) -> Any:
    """Returns log-probabilities float32 (R, V) of all tokens; `KneserNey.next` in graph.

    Args:
        model: an n-gram model.
        history: int32 (R, n - 1), the newest token first; V stands before the first.

    Example:
        >>> from kseq2seq.decoding.filters.ngrams import next_log_probs
        >>> from kseq2seq.baselines import KneserNey
        >>> model = KneserNey.fit([[1, 2, 3], [1, 2, 4]], size=5, order=3)
        >>> made = next_log_probs(model, np.array([[2, 1]], "int32"))
        >>> bool(np.allclose(made, model.next([[1, 2]]), atol=1e-5))
        True
    """
    size = model.size
    history = tf.cast(history, tf.int64)
    rows = tf.shape(history)[0]
    every = tf.range(size, dtype=tf.int64)[None]
    probs = tf.fill([rows, size], np.float32(1 / size))
    number, known = tf.zeros([rows], tf.int64), tf.fill([rows], True)
    for length, level in enumerate(model.levels):
        if length:
            keys = number * (size + 1) + history[:, length - 1]
            number, found = _look_up(level.contexts, keys)
            known = known & found
        place, found = _look_up(level.grams, tf.reshape(number[:, None] * size + every, [-1]))
        kept = tf.where(found, tf.gather(tf.constant(level.kept, tf.float32), place), 0.0)
        left = tf.gather(tf.constant(level.left, tf.float32), number)
        longer = tf.reshape(kept, [rows, size]) + left[:, None] * probs
        probs = tf.where(known[:, None], longer, probs)
    return tf.math.log(probs)


def _look_up(keys: np.ndarray, wanted: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Places (n,) in sorted keys, 0 where a key is missing, and whether each is there."""
    table = tf.constant(keys, tf.int64)
    place = tf.minimum(tf.searchsorted(table, wanted, out_type=tf.int64), len(keys) - 1)
    found = tf.gather(table, place) == wanted
    return tf.where(found, place, 0), found
