import numpy as np
import pytest

from kseq2seq import plot

PICTURE = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype("uint8")
WEIGHTS = np.eye(3, 24) + 1e-3


def test_each_word_has_a_panel(tmp_path):
    figure = plot.attention(PICTURE, ["a", "red", "cat"], WEIGHTS, tmp_path / "a.png")
    assert [axes.get_title() for axes in figure.axes] == ["", "a", "red", "cat"]
    assert (tmp_path / "a.png").stat().st_size > 1000
    veil = figure.axes[2].images[1].get_array()
    assert veil.shape == (4, 6, 4)  # 24 cells in the proportions of the picture
    assert veil[0, 1, 3] == 0 and veil[3, 5, 3] > 0.8


def test_tokens_of_a_word_are_averaged_and_gray_pictures_drawn():
    figure = plot.attention(PICTURE[..., :1], ["▁c", "at", "▁up"], WEIGHTS, grid=(3, 8))
    assert [axes.get_title() for axes in figure.axes][1:] == ["cat", "up"]
    assert figure.axes[1].images[1].get_array().shape == (3, 8, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((PICTURE.astype(float), ["a"], WEIGHTS[:1]), "`picture` must be uint8"),
        ((PICTURE, ["a"], None), "alignments=True"),
        ((PICTURE, ["a"], WEIGHTS), "here 1 tokens"),
        ((PICTURE, ["a"], -WEIGHTS[:1]), "negative"),
        ((PICTURE, ["a"], WEIGHTS[:1], "a.gif"), "`path`"),
    ],
)
def test_what_does_not_agree_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot.attention(*arguments)
    with pytest.raises(ValueError, match="24 cells"):
        plot.attention(PICTURE, ["a", "b", "c"], WEIGHTS, grid=(5, 5))
