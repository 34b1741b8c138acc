"""Label alignment: the source token each target token comes from, learned from pairs alone."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

TENSION = 4.0  # how strongly the diagonal is preferred
NULL = 0.08  # the probability of coming from no source token
RARE = 1e-7  # the probability of two tokens that never met, or hardly belong together
_TOGETHER = 10_000_000


class Aligner:
    r"""A model of where target tokens come from, for guided alignment.

    .. math:: p(y, a \mid x) = \prod_t \delta(a_t \mid t)\, p(y_t \mid x_{a_t}), \quad
              \delta(s \mid t) \propto e^{-4 |t / T - s / S|}

    A target token comes from no source token, s = 0, with the probability 0.08.

    Args:
        pairs: int64 (K,), rising: source id * 2**32 + target id. The source's padding stands for
            "no token".
        probabilities: float64 (K,), of the target id given the source id.
        padding: the id that is not aligned, on both sides.

    Attributes:
        log_likelihoods: of the labels, in nats a token, before each iteration of `fit`.

    Example:
        >>> sources = np.array([[5, 6, 2], *2 * [[5, 2, 0], [6, 2, 0]]])  # "maison bleue.", ...
        >>> labels = np.array([[8, 7, 2], *2 * [[7, 2, 0], [8, 2, 0]]])  # "blue house.", "house."
        >>> batches = tf.data.Dataset.from_tensors(({"source": sources}, labels))
        >>> ((_, labels),) = Aligner.fit(batches).add_to(batches)
        >>> labels["alignments"][0].numpy().astype(int).tolist()
        [[0, 1, 0], [1, 0, 0], [0, 0, 1]]

    Source:
        Dyer et al. 2013, "A Simple, Fast, and Effective Reparameterization of IBM Model 2",
        section 2; their tension is not learned here, and the probabilities have no prior.
    """

    def __init__(self, pairs: np.ndarray, probabilities: np.ndarray, padding: int = 0):
        self.pairs = tf.constant(pairs, tf.int64)
        self.probabilities = tf.constant(probabilities, tf.float64)
        self.padding = padding
        self.log_likelihoods: list[float] = []

    @classmethod
    def fit(cls, batches: tf.data.Dataset, iterations: int = 5, padding: int = 0) -> Aligner:
        """Learns from the ids that a model is trained on, by expectation maximization.

        Args:
            batches: a finite dataset of elements as of `eval_batches`, read `iterations` + 1 times.
                For a large corpus `train_batches(...).take(1000)` is enough.
            iterations: how many, at least 1.
            padding: the id that is not aligned, on both sides.

        Raises:
            ValueError: if the dataset is empty or has no end, or `iterations` is less than 1.
        """
        if batches.cardinality() == tf.data.INFINITE_CARDINALITY or iterations < 1:
            raise ValueError(
                "`batches` must have an end and `iterations` must be at least 1; got "
                f"{batches.cardinality()} batches and {iterations!r}. Pass `eval_batches(...)`, or "
                "`train_batches(...).take(1000)`."
            )
        batches = batches.map(lambda inputs, labels: (inputs["source"], labels)).cache()
        # 1. The K pairs of a source id and a target id that ever meet, in rising order.
        met: list[np.ndarray] = [np.zeros(0, "int64")]
        for source, labels in batches:
            met.append(np.unique(_pairs(source, labels, padding)))
            if sum(map(len, met)) > _TOGETHER:
                met = [np.unique(np.concatenate(met))]
        pairs = np.unique(np.concatenate(met))
        if not len(pairs):
            raise ValueError("There are no batches to learn alignments from.")

        # 2. Begin with all target ids alike. Each iteration counts how often a pair is expected to
        #    be linked, and divides by the counts of all pairs with its source id.
        sources, targets = pairs >> 32, np.unique(pairs & (2**32 - 1))
        aligner = cls(pairs, np.full(len(pairs), 1 / len(targets)), padding)
        likelihoods = []
        for _ in range(iterations):
            counts, likelihood = aligner._expected(batches)
            likelihoods.append(likelihood)
            of_source = np.maximum(np.bincount(sources, counts), 1e-300)[sources]
            aligner = cls(pairs, counts / of_source, padding)

        # 3. Leave out pairs that are no likelier than two tokens that never met.
        likely = counts / of_source > RARE
        aligner = cls(pairs[likely], (counts / of_source)[likely], padding)
        aligner.log_likelihoods = likelihoods
        return aligner

    def align(self, source: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the likeliest links of labels (B, T) to sources (B, S), float32 (B, T, S).

        A row has a single 1, or none for padding and where no source token is the likeliest.
        """
        _, joint = self._joint(source, labels)
        links = tf.one_hot(tf.argmax(joint, -1), tf.shape(joint)[-1])[:, :, 1:]
        return links * tf.cast(labels != self.padding, tf.float32)[:, :, None]

    def add_to(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Returns a dataset with labels {"logits": labels, "alignments": `align` of them}."""

        def add(inputs, labels):
            alignments = self.align(inputs["source"], labels)
            return inputs, {"logits": labels, "alignments": alignments}

        return batches.map(add, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    def _expected(self, batches):
        """Returns the expected count of each pair (K,), and the log-likelihood of a token."""
        counts = tf.Variable(tf.zeros_like(self.probabilities))
        total = tokens = 0.0
        for source, labels in batches:
            indices, joint = self._joint(source, labels)
            real = labels != self.padding
            whole = tf.where(real, tf.reduce_sum(joint, axis=-1), 1)
            posterior = joint * tf.cast(real, tf.float64)[:, :, None] / whole[:, :, None]
            counts.scatter_add(tf.IndexedSlices(posterior, indices))
            total += float(tf.reduce_sum(tf.math.log(whole)))
            tokens += float(tf.reduce_sum(tf.cast(real, tf.float64)))
        return counts.numpy(), total / max(tokens, 1)

    def _joint(self, source, labels):
        """Returns the index in `pairs` of each two tokens, and p(y_t, a_t), both (B, T, 1 + S)."""
        wanted = _pairs(source, labels, self.padding)
        indices = tf.searchsorted(self.pairs, tf.reshape(wanted, [-1]), out_type=tf.int64)
        indices = tf.minimum(indices, tf.size(self.pairs, tf.int64) - 1)
        indices = tf.reshape(indices, tf.shape(wanted))
        known = tf.gather(self.pairs, indices) == wanted
        probabilities = tf.where(known, tf.gather(self.probabilities, indices), RARE)
        return indices, probabilities * _prior(source != self.padding, labels != self.padding)


def _pairs(source, labels, padding):
    """Two tokens as one number (B, T, 1 + S), first those of no source token."""
    source = tf.pad(tf.cast(source, tf.int64), [[0, 0], [1, 0]], constant_values=padding)
    return source[:, None, :] * 2**32 + tf.cast(labels, tf.int64)[:, :, None]


def _prior(mask, real):
    """The probability of each source position, and first of none, by the lengths: (B, T, 1 + S)."""

    def relative(mask):
        # how far each position is along its row, in (0, 1]
        steps = tf.range(1, tf.shape(mask)[1] + 1, dtype=tf.float64)
        lengths = tf.reduce_sum(tf.cast(mask, tf.float64), axis=1, keepdims=True)
        return steps / tf.maximum(lengths, 1)

    near = tf.exp(-TENSION * tf.abs(relative(real)[:, :, None] - relative(mask)[:, None, :]))
    # normalized over the real positions, which share all that NULL leaves
    near *= tf.cast(mask, tf.float64)[:, None, :]
    near = tf.math.divide_no_nan((1 - NULL) * near, tf.reduce_sum(near, axis=-1, keepdims=True))
    return tf.concat([tf.fill(tf.shape(near[:, :, :1]), tf.constant(NULL, tf.float64)), near], -1)
