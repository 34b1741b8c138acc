import numpy as np
import pytest

from kseq2seq.corpora import emoji_sample, scenes
from kseq2seq.corpora.emoji import Emoji
from kseq2seq.corpora.scenes import SIDE, draw_scene
from kseq2seq.data import split_of
from kseq2seq.scene_captions import RELATIONS, Scene, read_caption

RED, BLUE = (np.full((8, 8, 4), (*color, 255), "uint8") for color in ((255, 0, 0), (0, 0, 255)))


def places(scene):
    """The middles (y, x) of what is red and of what is blue, and how much there is of each."""
    red = (scene[..., 0] > 200) & (scene[..., 2] < 50)
    blue = (scene[..., 2] > 200) & (scene[..., 0] < 50)
    return [np.argwhere(color).mean(axis=0) for color in (red, blue)], [red.sum(), blue.sum()]


@pytest.mark.parametrize("seed", range(5))
def test_pictures_are_what_captions_say(seed):
    rng = np.random.default_rng(seed)
    (red, blue), sizes = places(draw_scene(RED, BLUE, "left", rng))
    assert red[1] < SIDE / 2 < blue[1] and abs(red[0] - blue[0]) < SIDE / 3
    assert min(sizes) >= 38 * 38
    (red, blue), _ = places(draw_scene(RED, BLUE, "above", rng))
    assert red[0] < SIDE / 2 < blue[0]
    (red, blue), sizes = places(draw_scene(RED, BLUE, "inside", rng))
    assert abs(red - SIDE / 2).max() < 8 and sizes[1] > 4 * sizes[0] >= 4 * 32 * 32


def test_what_is_transparent_shows_what_lies_below():
    clear = np.zeros((8, 8, 4), "uint8")
    scene = draw_scene(clear, BLUE, "inside", np.random.default_rng(0))
    assert set(map(tuple, scene.reshape(-1, 3).tolist())) == {(255, 255, 255), (0, 0, 255)}


@pytest.mark.parametrize("language", RELATIONS)
def test_captions_can_be_read_again(language):
    for relation in RELATIONS[language]:
        scene = Scene("one thing", relation, "두 것")
        assert read_caption(scene.caption(language)) == scene
    assert read_caption("one thing") == Scene("one thing", None, "")
    assert Scene("개", "inside", "집").caption("ko") == "집 안에 개"
    assert Scene("dog", "inside", "house").caption("en") == "dog inside house"


def test_names_of_the_sample_hold_no_relation():
    for each in emoji_sample():
        assert all(read_caption(name).relation is None for name in each.names.values())


def test_combinations_are_held_out_and_their_parts_are_not():
    drawn = list(scenes(emoji_sample(), "en", 1500))
    assert len({each.key for each in drawn}) > 1400
    splits = {"train": set(), "validation": set(), "test": set()}
    parts = {"train": set(), "validation": set(), "test": set()}
    for each in drawn:
        split = split_of(each.key)
        splits[split].add(each.key)
        parts[split] |= set(read_caption(each.target)[::2])
    assert not splits["train"] & (splits["test"] | splits["validation"])
    assert parts["test"] <= parts["train"]


def test_the_same_seed_draws_the_same_scenes_in_both_languages():
    english, korean, others = (
        [(each.source.tobytes(), each.key) for each in scenes(emoji_sample(), language, 4, seed)]
        for language, seed in (("en", 1), ("ko", 1), ("en", 2))
    )
    assert english == korean != others


def test_skin_tones_vary():
    tones = [np.full((8, 8, 4), (0, tone, 0, 255), "uint8") for tone in (50, 100, 150)]
    several = [Emoji(code, {"en": code}, tuple(tones)) for code in ("A", "B")]
    shades = {
        int(shade)
        for each in scenes(several, "en", 12)
        for shade in np.unique(each.source[..., 1])
        if shade in (50, 100, 150)
    }
    assert shades == {50, 100, 150}


def test_one_emoji_makes_no_scene():
    with pytest.raises(ValueError, match="two emoji"):
        next(scenes(emoji_sample()[:1]))
