"""Models of every head: trained, saved, cloned, adapted, and run in a TFLite file."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import Beam, Greedy, SpecialTokens, build_model, decode
from kseq2seq.decoding import search_targets
from kseq2seq.heads import HEADS, Ctc, Head, Joint, Label, Labels, register_head
from kseq2seq.layers import linear
from kseq2seq.models import HeadModel, JointModel, Transformer, warm_start
from kseq2seq.training import loss_for, metrics_for

SIZES = {"hidden_dim": 8, "num_layers": 1, "num_heads": 2, "dropout": 0.0}
KINDS = {
    "labels": "labels",
    "crf": Labels(crf=True),
    "label": Label(pooling="attention"),
    "ctc": "ctc",
}
IDS = np.array([[4, 5, 6, 3, 7], [6, 4, 3, 0, 0], [8, 0, 0, 0, 0]], "int32")
SOURCE = {"source": IDS, "source_mask": (IDS != 0).astype("int32")}
LABELS = {
    "labels": np.where(IDS, IDS % 3 + 1, 0),
    "crf": np.where(IDS, IDS % 3 + 1, 0),
    "label": np.array([[1], [2], [3]], "int32"),
    "ctc": np.array([[1, 1, 2], [3, 0, 0], [0, 0, 0]], "int32"),
}


def spread(model, seed=0):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(np.asarray(weight) + rng.normal(scale=0.4, size=weight.shape))
    return model


def same(one, other):
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.lengths, other.lengths)
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(one.finished, other.finished)


@pytest.fixture(scope="module")
def trained():
    """A model of each head that was trained until it knows its three examples."""
    made = {}

    def get(kind):
        if kind not in made:
            keras.utils.set_random_seed(0)
            model = build_model("transformer", 9, 4, head=KINDS[kind], **SIZES)
            optimizer = keras.optimizers.Adam(0.03)
            model.compile(optimizer, loss_for(model), metrics=metrics_for(model))
            model.fit(SOURCE, LABELS[kind], epochs=60, verbose=0)
            made[kind] = model
        return made[kind]

    return get


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_its_examples_and_says_so(trained, kind):
    model = trained(kind)
    assert isinstance(model, HeadModel) and not hasattr(model, "decoder")
    logs = model.evaluate(SOURCE, LABELS[kind], verbose=0, return_dict=True)
    assert logs["loss"] < 0.1
    assert logs.get("accuracy", 1.0) == 1.0
    found = decode(model, SOURCE, max_length=5)
    wanted = np.pad(LABELS[kind], ((0, 0), (0, 5 - LABELS[kind].shape[1])))
    np.testing.assert_array_equal(found.ids[:, 0], wanted)
    np.testing.assert_array_equal(found.lengths[:, 0], (wanted != 0).sum(1))
    assert found.finished.numpy().all() and found.alignments is None


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_saved_cloned_and_made_again(trained, kind, tmp_path):
    model = trained(kind)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is HeadModel and loaded.get_config() == model.get_config()
    found = decode(model, SOURCE, max_length=5)
    same(decode(loaded, SOURCE, max_length=5), found)
    assert type(loaded.loss) is type(loss_for(model))
    copy = keras.models.clone_model(model)
    assert type(copy) is HeadModel
    assert copy.head is not model.head and len(copy.weights) == len(model.weights)
    copy.set_weights(model.get_weights())
    same(decode(copy, SOURCE, max_length=5), found)


@pytest.mark.parametrize("kind, search", [*((k, Greedy()) for k in KINDS), ("ctc", Beam(3))])
def test_its_answers_are_the_same_in_tflite(trained, kind, search, tmp_path):
    model = trained(kind)

    class Fixed(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 5), tf.int32)] * 2)
        def generate(self, source, source_mask):
            inputs = {"source": source, "source_mask": source_mask}
            found = search_targets(model, inputs, search, 6, special=SpecialTokens())
            return {
                "ids": found.ids,
                "lengths": found.lengths,
                "scores": found.scores,
                "finished": tf.cast(found.finished, tf.int32),
            }

    fixed = Fixed()
    fixed.weights = [weight.value for weight in model.variables]
    tf.saved_model.save(fixed, tmp_path, signatures={"generate": fixed.generate})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    from ai_edge_litert.interpreter import Interpreter

    file = Interpreter(model_content=converter.convert()).get_signature_runner("generate")
    whole = decode(model, SOURCE, search, max_length=6)
    for row in range(len(IDS)):
        given = {name: values[row : row + 1] for name, values in SOURCE.items()}
        made = file(**given)
        for name in ("ids", "lengths", "finished"):
            np.testing.assert_array_equal(made[name][0], np.asarray(getattr(whole, name))[row])
        np.testing.assert_allclose(made["scores"][0], whole.scores[row], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_trained_in_bfloat16_and_by_xla(kind):
    model = build_model("transformer", 9, 4, head=KINDS[kind], dtype="mixed_bfloat16", **SIZES)
    model.compile("sgd", loss_for(model), metrics=metrics_for(model), jit_compile=True)
    logs = model.fit(SOURCE, LABELS[kind], verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    assert all(weight.dtype == "float32" for weight in model.weights)


@pytest.mark.parametrize("kind", KINDS)
def test_no_row_depends_on_its_company(trained, kind):
    model = trained(kind)
    search = Beam(2) if kind in ("ctc", "label") else Greedy()
    whole = decode(model, SOURCE, search, max_length=5)
    for row, count in enumerate((IDS != 0).sum(1)):
        alone = {name: values[row : row + 1, :count] for name, values in SOURCE.items()}
        found = decode(model, alone, search, max_length=5)
        same(found, type(whole)(*(None if x is None else x[row : row + 1] for x in whole)))


def test_a_row_of_padding_has_nothing_and_spoils_nothing(trained):
    nothing = {name: np.concatenate([x, 0 * x[:1]]) for name, x in SOURCE.items()}
    for kind in KINDS:
        found = decode(trained(kind), nothing, max_length=5)
        same(
            decode(trained(kind), SOURCE, max_length=5),
            type(found)(*(None if x is None else x[:3] for x in found)),
        )
        assert np.isfinite(found.scores).all()
        if kind != "label":
            assert int(found.lengths[3, 0]) == 0 and float(found.scores[3, 0]) == 0


def test_targets_may_be_padded_to_another_length_than_sources(trained):
    for kind in ("labels", "crf"):
        model, labels = trained(kind), LABELS[kind]
        wanted = model.evaluate(SOURCE, labels, verbose=0)
        longer = np.pad(labels, ((0, 0), (0, 4)))
        np.testing.assert_allclose(model.evaluate(SOURCE, longer, verbose=0), wanted, rtol=1e-6)
        wide = {name: np.pad(x, ((0, 0), (0, 3))) for name, x in SOURCE.items()}
        np.testing.assert_allclose(model.evaluate(wide, labels, verbose=0), wanted, rtol=1e-4)


def test_words_are_labeled_at_their_first_position():
    class Words:
        vocabulary_size = 9
        spec = dict.fromkeys(("source", "source_mask", "items"))

    for crf in (False, True):
        model = spread(build_model("gru", Words(), 4, head=Labels(crf=crf), hidden_dim=8))
        assert model.head.items and sorted(model.input) == ["items", "source", "source_mask"]
        items = np.array([[0, 2, 3], [1, -1, -1], [-1, -1, -1]], "int32")
        given = {**SOURCE, "items": items}
        made = np.asarray(model(given))[:, -3:]
        whole = build_model("gru", 9, 4, head=Labels(crf=crf), hidden_dim=8)
        whole.set_weights(model.get_weights())
        everywhere = np.asarray(whole(SOURCE))[:, -5:]
        np.testing.assert_allclose(made[0], everywhere[0, [0, 2, 3]], rtol=1e-5, atol=1e-6)
        found = decode(model, given, max_length=4)
        assert found.lengths.numpy().tolist() == [[3], [1], [0]]
        again = HeadModel.from_config(model.get_config())
        assert sorted(again.input) == sorted(model.input)
        with pytest.raises(ValueError, match="must have the keys"):
            decode(model, SOURCE, max_length=4)


@pytest.mark.parametrize("name", ["rnn", "lstm", "bahdanau", "convolutional", "masked_lm"])
def test_every_encoder_takes_a_head(name):
    sizes = {"hidden_dim": 8, **({"num_heads": 2} if name == "masked_lm" else {})}
    model = build_model(name, 9, 2, head="label", **sizes)
    found = decode(model, SOURCE, max_length=1)
    assert found.ids.numpy().tolist() == [[[1]]] * 3  # the only label there is
    assert model.vocabulary_sizes == {"source": 9, "target": 2}


def test_a_hybrid_needs_no_decoder_for_a_head():
    model = build_model("hybrid", 9, 4, head="ctc", encoder=Transformer(**SIZES))
    assert "decoder" not in model.get_config()
    assert HeadModel.from_config(model.get_config()).output.shape == (None, None, 4)
    with pytest.raises(ValueError, match="`decoder`, one of"):
        build_model("hybrid", 9, 9, encoder="transformer")
    with pytest.raises(ValueError, match="no encoder that another head"):
        build_model("decoder_only", 9, 9, head="labels")


def test_a_head_starts_from_a_masked_language_model():
    sizes = {**SIZES, "num_layers": 2}
    pretrained = spread(build_model("masked_lm", 9, **sizes))
    for name in ("masked_lm", "transformer"):
        model = build_model(name, 9, 4, head="labels", **sizes)
        warm_start(model, pretrained)
        for own, other in zip(model.encoder.weights, pretrained.encoder.weights, strict=True):
            np.testing.assert_array_equal(own, other)


def test_layers_are_frozen_adapted_and_quantized(tmp_path):
    model = build_model("transformer", 9, 4, head=Labels(crf=True), **SIZES)
    model.encoder.trainable = False
    model.head.logits.enable_lora(2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert not loaded.encoder.trainable and loaded.head.logits.lora_enabled
    same(decode(loaded, SOURCE, max_length=5), decode(model, SOURCE, max_length=5))
    model = build_model("transformer", 9, 4, head="ctc", **SIZES)
    model.quantize("int8")
    assert np.isfinite(np.asarray(model(SOURCE))).all()


@pytest.mark.parametrize(
    "head, message",
    [
        ("tags", "expected 'ctc'"),
        ({"head": "labels", "crff": True}, "has no setting `crff`"),
        ({"crf": True}, "`head` has type None"),
        ({"head": "decoder", "x": 1}, "has no settings"),
        (Labels, "Call the class"),
        (5, "must be a name"),
        ({"head": "labels", "crf": 1}, "`crf` must be True or False"),
        ({"head": "label", "pooling": "max"}, "`pooling` must be one of"),
        ({"head": "ctc", "end": 0}, "`end` must be an id"),
        ({"head": "joint", "weight": 1}, "between 0 and 1"),
    ],
)
def test_what_is_no_head_is_refused(head, message):
    with pytest.raises(ValueError, match=message):
        build_model("gru", 9, 9, head=head, hidden_dim=4)


def test_a_target_must_be_there_and_suit_the_head():
    class Closed:
        size, special, closes = 6, SpecialTokens(), True

    class Open(Closed):
        closes = False

    class Other(Closed):
        special = SpecialTokens(padding=1)

    with pytest.raises(ValueError, match="`target` is missing: the head 'ctc'"):
        build_model("gru", 9, head="ctc", hidden_dim=4)
    with pytest.raises(ValueError, match="`target` must be a whole number of at least 2"):
        build_model("gru", 9, 1, head="labels", hidden_dim=4)
    with pytest.raises(ValueError, match="closed by its end"):
        build_model("gru", 9, Open(), hidden_dim=4)
    with pytest.raises(ValueError, match="padding is 0, the blank"):
        build_model("gru", 9, Other(), head="ctc", hidden_dim=4)
    assert build_model("gru", 9, Closed(), head="ctc", hidden_dim=4).head.end == 2
    assert build_model("gru", 9, Open(), head="ctc", hidden_dim=4).head.end is None
    assert build_model("gru", 9, 6, head=Ctc(), hidden_dim=4).head.end is None


def test_a_head_of_ones_own_is_registered_built_and_found_again(tmp_path):
    @register_head("test_window")
    class Window(Head):
        def __init__(self, width: int = 4):
            super().__init__()
            self.width = width

        def make(self, size, encoded):
            self.inner = linear(encoded["outputs"].shape[-1], self.width, activation="tanh")
            self.logits = linear(self.width, size)

        def call(self, encoded, training=None):
            return self.logits(self.inner(encoded["outputs"]))

    try:
        model = build_model("gru", 9, 4, head=Window(width=6), hidden_dim=8, dropout=0.0)
        model.compile(keras.optimizers.Adam(0.05), loss_for(model), metrics=metrics_for(model))
        model.fit(SOURCE, LABELS["labels"], epochs=60, verbose=0)
        found = decode(model, SOURCE, max_length=5)
        np.testing.assert_array_equal(found.ids[:, 0], LABELS["labels"])
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.head.width == 6
        same(decode(loaded, SOURCE, max_length=5), found)
    finally:
        HEADS._classes.pop("test_window")
    with pytest.raises(Exception, match="register_head"):
        keras.saving.load_model(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="is not registered"):
        build_model("gru", 9, 4, head=Window(), hidden_dim=8)


@pytest.fixture(scope="module")
def joint():
    keras.utils.set_random_seed(0)
    model = build_model("transformer", 9, 9, head=Joint(weight=0.4), **SIZES)
    target = np.array([[4, 4, 2], [7, 2, 0], [2, 0, 0]], "int32")
    inputs = {**SOURCE, "target": np.array([[1, 4, 4], [1, 7, 0], [1, 0, 0]], "int32")}
    model.compile(keras.optimizers.Adam(0.03), loss_for(model), metrics=metrics_for(model))
    model.fit(inputs, target, epochs=60, verbose=0)
    return model, inputs, target


def test_both_halves_of_a_joint_model_learn_one_target(joint, tmp_path):
    model, inputs, target = joint
    assert isinstance(model, JointModel)
    logs = model.evaluate(inputs, target, verbose=0, return_dict=True)
    assert logs["decoder_accuracy"] == 1.0 and logs["loss"] < 0.2
    made = model(inputs)
    losses = loss_for(model)
    decoder, ctc = (losses[name].loss(target, made[name]) for name in ("decoder", "ctc"))
    np.testing.assert_allclose(logs["loss"], 0.6 * decoder + 0.4 * ctc, rtol=1e-4)
    found = decode(model, SOURCE, max_length=4)
    np.testing.assert_array_equal(found.ids[:, 0, :3], target)
    spelled = model.head.decode(made["ctc"], model.encoder(SOURCE))
    assert spelled.ids.numpy()[:, 0, :2].tolist() == [[4, 4], [7, 0], [0, 0]]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is JointModel and loaded.head.weight == 0.4
    again = loaded.evaluate(inputs, target, verbose=0, return_dict=True)
    assert again.keys() == logs.keys()
    np.testing.assert_allclose(list(again.values()), list(logs.values()), rtol=1e-5)
    copy = keras.models.clone_model(model)
    assert type(copy) is JointModel and sorted(copy.output) == ["ctc", "decoder"]


def test_a_joint_model_weighs_tokens_alike_over_accumulated_batches(joint):
    model, inputs, target = joint
    weights, steps = model.get_weights(), []
    for parts in (1, 3):
        again = build_model("transformer", 9, 9, head=Joint(weight=0.4), **SIZES)
        again.set_weights(weights)
        spread(again)
        optimizer = keras.optimizers.SGD(
            0.1, gradient_accumulation_steps=None if parts == 1 else parts
        )
        again.compile(optimizer, {"decoder": loss_for(again)["decoder"], "ctc": None})
        again.fit(inputs, target, batch_size=3 // parts, shuffle=False, verbose=0)
        steps.append(again.get_weights())
    for one, other in zip(*steps, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
