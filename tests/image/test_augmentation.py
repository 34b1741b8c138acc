import numpy as np
import pytest
import tensorflow as tf

from kseq2seq.image import Augmentation

SEED = tf.constant([1, 2])
NOTHING = {"shift": 0.0, "zoom": 0.0, "color": 0.0}


@pytest.fixture
def pictures():
    white = np.full((40, 12, 16, 3), 255, "float32")
    white[:, 4:8, 6:10] = [200, 100, 0]
    return tf.constant(white)


def test_nothing_changes_nothing(pictures):
    assert (Augmentation(**NOTHING)(pictures, SEED) == pictures).numpy().all()


def test_the_same_seed_draws_the_same(pictures):
    ours, again = (Augmentation()(pictures, SEED).numpy() for _ in range(2))
    assert (ours == again).all()
    assert not (ours == Augmentation()(pictures, SEED + 1).numpy()).all()


def test_pictures_move_by_at_most_their_share(pictures):
    moved = Augmentation(**{**NOTHING, "shift": 0.25})(pictures, SEED).numpy()
    dark = 255 - moved[..., 2]  # of white, 0
    assert dark.sum(axis=(1, 2)) == pytest.approx(16 * 255, rel=1e-3)  # all of it is there
    rows, columns = (
        (dark.sum(axis=axis) * np.arange(size)).sum(axis=1) / (16 * 255)
        for axis, size in ((2, 12), (1, 16))
    )
    for places, middle, most in ((rows, 5.5, 3), (columns, 7.5, 4)):
        offsets = places - middle
        assert abs(offsets).max() <= most + 1e-3 and offsets.min() < -1 and offsets.max() > 1


def test_zoom_keeps_the_middle(pictures):
    zoomed = Augmentation(**{**NOTHING, "zoom": 0.5})(pictures, SEED).numpy()
    areas = (255 - zoomed[..., 2]).sum(axis=(1, 2)) / 255
    assert areas.min() < 12 and areas.max() > 24
    assert (zoomed[:, 5:7, 7:9] == [200, 100, 0]).mean() > 0.95


def test_colors_stay_within_bounds_and_shades_of_gray_stay_gray(pictures):
    colored = Augmentation(**{**NOTHING, "color": 0.5})(pictures, SEED).numpy()
    assert colored.min() >= 0 and colored.max() <= 255
    assert np.ptp(colored[:, 5, 7, 0]) > 20  # each picture has its own
    assert np.ptp(colored[:, 0, 0], axis=1).max() < 1e-3
    gray = Augmentation(**{**NOTHING, "color": 0.5})(pictures[..., :1], SEED).numpy()
    assert gray.shape == (40, 12, 16, 1)


def test_half_of_the_pictures_are_mirrored(pictures):
    uneven = pictures.numpy()
    uneven[:, :, 0] = 0
    flipped = Augmentation(**NOTHING, flip=True)(tf.constant(uneven), SEED).numpy()
    left, right = (flipped[:, 0, 0, 0] == 0), (flipped[:, 0, -1, 0] == 0)
    assert (left != right).all() and 5 < left.sum() < 35


@pytest.mark.parametrize("settings", [{"shift": 1.0}, {"zoom": -0.1}, {"flip": 1}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Augmentation(**settings)
