import json

import keras
import keras_hub
import numpy as np
import pytest

from kseq2seq.encoders import backbone_config, backbone_encoder, backbone_from_config

SIZES = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
MORE = {
    "AlbertBackbone": {"embedding_dim": 4},
    "BertBackbone": {},
    "DebertaV3Backbone": {"bucket_size": 4},
    "DistilBertBackbone": {},
    "RobertaBackbone": {},
    "XLMRobertaBackbone": {},
}
IDS = np.array([[2, 5, 6, 7, 3], [2, 8, 3, 1, 1]], "int32")
SOURCE = {"source": IDS, "source_mask": IDS != 1}


def make(name="BertBackbone", **sizes):
    """A small backbone with weights spread enough for every input to matter."""
    given = {"vocabulary_size": 20, "max_sequence_length": 12, "dropout": 0.3}
    backbone = getattr(keras_hub.models, name)(**{**given, **SIZES, **MORE[name], **sizes})
    rng = np.random.default_rng(0)
    for weight in backbone.weights:
        value = keras.ops.convert_to_numpy(weight)
        weight.assign(value + rng.normal(scale=0.3, size=value.shape))
    return backbone


def outputs(encoder, source=SOURCE, **options):
    return keras.ops.convert_to_numpy(encoder(source, **options)["outputs"])


def direct(backbone, ids=IDS, mask=None):
    """What KerasHub itself makes of ids."""
    mask = ids != 1 if mask is None else mask
    given = {
        "token_ids": ids,
        "padding_mask": np.asarray(mask, "int32"),
        "segment_ids": np.zeros_like(ids),
    }
    made = backbone({name: given[name] for name in backbone.input})
    return np.array(made["sequence_output"] if isinstance(made, dict) else made)


@pytest.fixture(scope="module", params=list(MORE))
def pair(request):
    backbone = make(request.param)
    return backbone, backbone_encoder(backbone)


def test_outputs_are_the_backbones_own(pair):
    backbone, encoder = pair
    encoded = encoder(SOURCE)
    assert sorted(encoded) == ["mask", "outputs"]
    np.testing.assert_array_equal(encoded["mask"], SOURCE["source_mask"])
    np.testing.assert_allclose(encoded["outputs"], direct(backbone), atol=1e-6)
    assert encoder.output["outputs"].shape == (None, None, 8)
    assert sorted(encoder.input) == ["source", "source_mask"]
    assert encoder.name == "encoder"


def test_padding_changes_nothing(pair):
    expected = outputs(pair[1], {"source": IDS[1:, :3], "source_mask": IDS[1:, :3] != 1})
    np.testing.assert_allclose(outputs(pair[1])[1:, :3], expected, atol=1e-5)


def test_order_matters(pair):
    swapped = {**SOURCE, "source": IDS[:, [0, 2, 1, 3, 4]]}
    assert np.abs(outputs(pair[1], swapped)[0, 3] - outputs(pair[1])[0, 3]).max() > 1e-4


def test_a_backbone_is_rebuilt_from_json_and_takes_the_weights(pair, tmp_path):
    backbone, encoder = pair
    record = json.loads(json.dumps(backbone_config(backbone)))
    rebuilt = backbone_from_config(record)
    assert type(rebuilt) is type(backbone)
    assert backbone_config(rebuilt) == record
    again = backbone_encoder(rebuilt)
    assert np.abs(outputs(again) - outputs(encoder)).max() > 1e-3
    encoder.save_weights(tmp_path / "model.weights.h5")
    again.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(outputs(again), outputs(encoder))


def test_too_long_a_source_is_refused(pair):
    whole = np.full((1, 12), 4)
    assert outputs(pair[1], {"source": whole, "source_mask": whole == 4}).shape == (1, 12, 8)
    longer = np.full((1, 13), 4)
    with pytest.raises(ValueError, match="13 tokens was given to a backbone with positions for 12"):
        pair[1]({"source": longer, "source_mask": longer == 4})


def test_a_preset_keeps_its_weights(tmp_path):
    backbone = make("RobertaBackbone")
    backbone.save_to_preset(tmp_path)
    loaded = keras_hub.models.Backbone.from_preset(str(tmp_path))
    np.testing.assert_allclose(outputs(backbone_encoder(loaded)), direct(backbone), atol=1e-6)


def test_a_saved_encoder_is_the_same(tmp_path):
    encoder = backbone_encoder(make())
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(outputs(loaded), outputs(encoder))
    longer = np.full((1, 13), 4)
    with pytest.raises(ValueError, match="positions for 12"):
        loaded({"source": longer, "source_mask": longer == 4})


@pytest.mark.parametrize("frozen", [True, False])
def test_only_a_frozen_backbone_stays_as_it_is(frozen):
    backbone = make("DistilBertBackbone")
    backbone.trainable = not frozen
    encoder = backbone_encoder(backbone)
    assert len(encoder.weights) == len(backbone.weights)
    assert len(encoder.trainable_weights) == (0 if frozen else len(backbone.weights))
    assert backbone_config(backbone)["config"]["trainable"] is not frozen
    rebuilt = backbone_encoder(backbone_from_config(backbone_config(backbone)))
    assert len(rebuilt.trainable_weights) == len(encoder.trainable_weights)

    logits = keras.layers.Dense(1)(encoder.output["outputs"])
    model = keras.Model(encoder.input, logits)
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    before = [np.array(weight) for weight in model.weights]
    model.train_on_batch(SOURCE, np.ones((2, 5, 1)))
    moved = [np.any(np.array(w) != old) for w, old in zip(model.weights, before, strict=True)]
    assert all(moved[-2:])
    assert any(moved[:-2]) is not frozen


