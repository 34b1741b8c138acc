"""Every architecture, search and format on real sentences; minutes, so `make test-slow`.

The models have learned these very sentences, so that what they write is long and different from one
to the next, which a model that has seen little would not do.
"""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks
from kseq2seq import data, text

pytestmark = pytest.mark.slow
SIZES = {
    "rnn": {"hidden_dim": 96},
    "lstm": {"hidden_dim": 96},
    "gru": {"hidden_dim": 96},
    "bahdanau": {"hidden_dim": 96},
    "luong": {"hidden_dim": 96},
    "convolutional": {"hidden_dim": 96, "num_layers": 2},
    "transformer": {"hidden_dim": 96, "num_layers": 2, "num_heads": 4},
    "decoder_only": {"hidden_dim": 96, "num_layers": 2, "num_heads": 4},
    "hybrid": {
        "encoder": {
            "architecture": "transformer",
            "hidden_dim": 96,
            "num_layers": 2,
            "num_heads": 4,
            "dropout": 0.0,
        },
        "decoder": {"architecture": "bahdanau", "hidden_dim": 96, "dropout": 0.0},
    },
}
SEARCHES = {"greedy": ks.Greedy(), "beam": ks.Beam(4)}
PLACES = 32
STEPS = 600


@pytest.fixture(scope="module")
def corpus():
    pairs = [
        pair
        for pair in data.split_corpora(data.named_pairs("sample:fr"))["train"]
        if 15 <= len(pair.source) <= 36
    ][:200]
    tokenizer = text.SentencePieceTokenizer.train(
        (side for pair in pairs for side in pair[:2]), 500
    )
    return pairs, tokenizer, pairs[:40]


@pytest.fixture(scope="module", params=SIZES)
def pipeline(request, corpus):
    import keras

    pairs, tokenizer, _ = corpus
    keras.utils.set_random_seed(0)
    source, target = text.TextSource(tokenizer, PLACES), text.TextTarget(tokenizer, PLACES)
    sizes = SIZES[request.param]
    sizes = sizes if request.param == "hybrid" else {"dropout": 0.0, **sizes}
    model = ks.build_model(request.param, tokenizer, tokenizer, **sizes)
    optimizer = keras.optimizers.Adam(4e-3, global_clipnorm=1.0)
    model.compile(optimizer, ks.TokenCrossEntropy(), jit_compile=True)
    batches = data.train_batches(
        data.Corpus.write(pairs),
        source,
        target,
        buckets=[(PLACES, PLACES)],
        seed=1,
        tokens_per_batch=1024,
    )
    model.fit(batches, steps_per_epoch=STEPS, verbose=0, shuffle=False)
    return ks.Pipeline(model, source, target)


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_tflite(pipeline, corpus, name, precision, tmp_path, capsys):
    pairs = corpus[2]
    parity = pipeline.export(
        tmp_path / "model.tflite",
        search=SEARCHES[name],
        precision=precision,
        source_length=PLACES,
        target_length=PLACES,
        examples=[pair.source for pair in pairs],
        references=[pair.target for pair in pairs],
        report=None,
    )
    with capsys.disabled():
        print(f"\n{pipeline.model.name} {name} {precision}: {parity}")
    if precision == "float32":
        assert parity.same + parity.near_ties == parity.sentences
    else:
        before, after = parity.scores["chrF"]
        assert after > 0.8 * before


def test_saved_model(pipeline, corpus, tmp_path):
    texts = [pair.source for pair in corpus[2]]
    pipeline.export(tmp_path / "served", searches=SEARCHES)
    served = tf.saved_model.load(str(tmp_path / "served")).signatures
    for name, search in SEARCHES.items():
        made = served[name](texts=tf.constant(texts))
        wanted = pipeline(texts, search=search)
        assert [row[0].decode() for row in made["texts"].numpy()] == [p.text for p in wanted]
        assert np.allclose(made["scores"][:, 0], [p.score for p in wanted], atol=1e-3)
        assert len({prediction.text for prediction in wanted}) > len(texts) / 4
