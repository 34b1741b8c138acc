"""Tiny translators, really trained, for tests of what is done with a trained model."""

from __future__ import annotations

import pytest

WORDS = {"un": "one", "deux": "two", "trois": "three", "été": "summer", "김치": "kimchi"}
SENTENCES = (
    [f"{a} {b}" for a in WORDS for b in WORDS],
    [f"{WORDS[b]} {WORDS[a]}" for a in WORDS for b in WORDS],
)


@pytest.fixture(scope="session")
def translator(once):
    """Makes tiny translators, really trained: two words, translated and turned around."""
    made = {}

    def make(architecture="transformer", **sizes):
        from kseq2seq import Pipeline

        if architecture not in made:
            saved = once(
                f"translator-{architecture}",
                lambda path: trained_translator(architecture, **sizes).save(path / "pipeline"),
            )
            made[architecture] = Pipeline.load(saved / "pipeline")
        return made[architecture]

    make.sources, make.targets = SENTENCES
    return make


def trained_translator(architecture, **sizes):
    """A pipeline that has learned all 25 sentences."""
    import keras

    import kseq2seq as ks
    from kseq2seq import data, text

    sources, targets = SENTENCES
    keras.utils.set_random_seed(3)
    tokenizer = text.SentencePieceTokenizer.train([*sources, *targets] * 20, 340)
    source, target = text.TextSource(tokenizer, 24), text.TextTarget(tokenizer, 24)
    corpus = data.Corpus.write(data.pairs_from(zip(sources, targets, strict=True)))
    known = {"transformer": {"num_layers": 1, "num_heads": 2, "tie_embeddings": "all"}}
    sizes = {"hidden_dim": 32, "dropout": 0.0, **known.get(architecture, {}), **sizes}
    model = ks.build_model(architecture, source=tokenizer, target=tokenizer, **sizes)
    model.compile(keras.optimizers.Adam(5e-3), ks.TokenCrossEntropy(), jit_compile=True)
    batches = data.train_batches(
        corpus, source, target, buckets=[(24, 24)], seed=1, tokens_per_batch=600
    )
    for _ in range(12):
        (loss,) = model.fit(batches, steps_per_epoch=150, verbose=0, shuffle=False).history["loss"]
        if loss < 0.1:
            return ks.Pipeline(model, source, target, ks.Beam(3))
    raise AssertionError(f"the tiny translator has not learned its 25 sentences: loss {loss:.2f}")
