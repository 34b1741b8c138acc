"""A decoder so small that every target it could write can be listed and scored by hand."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from kseq2seq.decoders import Decoder, Step

END, WORDS = 2, (3, 4, 5)
VOCABULARY, WIDTH, LENGTH = 6, 4, 4
TARGETS = 1 + 3 + 9 + 27  # of at most LENGTH tokens, the end included


def log_softmax(x):
    x = np.asarray(x, "float64")
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


class Toy(Decoder):
    """Logits depend on the source's first token, on the step and on the last two tokens.

    The last but one is what its state holds, so a search that mixes states up is found out.
    """

    def __init__(self, seed=0, scale=1.5):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.vocabulary_size, self.hidden_width = VOCABULARY, WIDTH
        shape = (VOCABULARY, LENGTH + 5, VOCABULARY, VOCABULARY, VOCABULARY)
        self.logits = rng.normal(scale=scale, size=shape).astype("float32")
        self.vectors = rng.normal(size=(VOCABULARY, VOCABULARY, WIDTH)).astype("float32")
        self.looks = rng.normal(size=(VOCABULARY, 8)).astype("float32")

    def initial(self, encoded, length=0):
        import keras

        mask = encoded["mask"]
        before = keras.ops.zeros((keras.ops.shape(mask)[0], 1), "int32")
        return {"first": encoded["first"], "mask": mask}, {"before": before}

    def call(self, tokens, context, state, position=0, training=None):
        from keras import ops

        rows = ops.shape(tokens)[0] // ops.shape(context["first"])[0]
        first = ops.repeat(context["first"], rows, axis=0)
        mask = ops.repeat(context["mask"], rows, axis=0)
        last, before = tokens[:, 0], state["before"][:, 0]
        at = ops.take(ops.convert_to_tensor(self.logits), position, axis=1)
        flat = ops.reshape(at, (-1, VOCABULARY))
        logits = ops.take(flat, (first * VOCABULARY + before) * VOCABULARY + last, axis=0)
        vectors = ops.reshape(ops.convert_to_tensor(self.vectors), (-1, WIDTH))
        hidden = ops.take(vectors, before * VOCABULARY + last, axis=0)
        looks = ops.take(ops.convert_to_tensor(self.looks), last, axis=0)[:, : mask.shape[1]]
        alignment = ops.softmax(ops.where(mask, looks, -1e9))
        return Step(logits[:, None], hidden[:, None], alignment[:, None], {"before": tokens[:, :1]})


class ToyModel:
    """A toy decoder with an encoder to match, and the oracle of both."""

    def __init__(self, seed=0, scale=1.5):
        self.decoder = Toy(seed, scale)
        self.max_source_length = None

    def encoder(self, source, training=False):
        from keras import ops

        ids = ops.cast(ops.convert_to_tensor(source["source"]), "int32")
        return {"mask": ops.convert_to_tensor(source["source_mask"]), "first": ids[:, 0]}

    encoder.input = ("source", "source_mask")

    def after(self, first, prefix):
        """Log-probabilities (V,) of what follows a prefix."""
        known = (0, 1, *prefix)
        return log_softmax(self.decoder.logits[first, len(prefix), known[-2], known[-1]])

    def hidden(self, prefix):
        known = (0, 1, *prefix)
        return self.decoder.vectors[known[-2], known[-1]].astype("float64")

    def looked(self, prefix, places):
        last = (1, *prefix)[-1]
        return np.exp(log_softmax(self.decoder.looks[last, :places]))

    def log_prob(self, first, target):
        return sum(self.after(first, target[:n])[token] for n, token in enumerate(target))


def targets(limit=LENGTH):
    """All complete targets of at most `limit` tokens."""
    for length in range(limit):
        for words in itertools.product(WORDS, repeat=length):
            yield (*words, END)


SOURCES = np.array([[3, 4, 5, 4, 2], [4, 2, 0, 0, 0], [5, 5, 2, 0, 0]], "int32")


@pytest.fixture(scope="session")
def toys():
    """Toy models and what is known of them."""
    made = {}

    def model(seed=0):
        return made.setdefault(seed, ToyModel(seed))

    def found(model, search, limit=LENGTH, **options):
        """[(score, target)] of each source, best first."""
        import keras

        from kseq2seq.decoding import search_targets

        source = {"source": SOURCES, "source_mask": SOURCES != 0}
        decoded = search_targets(model, source, search, limit, **options)
        ids, lengths, scores = (keras.ops.convert_to_numpy(x) for x in decoded[:3])
        assert not np.isnan(scores).any()
        return [
            [
                (float(score), tuple(row[:length].tolist()))
                for row, length, score in zip(*of_source, strict=True)
                if length
            ]
            for of_source in zip(ids, lengths, scores, strict=True)
        ]

    def ranked(scores):
        """{target: score} as [(score, target)], best first."""
        return sorted(((score, target) for target, score in scores.items()), reverse=True)

    def same(given, expected):
        """The same scores in the same order, and every target with its own."""
        np.testing.assert_allclose([s for s, _ in given], [s for s, _ in expected], atol=3e-5)
        known = {target: score for score, target in expected}
        for score, target in given:
            np.testing.assert_allclose(score, known[target], atol=3e-5)
        assert len({target for _, target in given}) == len(given)

    return SimpleNamespace(
        model=model,
        found=found,
        ranked=ranked,
        same=same,
        targets=targets,
        sources=SOURCES,
        source={"source": SOURCES, "source_mask": SOURCES != 0},
        lengths=(SOURCES != 0).sum(1),
        firsts=SOURCES[:, 0].tolist(),
        count=TARGETS,
        length=LENGTH,
        vocabulary=VOCABULARY,
        words=WORDS,
        end=END,
    )
