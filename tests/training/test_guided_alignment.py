import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import build_model
from kseq2seq.data import Aligner
from kseq2seq.training import GuidedAlignment, TokenCrossEntropy, with_alignments

LINKS = np.array([[[0, 1, 0], [1, 0, 1], [0, 0, 0]], [[0, 0, 2], [0, 0, 0], [0, 0, 0]]])
MADE = np.random.default_rng(0).dirichlet([1, 1, 1], (2, 3)).astype("float32")


def by_definition(weights=((1, 1, 1), (1, 1, 1))):
    total = count = 0.0
    for b, t in zip(*np.nonzero(LINKS.sum(-1)), strict=True):
        wanted = LINKS[b, t] / LINKS[b, t].sum()
        total -= weights[b][t] * (wanted * np.log(MADE[b, t])).sum()
        count += weights[b][t]
    return total / count


def test_equals_the_definition():
    loss = GuidedAlignment()
    assert float(loss(LINKS, MADE)) == pytest.approx(by_definition(), rel=1e-5)
    weights = ((2, 0.5, 7), (3, 1, 1))
    assert float(loss(LINKS, MADE, np.array(weights))) == pytest.approx(by_definition(weights))
    rows = by_definition(((2, 2, 2), (0.5, 0.5, 0.5)))
    assert float(loss(LINKS, MADE, np.array([2, 0.5]))) == pytest.approx(rows, rel=1e-5)


def test_tokens_without_links_have_no_gradient():
    made = tf.Variable(MADE)
    with tf.GradientTape() as tape:
        value = GuidedAlignment()(LINKS, made)
    gradient = tape.gradient(value, made).numpy()
    assert (gradient[LINKS == 0] == 0).all()
    assert (gradient[LINKS != 0] < 0).all()


def test_no_links_at_all_and_no_attention_where_there_should_be():
    assert float(GuidedAlignment()(np.zeros((2, 3, 3)), MADE)) == 0.0
    value = float(GuidedAlignment()(np.array([[[1, 0]]]), np.array([[[0.0, 1.0]]])))
    assert 20 < value < 30


def test_serializes():
    loss = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(GuidedAlignment(name="links"))
    )
    assert (type(loss), loss.name) == (GuidedAlignment, "links")


@pytest.mark.parametrize(
    "name", ["bahdanau", "luong", "convolutional", "transformer", "decoder_only"]
)
def test_gives_what_the_decoder_says(model_named, lab, name):
    model = model_named(name)
    inputs = {**lab.source, "target": np.array([[1, 4], [1, 6], [1, 0]])}
    made = with_alignments(model)(inputs)
    np.testing.assert_allclose(made["logits"], model(inputs), atol=1e-6)
    step = model.decoder(inputs["target"], *model.decoder.initial(model.encoder(lab.source)))
    np.testing.assert_allclose(made["alignments"], step.alignment, atol=1e-6)
    np.testing.assert_allclose(np.sum(made["alignments"], axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_refuses_decoders_that_do_not_attend(model_named, name):
    with pytest.raises(ValueError, match=r"Decoder has no attention to guide. Use a model that"):
        with_alignments(model_named(name))


def test_attention_learns_the_alignments_of_an_aligner():
    """Each word means itself, and stands at the mirrored place."""
    rng = np.random.default_rng(0)
    source = np.array([rng.choice(np.arange(3, 43), 4, replace=False) for _ in range(400)], "int32")
    labels = np.ascontiguousarray(source[:, ::-1])
    target = np.concatenate([np.ones_like(labels[:, :1]), labels[:, :-1]], axis=1)
    inputs = {"source": source, "source_mask": source != 0, "target": target}
    batches = tf.data.Dataset.from_tensors((inputs, labels))
    aligned = Aligner.fit(batches, iterations=10).add_to(batches).repeat()
    keras.utils.set_random_seed(0)
    view = with_alignments(build_model("luong", 43, 43, hidden_dim=16, dropout=0.0))
    view.compile(
        keras.optimizers.Adam(0.02),
        loss={"logits": TokenCrossEntropy(), "alignments": GuidedAlignment()},
        loss_weights={"logits": 1.0, "alignments": 1.0},
    )
    history = view.fit(aligned, epochs=2, steps_per_epoch=40, shuffle=False, verbose=0).history
    assert history["alignments_loss"][1] < history["alignments_loss"][0]
    made = np.array(view(inputs)["alignments"])
    assert (made.argmax(-1) == [3, 2, 1, 0]).mean() > 0.9
