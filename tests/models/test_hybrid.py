"""The encoder of one architecture with the decoder of another."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from kseq2seq import Beam, Seq2Seq, build_model, decode
from kseq2seq.models import Bahdanau, Gru, Lstm, Luong, Transformer

SMALL = {"hidden_dim": 8, "dropout": 0.0}
READER = Transformer(num_heads=2, num_layers=1, **SMALL)


def test_halves_are_told_by_name_by_dict_or_by_the_architecture(lab):
    ways = [
        {"encoder": READER, "decoder": Luong(**SMALL)},
        {
            "encoder": {"architecture": "transformer", "num_heads": 2, "num_layers": 1, **SMALL},
            "decoder": {"architecture": "luong", **SMALL},
        },
    ]
    configs = [build_model("hybrid", 9, 7, **way).get_config() for way in ways]
    assert configs[0] == configs[1] == json.loads(json.dumps(configs[0]))
    named = build_model("hybrid", 9, 7, encoder="gru", decoder="lstm").get_config()
    assert named["encoder"] == {"architecture": "gru", **Gru().config()}


def states(lab, **halves):
    model = build_model("hybrid", 9, 7, **halves)
    encoded = model.encoder(lab.source)
    return lab.numpy(encoded)


def test_fitting_states_are_handed_on_and_others_are_the_mean(lab):
    encoded = states(lab, encoder=Lstm(**SMALL), decoder=Luong(**SMALL))
    mean = states(lab, encoder=Gru(**SMALL), decoder=Luong(**SMALL))
    for row, length in enumerate(lab.source["source_mask"].sum(1)):
        np.testing.assert_allclose(
            encoded["states"][0][0][row], encoded["outputs"][row, length - 1], atol=1e-6
        )
        for state in mean["states"][0]:
            np.testing.assert_allclose(state[row], mean["outputs"][row, :length].mean(0), atol=1e-6)


@pytest.mark.parametrize(
    ("halves", "message"),
    [
        ({"encoder": "lstm"}, r"'hybrid' needs more sizes.*decoder"),
        ({"encoder": "lstn", "decoder": "gru"}, r"'lstn'.*Did you mean 'lstm'"),
        ({"encoder": "lstm", "decoder": "decoder_only"}, r"'decoder_only'.*known are rnn"),
        ({"encoder": "lstm", "decoder": "convolutional"}, r"'convolutional'.*known are rnn"),
        (
            {"encoder": {"hidden_dim": 8}, "decoder": "gru"},
            r"encoder of the hybrid.*None.*known are rnn",
        ),
        ({"encoder": "lstm", "decoder": {"architecture": "gru", "score": "dot"}}, r"`score`"),
        ({"encoder": 3, "decoder": "gru"}, r"`encoder` must be one of.*a dict, for example.*3"),
        ({"encoder": "gru", "decoder": Transformer(tie_embeddings="all")}, r"'all'.*decoder"),
        ({"encoder": "gru", "decoder": "gru", "hidden_dim": 8}, r"no size `hidden_dim`"),
        ({"encoder": READER, "decoder": Luong(score="dot", hidden_dim=16)}, r"8 and 16 wide.*Pass"),
    ],
)
def test_refuses(halves, message):
    with pytest.raises(ValueError, match=message):
        build_model("hybrid", 9, 7, **halves)


@pytest.fixture(scope="module")
def bert():
    keras_hub = pytest.importorskip("keras_hub")
    keras.utils.set_random_seed(0)
    return keras_hub.models.BertBackbone(
        vocabulary_size=9,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        dropout=0.0,
        max_sequence_length=12,
    )


@pytest.mark.parametrize("half", [Bahdanau(**SMALL), READER])
def test_a_backbone_keeps_its_weights_and_goes_into_the_file(lab, bert, half, tmp_path):
    model = build_model("hybrid", 9, 7, encoder=bert, decoder=half)
    inputs = {"token_ids": lab.ids, "padding_mask": lab.ids != 0, "segment_ids": 0 * lab.ids}
    expected = bert(inputs)["sequence_output"]
    np.testing.assert_allclose(model.encoder(lab.source)["outputs"], expected, atol=1e-6)
    assert model.max_source_length == 12
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    assert type(again) is Seq2Seq
    found, same = (decode(m, lab.source, Beam(2), max_length=4) for m in (model, again))
    np.testing.assert_array_equal(found.ids, same.ids)
    np.testing.assert_allclose(found.scores, same.scores, atol=1e-5)


def test_a_backbone_of_fewer_ids_is_refused(bert):
    with pytest.raises(ValueError, match=r"`source` has 20 ids, but the backbone knows 9"):
        build_model("hybrid", 20, 7, encoder=bert, decoder="gru")
    with pytest.raises(ValueError, match=r"`decoder` must be one of"):
        build_model("hybrid", 9, 7, encoder="gru", decoder=bert)
