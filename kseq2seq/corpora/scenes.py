"""Scenes of two emoji with a caption that says how one lies to the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from kseq2seq.checks import check_whole, one_of
from kseq2seq.corpora.emoji import Emoji
from kseq2seq.data.pairs import Example
from kseq2seq.scene_captions import RELATIONS, Scene

SIDE = 96  # pixels of a scene


def scenes(
    emoji: Sequence[Emoji],
    language: str = "en",
    count: int = 24_000,
    seed: int = 1,
) -> Iterator[Example]:
    """Draws scenes of two different emoji on white, with captions such as "A left of B".

    Sizes and places vary; of an emoji with skin tones any may be drawn. The key of a scene is its
    pair of emoji in any order: where a split has a pair, no other split has these two together, in
    any relation, though each of them occurs with others.

    Args:
        emoji: at least 2.
        language: "en" or "ko".
        count: how many scenes.
        seed: of all that is drawn.

    Returns:
        A lazy iterator of examples whose sources are uint8 (SIDE, SIDE, 3).

    Raises:
        ValueError: there are fewer than two emoji, or an argument is invalid.

    Example:
        >>> from kseq2seq.corpora.emoji import emoji_sample
        >>> from kseq2seq.corpora.scenes import scenes
        >>> scene = next(scenes(emoji_sample(), "en"))
        >>> scene.source.shape, len(scene.target.split()) > 2
        ((96, 96, 3), True)
    """
    one_of(tuple(RELATIONS), language=language)
    check_whole("count", count)
    if len(emoji) < 2:
        raise ValueError(f"A scene needs two emoji to draw from; got {len(emoji)}.")
    rng = np.random.default_rng(seed)
    order: list[int] = []
    for _ in range(count):
        if not order:  # all emoji come equally often
            order = rng.permutation(len(emoji)).tolist()
        first = order.pop()
        second = int(rng.integers(len(emoji) - 1))
        second += second >= first
        relation = str(rng.choice(list(RELATIONS[language])))
        pair = [emoji[first], emoji[second]]
        one, other = (_one_of(each.pictures, rng) for each in pair)
        picture = draw_scene(one, other, relation, rng)
        names = [each.names[language] for each in pair]
        caption = Scene(names[0], relation, names[1]).caption(language)
        yield Example(picture, caption, " ".join(sorted(each.code for each in pair)))


def _one_of(pictures: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    return pictures[int(rng.integers(len(pictures)))]


def draw_scene(
    first: np.ndarray, second: np.ndarray, relation: str, rng: np.random.Generator
) -> np.ndarray:
    """Returns uint8 (SIDE, SIDE, 3): two pictures with alpha (h, h, 4) in a relation, on white."""
    scene = np.full((SIDE, SIDE, 3), 255, "float32")
    half = SIDE // 2
    if relation == "inside":
        large, small = int(rng.integers(84, SIDE + 1)), int(rng.integers(32, 39))
        _paste(scene, second, large, *(int(x) for x in rng.integers(0, SIDE - large + 1, 2)))
        place = [int(x) for x in rng.integers(-4, 5, 2) + (SIDE - small) // 2]
        _paste(scene, first, small, *place)
        return scene.astype("uint8")
    for picture, from_edge in ((first, 0), (second, half)):
        side = int(rng.integers(38, half + 1))
        along = from_edge + int(rng.integers(half - side + 1))
        across = (SIDE - side) // 2 + int(rng.integers(-12, 13))
        top, left = (across, along) if relation == "left" else (along, across)
        _paste(scene, picture, side, top, left)
    return scene.astype("uint8")


def _paste(scene: np.ndarray, picture: np.ndarray, side: int, top: int, left: int) -> None:
    """Lays a picture with alpha on a scene, `side` pixels high and wide."""
    alpha = picture[..., 3:].astype("float32") / 255
    weighed = np.concatenate([picture[..., :3] * alpha, alpha], axis=2)  # no dark edges
    small = tf.image.resize(weighed, (side, side), "bilinear", antialias=True).numpy()
    part = scene[top : top + side, left : left + side]
    part *= 1 - small[..., 3:]
    part += small[..., :3]
    np.clip(np.rint(part), 0, 255, out=part)
