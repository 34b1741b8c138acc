"""What was done to a model's layers is there again after every way of saving and loading."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq import text
from kseq2seq.models import Seq2Seq

TARGETS = np.array([[1, 3, 4], [1, 6, 6], [1, 4, 3]], "int32")


def logits(model, lab):
    made = model({**lab.source, "target": TARGETS}, training=False)
    return lab.numpy(keras.ops.cast(made, "float32"))


def paths(variables):
    return [variable.path for variable in variables]


def reloaded(model, path):
    """Saves and loads; whatever Keras would warn of is an error."""
    model.save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        return keras.saving.load_model(path)


def freeze_encoder(model):
    model.encoder.trainable = False


def freeze_table(model):
    getattr(model.decoder, "table", model.decoder.embedding).trainable = False


def freeze_all_but_a_layer(model):
    model.trainable = False
    dense(model)[0].trainable = True


def freeze_a_weight(model):
    dense(model)[-1].kernel.trainable = False


def adapt(model):
    for layer in (*dense(model), model.encoder.get_layer("embedding")):
        getattr(layer, "table", layer).enable_lora(2, lora_alpha=3)


def adapt_the_frozen(model):
    freeze_encoder(model)
    adapt(model)


def dense(model):
    return [part for part in model._flatten_layers() if isinstance(part, keras.layers.Dense)]


CHANGES = {
    "luong": freeze_encoder,
    "transformer-all": adapt,
    "decoder_only-t5": freeze_table,
    "convolutional": freeze_all_but_a_layer,
    "lstm-deep": adapt_the_frozen,
    "hybrid-transformer-bahdanau": freeze_a_weight,
}


@pytest.fixture(scope="module", params=CHANGES)
def changed(request, lab):
    """A model, changed and then trained for two steps."""
    model = lab.make(request.param)
    before = paths(model.trainable_variables)
    CHANGES[request.param](model)
    assert paths(model.trainable_variables) != before
    model.compile(keras.optimizers.Adam(0.1), ks.TokenCrossEntropy(), run_eagerly=True)
    for _ in range(2):  # the factors of LoRA that begin as zeros move first
        model.train_on_batch({**lab.source, "target": TARGETS}, TARGETS)
    return model


def test_a_model_is_loaded_as_it_was(changed, lab, tmp_path):
    again = reloaded(changed, tmp_path / "model.keras")
    assert paths(again.trainable_variables) == paths(changed.trainable_variables)
    np.testing.assert_allclose(logits(again, lab), logits(changed, lab), atol=1e-6)
    for made, expected in zip(
        [*again.weights, *again.optimizer.variables],
        [*changed.weights, *changed.optimizer.variables],
        strict=True,
    ):
        np.testing.assert_array_equal(made, expected)
    assert again.get_config() == changed.get_config()


def test_a_clone_is_changed_alike_and_has_weights_of_its_own(lab):
    changed = lab.make("transformer-all")
    adapt_the_frozen(changed)
    clone = keras.models.clone_model(changed)
    assert type(clone) is Seq2Seq
    assert paths(clone.trainable_variables) == paths(changed.trainable_variables)
    assert len(clone.weights) == len(changed.weights)
    assert np.abs(logits(clone, lab) - logits(changed, lab)).max() > 1e-3
    clone.set_weights(changed.get_weights())
    np.testing.assert_allclose(logits(clone, lab), logits(changed, lab), atol=1e-6)


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_a_quantized_model_is_loaded_as_it_was(mode, lab, tmp_path):
    model = lab.make("transformer-rotary")
    exact = logits(model, lab)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers that have nothing to quantize
        model.quantize(mode)
    made = logits(model, lab)
    assert 0 < np.abs(made - exact).max() < (0.5 if mode == "int4" else 0.1) * np.abs(exact).max()
    again = reloaded(model, tmp_path / "model.keras")
    np.testing.assert_allclose(logits(again, lab), made, atol=1e-6)


def quantize_the_logits(model):
    model.decoder.logits.quantize("int8")


def adapt_the_logits(model):
    layer = model.decoder.logits
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(np.random.default_rng(0).normal(size=layer.lora_kernel_b.shape))


@pytest.mark.parametrize("change", [quantize_the_logits, adapt_the_logits])
def test_the_graph_of_before_does_not_decode_again(change, lab):
    model = lab.make("gru")
    before = ks.decode(model, lab.source, ks.Greedy(), max_length=4)
    change(model)
    found = ks.decode(model, lab.source, ks.Greedy(), max_length=4)
    eager = lab.searched(model, lab.source, ks.Greedy(), 4)
    np.testing.assert_allclose(found.scores, eager.scores, rtol=1e-5)
    assert np.abs(np.array(found.scores) - np.array(before.scores)).max() > 1e-5


def test_the_graph_of_before_is_outdated_by_layers_that_are_not_ours(lab):
    half = lab.make("gru").encoder
    encoded = half(half.input)
    dense = keras.layers.Dense(encoded["start"].shape[-1], name="their_own")
    encoded = {**encoded, "start": dense(encoded["start"])}
    encoder = keras.Model(half.input, encoded, name="encoder")
    model = Seq2Seq(encoder, lab.make("gru").decoder, {"architecture": "mine"})
    before = ks.layers.revision()
    dense.enable_lora(2)
    assert ks.layers.revision() == before + 1
    dense.quantize("int8")
    assert ks.layers.revision() == before + 2
    assert model.get_layer("encoder") is encoder


def test_int8_saves_the_embeddings_too():
    sizes = {"hidden_dim": 64, "num_layers": 1, "num_heads": 2}
    model = ks.build_model("transformer", 2000, 2000, **sizes)
    before = sum(weight.value.numpy().nbytes for weight in model.weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize("int8")
    after = sum(weight.value.numpy().nbytes for weight in model.weights)
    assert after < 0.3 * before


def test_other_ways_to_quantize_are_refused_before_anything_is_done(lab):
    model = lab.make("transformer")
    weights = paths(model.weights)
    with pytest.raises(ValueError, match="'int8', 'int4', 'float8'; got 'gptq'"):
        model.quantize("gptq", config=keras.quantizers.GPTQConfig(dataset=["a"], tokenizer=list))
    assert paths(model.weights) == weights


def test_factors_are_added_to_the_weights_of_a_model_without_any(lab, tmp_path):
    model, plain = lab.make("transformer"), lab.make("transformer", seed=1)
    adapt(model)
    for layer in dense(model):
        layer.lora_kernel_b.assign(np.ones(layer.lora_kernel_b.shape))
    model.save_weights(tmp_path / "model.weights.h5")
    plain.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(logits(plain, lab), logits(model, lab), atol=1e-5)
    # and the other way round: a factor that is zero alone can be learned
    plain.save_weights(tmp_path / "plain.weights.h5")
    model.load_weights(tmp_path / "plain.weights.h5")
    np.testing.assert_allclose(logits(plain, lab), logits(model, lab), atol=1e-5)
    assert np.abs(np.array(dense(model)[0].lora_kernel_a)).max() > 0


def test_changes_of_another_model_or_a_newer_format_are_refused(lab):
    model = lab.make("gru")
    freeze_encoder(model)
    config = model.get_config()
    with pytest.raises(ValueError, match="format 99"):
        Seq2Seq.from_config({**config, "changes": {**config["changes"], "format": 99}})
    with pytest.raises(ValueError, match="format 99"):
        Seq2Seq.from_config({**config, "format": 99})
    parts = {"decoder/nothing": {"trainable": False}}
    with pytest.raises(ValueError, match="has no part 'decoder/nothing'"):
        Seq2Seq.from_config({**config, "changes": {"format": 1, "parts": parts}})
    options = {"module": "builtins", "class_name": "list", "config": {}}
    parts = {"decoder/decoder/logits": {"quantization": {"mode": "int8", "options": options}}}
    with pytest.raises(ValueError, match=r"must be of keras\.quantizers; got builtins\.list"):
        Seq2Seq.from_config({**config, "changes": {"format": 1, "parts": parts}})


def lora(rank):
    return {"decoder/decoder/logits": {"lora": {"rank": rank, "alpha": 2}}}


def quantized(options):
    return {"decoder/decoder/logits": {"quantization": {"mode": "int8", "options": options}}}


DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}}
OURS = {"module": "keras.quantizers", "class_name": "Dense", "registered_name": "kseq2seq>Dense"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([1], "must be a dict"),
        ({"format": 1}, "a dict of 'parts'"),
        ({"parts": {"encoder": "x"}}, "a dict for 'encoder'"),
        ({"parts": {"encoder": {"trainable": "no"}}}, "must be true or false"),
        ({"parts": lora(10**9)}, "rank .* from 1 to 1024; got 1000000000"),
        ({"parts": lora(-1)}, "rank .* got -1"),
        ({"parts": {"encoder": {"lora": {"rank": 2, "alpha": 2}}}}, "has no LoRA"),
        ({"parts": quantized([DENSE])}, r"got keras\.layers\.Dense"),
        ({"parts": quantized({**OURS, "config": {"units": 3}})}, "must be of keras"),
    ],
)
def test_tampered_changes_are_refused(changes, message, lab):
    config = lab.make("gru").get_config()
    with pytest.raises(ValueError, match=message):
        Seq2Seq.from_config({**config, "changes": changes})


def test_a_model_put_together_by_hand_is_not_saved(lab, tmp_path):
    first, second = lab.make("lstm"), lab.make("luong")
    model = Seq2Seq(first.encoder, second.decoder, {"architecture": "mine"})
    assert logits(model, lab).shape == (3, 3, 7)
    with pytest.raises(NotImplementedError, match="put together by hand"):
        model.save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())
    path = tmp_path / "first.keras"  # whose own halves it had
    np.testing.assert_allclose(logits(reloaded(first, path), lab), logits(first, lab), atol=1e-6)


@pytest.mark.parametrize("name", ["decoder_only-t5", "lstm-reversed", "convolutional-wide"])
def test_an_encoder_is_saved_alone(name, model_named, lab, tmp_path):
    encoder = model_named(name).encoder
    again = reloaded(encoder, tmp_path / "encoder.keras")
    assert len(again.weights) == len(encoder.weights)
    for made, expected in zip(
        keras.tree.flatten(again(lab.source)), keras.tree.flatten(encoder(lab.source)), strict=True
    ):
        np.testing.assert_allclose(np.array(made), np.array(expected), atol=1e-5)


def test_all_variables_have_paths_of_their_own(model):
    names = paths(model.variables)
    assert len(set(names)) == len(names)
    shared = ["shared"] if model.get_config().get("tie_embeddings") == "all" else []
    assert {name.split("/")[0] for name in names} <= {"encoder", "decoder", *shared}


def test_no_path_counts_through_the_process(lab):
    for name in ("bahdanau", "decoder_only-t5"):
        assert paths(lab.make(name).weights) == paths(lab.make(name).weights)


def test_a_state_tree_goes_into_another_model(lab):
    model, other = lab.make("bahdanau"), lab.make("bahdanau", seed=1)
    for each in (model, other):
        each.compile("sgd")
    tree = model.get_state_tree()
    assert sorted(tree["trainable_variables"]) == ["decoder", "encoder"]
    other.set_state_tree({name: tree[name] for name in ("trainable_variables",)})
    np.testing.assert_allclose(logits(other, lab), logits(model, lab), atol=1e-6)


def test_a_pipeline_keeps_them(tmp_path):
    tokenizer = text.ByteTokenizer()
    model = ks.build_model("gru", tokenizer, tokenizer, hidden_dim=4)
    freeze_encoder(model)
    adapt(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.decoder.logits.quantize("int8")
    source, target = text.TextSource(tokenizer, 8), text.TextTarget(tokenizer, 8)
    ks.Pipeline(model, source, target).save(tmp_path / "pipeline")
    again = ks.Pipeline.load(tmp_path / "pipeline").model
    assert again.get_config() == model.get_config()
    for made, expected in zip(again.weights, model.weights, strict=True):
        np.testing.assert_array_equal(made, expected)
    ours = Seq2Seq(model.encoder, model.decoder, dict(model.get_config()))
    with pytest.raises(NotImplementedError, match="put together by hand"):
        ks.Pipeline(ours, source, target).save(tmp_path / "other")
    assert not (tmp_path / "other").exists()
