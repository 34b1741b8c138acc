"""A decoder without a source."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.decoding import Fusion, score_targets
from kseq2seq.models import LanguageModel
from kseq2seq.training import packed

SIZES = {"hidden_dim": 8, "num_layers": 2, "num_heads": 2, "dropout": 0.0}


def build(**sizes):
    keras.utils.set_random_seed(5)
    model = ks.build_model("decoder_only", None, 7, **{**SIZES, **sizes})
    rng = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(np.array(weight) + rng.normal(scale=0.4, size=weight.shape))
    return model


@pytest.fixture(scope="module")
def model():
    return build()


def target_of(ids):
    return np.concatenate([np.ones_like(ids[:, :1]), ids[:, :-1]], axis=1)


@pytest.mark.parametrize(
    "sizes",
    [{}, {"positions": "learned", "max_positions": 5}, {"positions": "t5"}, {"positions": "shaw"}],
    ids=str,
)
def test_scores_are_teacher_forcing(sizes, lab):
    """Learned positions reach to the last token: nothing is lost to a source."""
    model = build(**sizes)
    assert isinstance(model, LanguageModel) and list(model.input) == ["target"]
    found = ks.decode(model, None, ks.Beam(3, length_penalty=0.0), max_length=5)
    assert found.ids.shape == (1, 3, 5) and found.alignments is None
    ids = np.array(found.ids[0])
    logs = lab.log_softmax(model({"target": target_of(ids)}))
    each = np.take_along_axis(logs, ids[..., None], axis=2)[..., 0]
    real = np.arange(5) < np.array(found.lengths[0])[:, None]
    np.testing.assert_allclose((each * real).sum(1), found.scores[0], atol=1e-4)
    np.testing.assert_allclose(
        np.sum(score_targets(model, None, ids), 1), found.scores[0], atol=1e-4
    )
    # the past knows nothing of the future
    ids[:, -1] = 3
    np.testing.assert_allclose(
        lab.log_softmax(model({"target": target_of(ids)}))[:, :-1], logs[:, :-1], atol=1e-5
    )


def test_it_is_a_causal_model_that_was_given_nothing(model, lab):
    """The weights of a "decoder_only" with the empty source it never sees."""
    both = ks.build_model("decoder_only", 7, 7, prefix="causal", **SIZES)
    both.set_weights(model.get_weights())
    ids = np.array([[3, 4, 5]])
    encoded = both.encoder({"source": np.zeros((1, 1), int), "source_mask": np.zeros((1, 1))})
    made = both.decoder(ids, *both.decoder.initial(encoded)).logits
    np.testing.assert_allclose(model({"target": ids}), made, atol=1e-5)


def test_rows_are_written_side_by_side(model):
    drawn = ks.decode(model, {}, ks.Sample(), max_length=5, rows=6, seed=3)
    assert drawn.ids.shape[0] == 6 and len(np.unique(drawn.ids, axis=0)) > 1
    compiled = ks.decode(model, None, max_length=5, rows=6, jit_compile=True)
    np.testing.assert_array_equal(
        compiled.ids, np.repeat(ks.decode(model, None, max_length=5).ids, 6, axis=0)
    )


def test_trains_saves_and_clones(tmp_path):
    model = build()
    model.compile("adam", ks.TokenCrossEntropy())
    ids = np.array([[3, 4, 2], [5, 2, 0]])
    losses = model.fit({"target": target_of(ids)}, ids, epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for copy in (again, clone):
        assert isinstance(copy, LanguageModel) and copy.get_config()["source"] is None
        given = {"target": target_of(ids)}
        np.testing.assert_allclose(copy(given), model(given), atol=1e-6)


def test_fusion_takes_it(model, lab):
    """log p + beta log p_LM, against the sums of both."""
    translator = lab.make("gru")
    beam = ks.Beam(2, length_penalty=0.0)
    found = lab.searched(translator, lab.source, beam, 4, filters=[Fusion(model, 0.5)])
    for n in range(2):
        ids = found.ids[:, n]
        own = lab.teacher_forced(translator, lab.source, ids)
        other = lab.log_softmax(model({"target": target_of(ids)}))
        each = np.take_along_axis(own + 0.5 * other, ids[..., None], axis=2)[..., 0]
        real = np.arange(4) < found.lengths[:, n, None]
        np.testing.assert_allclose((each * real).sum(1), found.scores[:, n], atol=1e-4)


def test_models_decode_together(model):
    twin = build()
    twin.set_weights(model.get_weights())
    both = ks.Ensemble([model, twin])
    np.testing.assert_array_equal(
        ks.decode(both, None, max_length=5, rows=2).ids,
        np.repeat(ks.decode(model, None, max_length=5).ids, 2, axis=0),
    )


def test_refuses(model, lab):
    for name in ("gru", "transformer", "masked_lm", "hybrid"):
        sizes = {"encoder": "gru", "decoder": "gru"} if name == "hybrid" else {}
        with pytest.raises(ValueError, match=r"`source` must be.*got None. Only 'decoder_only'"):
            ks.build_model(name, None, 7, **sizes)
    with pytest.raises(ValueError, match=r"needs a `target` then"):
        ks.build_model("decoder_only", None)
    with pytest.raises(ValueError, match=r"has no source: pass None"):
        ks.decode(model, lab.source, max_length=5)
    with pytest.raises(ValueError, match=r"`rows` is for models without a source"):
        ks.decode(lab.make("gru"), lab.source, max_length=4, rows=3)
    with pytest.raises(ValueError, match=r"`rows`"):
        ks.decode(model, None, max_length=5, rows=0)
    with pytest.raises(ValueError, match=r"the model reads no source"):
        packed(model)
