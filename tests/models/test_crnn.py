"""The encoder of pictures of text lines, with CTC and with attentive decoders."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import kseq2seq as ks
from kseq2seq.models import Crnn, Luong

HEIGHT = 16
LINE = {"source": ((None, HEIGHT), "float32"), "source_mask": ((None,), "int32")}
SIZES = {"hidden_dim": 6, "channels": 4, "num_layers": 1}
WIDTHS = (22, 9, 1)


def pictures(width=24, rows=(0, 1, 2), beyond=0.0):
    rng = np.random.default_rng(0)
    pixels = rng.normal(size=(len(WIDTHS), 24, HEIGHT)).astype("float32")
    mask = np.arange(width) < np.array(WIDTHS)[:, None]
    pixels = np.pad(pixels, [(0, 0), (0, width - 24), (0, 0)])
    pixels = np.where(mask[..., None], pixels, beyond).astype("float32")
    rows = list(rows)
    return {"source": pixels[rows], "source_mask": mask[rows]}


@pytest.fixture(scope="module")
def reader():
    return ks.build_model("crnn", LINE, 9, head="ctc", **SIZES)


@pytest.fixture(scope="module")
def writer():
    halves = {"encoder": Crnn(**SIZES), "decoder": Luong(hidden_dim=6, cell="lstm")}
    return ks.build_model("hybrid", LINE, 9, **halves)


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_each_position_is_made_of_as_many_columns_as_its_stride(stride):
    encoder = ks.build_model("crnn", LINE, 9, head="ctc", stride=stride, **SIZES).encoder
    encoded = encoder(pictures())
    assert encoded["outputs"].shape == (3, 24 // stride, 12)
    counts = np.array(encoded["mask"]).sum(axis=1).tolist()
    assert counts == [-(-width // stride) for width in WIDTHS]


@pytest.mark.parametrize("head", ["reader", "writer"])
def test_no_line_depends_on_its_padding_or_its_company(head, request):
    model = request.getfixturevalue(head)
    whole = model.encoder(pictures())
    for other, rows in (
        (pictures(width=41, beyond=7.0), (0, 1, 2)),
        (pictures(rows=(2, 0)), (2, 0)),
        (pictures(rows=(1,)), (1,)),
    ):
        alone = model.encoder(other)
        for place, row in enumerate(rows):
            real = -(-WIDTHS[row] // 4)
            np.testing.assert_allclose(
                alone["outputs"][place, :real], whole["outputs"][row, :real], atol=1e-5
            )
            np.testing.assert_allclose(alone["start"][place], whole["start"][row], atol=1e-5)
    exact = {name: value[1:2, :9] for name, value in pictures().items()}  # no padding at all
    np.testing.assert_allclose(
        model.encoder(exact)["outputs"], whole["outputs"][1:2, :3], atol=1e-5
    )


def test_pixels_of_several_numbers_are_read():
    spec = {**LINE, "source": ((None, HEIGHT, 3), "float32")}
    encoder = ks.build_model("crnn", spec, 9, head="ctc", **SIZES).encoder
    gray = pictures()
    color = {**gray, "source": np.repeat(gray["source"][..., None], 3, axis=-1)}
    assert encoder(color)["outputs"].shape == (3, 6, 12)


@pytest.mark.parametrize("head", ["reader", "writer"])
def test_it_is_saved_and_cloned_and_decodes_the_same(head, request, lab, tmp_path):
    model = request.getfixturevalue(head)
    assert model.facts.stride == 4 and model.facts.crops and model.facts.padding_free
    found = lab.searched(model, pictures(), ks.Greedy(), 4)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.facts == model.facts
    for width in (24, 37):
        ids = lab.searched(again, pictures(width=width), ks.Greedy(), 4)
        np.testing.assert_array_equal(ids.ids, found.ids)
        np.testing.assert_allclose(ids.scores, found.scores, atol=1e-4)


def test_a_decoder_starts_from_the_states_of_the_recurrent_layers(writer):
    inputs = pictures()
    target = np.ones((3, 2), "int32")
    before = np.array(writer({**inputs, "target": target}))
    flipped = {**inputs, "source": inputs["source"][:, :, ::-1].copy()}
    assert np.abs(np.array(writer({**flipped, "target": target})) - before).max() > 1e-4


@pytest.mark.parametrize(
    ("source", "sizes", "message"),
    [
        (50, {}, r"encoder of columns reads 'source', float"),
        ({**LINE, "source": ((None, 4), "float32")}, {}, "height of at least 8; got 4"),
        ({"source": ((32, 32, 3), "float32")}, {}, "encoder of columns reads"),
        (LINE, {"stride": 3}, "`stride` must be one of 1, 2, 4, 8; got 3"),
    ],
)
def test_another_source_is_refused(source, sizes, message):
    with pytest.raises(ValueError, match=message):
        ks.build_model("crnn", source, 9, head="ctc", **sizes)


def test_an_encoder_alone_says_what_it_can_be_built_with():
    with pytest.raises(ValueError, match=r"'crnn' is an encoder alone.*'ctc'.*'hybrid'"):
        ks.build_model("crnn", LINE, 9)