def test_dropout_is_for_training_alone():
    encoder = backbone_encoder(make())
    np.testing.assert_array_equal(outputs(encoder), outputs(encoder, training=False))
    assert np.abs(outputs(encoder, training=True) - outputs(encoder)).max() > 1e-3


def test_mixed_precision():
    backbone = make(dtype="mixed_bfloat16")
    encoder = backbone_encoder(backbone)
    encoded = encoder(SOURCE)
    assert keras.backend.standardize_dtype(encoded["outputs"].dtype) == "bfloat16"
    assert {weight.dtype for weight in encoder.weights} == {"float32"}
    exact = backbone_encoder(make())
    exact.set_weights(encoder.get_weights())
    close = np.array(keras.ops.cast(encoded["outputs"], "float32"))
    np.testing.assert_allclose(close, outputs(exact), atol=0.1)
    assert backbone_config(backbone)["config"]["dtype"] == "mixed_bfloat16"
    rebuilt = backbone_encoder(backbone_from_config(backbone_config(backbone)))
    assert rebuilt.output["outputs"].dtype == "bfloat16"


def test_other_models_are_refused():
    with pytest.raises(TypeError, match=r"must be a model.*'bert_base_en'"):
        backbone_encoder("bert_base_en")
    fourier = keras_hub.models.FNetBackbone(20, 1, 8, 16)
    with pytest.raises(ValueError, match="inputs of FNetBackbone are segment_ids, token_ids"):
        backbone_encoder(fourier)
    nameless = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="inputs of Sequential are one without a name"):
        backbone_encoder(nameless)
    inputs = {name: keras.Input((None,), name=name) for name in ("token_ids", "padding_mask")}
    flat = keras.Model(inputs, inputs["token_ids"])
    with pytest.raises(ValueError, match=r"must return \(B, S, E\)"):
        backbone_encoder(flat)


def test_what_can_not_be_described_is_refused():
    with pytest.raises(ValueError, match="'Sequential' is no backbone"):
        backbone_config(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]))

    class BertBackbone(keras_hub.models.BertBackbone):
        pass

    with pytest.raises(ValueError, match="another class of that name"):
        backbone_config(BertBackbone(vocabulary_size=20, **SIZES))
    quantized = make()
    quantized.pooled_dense.quantize("int8")
    with pytest.raises(ValueError, match="'dtype' of BertBackbone must be a number"):
        backbone_config(quantized)


GOOD = {"vocabulary_size": 20, **SIZES}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "must have 'backbone' and 'config'; got None"),
        ([], "must have 'backbone' and 'config'"),
        ({"backbone": "BertBackbone"}, "must have 'backbone' and 'config'"),
        ({"backbone": "BertBackbone", "config": GOOD, "module": "os"}, "must have 'backbone'"),
        ({"backbone": ["BertBackbone"], "config": GOOD}, "no backbone in keras_hub.models"),
        ({"backbone": "os.system", "config": {"command": "true"}}, "'os.system' is no backbone"),
        ({"backbone": "__loader__", "config": {}}, "no backbone"),
        ({"backbone": "BertTokenizer", "config": {"vocabulary": "/etc/passwd"}}, "no backbone"),
        ({"backbone": "BertMaskedLM", "config": GOOD}, "no backbone"),
        ({"backbone": "BertBackbone", "config": "{}"}, "must be a dict of its arguments"),
        ({"backbone": "BertBackbone", "config": {}}, "can't be built from {}"),
        ({"backbone": "BertBackbone", "config": {**GOOD, "num_heads": "two"}}, "can't be built"),
        ({"backbone": "BertBackbone", "config": {**GOOD, "num_heads": 0}}, "can't be built"),
        ({"backbone": "BertBackbone", "config": {**GOOD, "hidden_dim": -8}}, "can't be built"),
        ({"backbone": "BertBackbone", "config": {**GOOD, "layers": 2}}, "takes no 'layers'"),
        ({"backbone": "BertBackbone", "config": {**GOOD, "dtype": "os"}}, "can't be built"),
        (
            {
                "backbone": "BertBackbone",
                "config": {
                    **GOOD,
                    "dtype": {
                        "module": "os",
                        "class_name": "system",
                        "config": "true",
                        "registered_name": None,
                    },
                },
            },
            "'dtype' of BertBackbone must be a number",
        ),
        (
            {"backbone": "CLIPBackbone", "config": {"vision_encoder": {"class_name": "Lambda"}}},
            "'vision_encoder' of CLIPBackbone must be a number",
        ),
    ],
)
def test_a_hostile_record_is_refused(record, message):
    with pytest.raises(ValueError, match=message):
        backbone_from_config(record)
