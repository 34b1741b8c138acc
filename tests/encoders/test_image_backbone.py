import json

import keras
import numpy as np
import pytest

from kseq2seq.encoders import image_backbone_encoder
from kseq2seq.encoders.image_backbone import described_backbone, image_backbone

PICTURE = {"source": ((64, 64, 3), "float32")}
SMALL = {"alpha": 0.35, "minimalistic": True}
RECORD = {"library": "keras", "name": "MobileNetV3Small", "options": SMALL}


@pytest.fixture(scope="module")
def mobile():
    return image_backbone(RECORD, (64, 64, 3))


def hub(name):
    import keras_hub

    if name == "HGNetV2Backbone":  # of the detection-transformer family; its output is a dict
        return keras_hub.models.HGNetV2Backbone(
            depths=[1, 1, 1, 1],
            embedding_size=8,
            hidden_sizes=[8, 8, 8, 8],
            stem_channels=[3, 8, 8],
            hidden_act="relu",
            use_learnable_affine_block=False,
            num_channels=3,
            stackwise_stage_filters=[
                [8, 4, 8, 1, 1, 3],
                [8, 4, 8, 1, 1, 3],
                [8, 4, 8, 1, 1, 3],
                [8, 4, 8, 1, 1, 3],
            ],
            apply_downsample=[False, True, True, True],
            use_lightweight_conv_block=[False, False, False, False],
            image_shape=(None, None, 3),
        )
    return keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64, 64],
        stackwise_num_blocks=[1, 1, 1],
        stackwise_num_strides=[1, 2, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )


@pytest.mark.parametrize(("stride", "cells"), [(8, 64), (16, 16), (32, 4)])
def test_a_backbone_of_keras_is_cut_off_at_a_level(mobile, stride, cells):
    encoder = image_backbone_encoder(PICTURE, mobile, hidden_dim=8, stride=stride, dropout=0.0)
    assert encoder.output["outputs"].shape == (None, cells, 8)
    assert encoder.weights[0] is mobile.weights[0]


@pytest.mark.parametrize(
    "name", ["HGNetV2Backbone", pytest.param("ResNetBackbone", marks=pytest.mark.slow)]
)
def test_a_backbone_of_kerashub_keeps_its_weights_and_is_rebuilt_from_its_record(name):
    backbone = hub(name)
    encoder = image_backbone_encoder(PICTURE, backbone, hidden_dim=8, stride=16, dropout=0.0)
    assert encoder.output["outputs"].shape == (None, 16, 8)
    assert encoder.weights[0] is backbone.weights[0]
    record = json.loads(json.dumps(described_backbone(backbone)))
    again = image_backbone(record, (64, 64, 3))
    assert [w.shape for w in again.weights] == [w.shape for w in backbone.weights]


@pytest.mark.slow
def test_pretrained_weights_are_read_from_a_file(mobile, tmp_path):
    path = str(tmp_path / "mobile.weights.h5")
    mobile.save_weights(path)
    again = image_backbone(RECORD, (64, 64, 3), path)
    for ours, theirs in zip(again.weights, mobile.weights, strict=True):
        assert np.array_equal(ours, theirs)


def test_what_does_not_fit_is_refused(mobile):
    with pytest.raises(ValueError, match=r"stride of 64 .* it has them at \[4, 8, 16, 32\]"):
        image_backbone_encoder(PICTURE, mobile, hidden_dim=8, stride=64, dropout=0.0)
    gray = {"source": ((64, 64, 1), "float32")}
    with pytest.raises(ValueError, match="must take pictures of the source"):
        image_backbone_encoder(gray, mobile, hidden_dim=8, stride=8, dropout=0.0)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"name": "MobileNetV3Small"}, "a record with"),
        ({**RECORD, "name": "clone_model"}, "no backbone"),
        ({**RECORD, "library": "os", "name": "system"}, "no backbone"),
        ({**RECORD, "library": "keras_hub", "name": "Backbone_"}, "no backbone"),
        ({**RECORD, "options": {"input_tensor": {"class_name": "Lambda"}}}, "takes as options"),
        ({**RECORD, "options": {"shell": "true"}}, "takes as options"),
        ({**RECORD, "options": {"alpha": "wide"}}, "can't be built"),
    ],
)
def test_records_name_backbones_and_nothing_else(record, message):
    with pytest.raises(ValueError, match=message):
        image_backbone(record, (64, 64, 3))


def test_other_objects_are_refused():
    for other in (keras.Sequential(), "RandomNet", 3):
        with pytest.raises(ValueError, match="backbone"):
            described_backbone(other)
