"""A pipeline whose model is wild: what it writes is nonsense, but varied."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def wild():
    """Makes a pipeline from bytes to bytes."""
    from kseq2seq import Greedy, Pipeline, build_model
    from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

    def make(architecture="gru", seed=0, scale=0.6, **sizes):
        tokenizer = ByteTokenizer()
        sizes = {"hidden_dim": 8, **sizes}
        model = build_model(architecture, source=tokenizer, target=tokenizer, **sizes)
        rng = np.random.default_rng(seed)
        for weight in model.weights:
            weight.assign(rng.normal(scale=scale, size=weight.shape))
        return Pipeline(model, TextSource(tokenizer, 24), TextTarget(tokenizer, 16), Greedy())

    return make


@pytest.fixture(scope="session")
def pipeline(wild):
    return wild("luong")
