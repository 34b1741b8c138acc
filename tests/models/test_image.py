import keras
import numpy as np
import pytest

from kseq2seq import Greedy, Pipeline, build_model
from kseq2seq.image import ImageSource
from kseq2seq.models import Bahdanau, Image, Transformer
from kseq2seq.text import TextTarget, WordTokenizer
from tests.encoders.test_image_backbone import SMALL, hub

SOURCE = ImageSource(32)
TARGET = TextTarget(WordTokenizer(["red", "blue", "green"]), 4)
IMAGE = Image(channels=4, hidden_dim=16, num_layers=1)
DECODERS = {
    "bahdanau": Bahdanau(hidden_dim=8),  # Show, Attend and Tell
    "luong": {"architecture": "luong", "hidden_dim": 8},
    "transformer": Transformer(hidden_dim=8, num_heads=2, num_layers=1),
}
PICTURES = [
    np.random.default_rng(seed).integers(0, 256, (40, 30, 3)).astype("uint8") for seed in range(3)
]


def captioner(decoder, encoder=IMAGE):
    keras.utils.set_random_seed(0)
    model = build_model("hybrid", SOURCE, TARGET, encoder=encoder, decoder=decoder)
    return Pipeline(model, SOURCE, TARGET, Greedy())


@pytest.mark.parametrize("name", DECODERS)
def test_decoders_look_at_the_cells_of_a_picture(name, tmp_path):
    pipeline = captioner(DECODERS[name])
    predictions = pipeline(PICTURES, alignments=True)
    assert predictions[0].alignment.shape[1] == 16
    pipeline.save(tmp_path / "pipeline")
    again = Pipeline.load(tmp_path / "pipeline")
    assert again.texts(PICTURES) == pipeline.texts(PICTURES)
    assert again.model.facts.crops is False


@pytest.mark.slow
def test_backbones_are_saved_with_their_weights(tmp_path):
    for encoder in (
        Image(stride=16, backbone="MobileNetV3Small", options=SMALL, hidden_dim=8),
        Image(stride=16, backbone=hub("HGNetV2Backbone"), hidden_dim=8),
    ):
        pipeline = captioner(DECODERS["bahdanau"], encoder)
        pipeline.save(tmp_path / "pipeline")
        again = Pipeline.load(tmp_path / "pipeline")
        inputs = SOURCE(SOURCE.batch(SOURCE.several(PICTURES)))
        ours, theirs = (np.array(one.model.encoder(inputs)["outputs"]) for one in (pipeline, again))
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_exports_take_encoded_bytes_and_pixels(tmp_path):
    import kseq2seq_runtime
    import tensorflow as tf

    from tests.image.pictures import encode

    pipeline = captioner(DECODERS["bahdanau"])
    pipeline.export(tmp_path / "served")
    parity = pipeline.export(tmp_path / "model.tflite", examples=PICTURES, report=None)
    assert parity.same == 3
    contents = [encode(picture) for picture in PICTURES]
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["greedy"]
    texts = served(images=tf.constant([*contents, b""]))["texts"].numpy()[:, 0].tolist()
    expected = pipeline.texts(PICTURES)
    assert [text.decode() for text in texts] == [*expected, ""]
    phone = kseq2seq_runtime.Pipeline(tmp_path / "model.tflite")
    assert phone.texts(contents) == expected


def test_one_size_fails_with_a_message():
    with pytest.raises(ValueError, match="`stride` must be one of 4, 8, 16, 32"):
        Image(stride=5)
    with pytest.raises(ValueError, match=r"`weights` .* for the small network\. Name a backbone"):
        Image(weights="pretrained.h5")
    with pytest.raises(ValueError, match="hybrid"):
        build_model("image", SOURCE, TARGET)
