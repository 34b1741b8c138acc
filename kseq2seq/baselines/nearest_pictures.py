"""The caption of the training picture whose pixels are nearest: a baseline that needs no model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf

_SIDE = 24  # pixels to which pictures are shrunk before they are compared
_TOGETHER = 256


def nearest_pictures(source: Any, train: Iterable[Any], raws: Sequence[Any]) -> list[str]:
    """Returns the target of the training example whose picture is nearest to each picture.

    Pictures are shrunk to 24 by 24 pixels and compared by the sum of squared differences. Of
    equally near examples the first counts.

    Args:
        source: an `ImageSource`, or another whose inputs are one array (height, width, channels).
        train: examples.
        raws: N raw pictures.

    Returns:
        N targets.

    Raises:
        ValueError: there are no examples.

    Example:
        >>> from kseq2seq.data import Example
        >>> from kseq2seq.image import ImageSource
        >>> black, white = (np.full((8, 8, 3), shade, "uint8") for shade in (0, 255))
        >>> source = ImageSource(8)
        >>> train = [Example(black, "night", ""), Example(white, "snow", "")]
        >>> train = [each._replace(source=source.read(each.source)) for each in train]
        >>> nearest_pictures(source, train, [source.read(white // 2), source.read(white)])
        ['night', 'snow']
    """
    small = tf.function(lambda raws: _small(source(raws)["source"]), input_signature=[source.raw])
    wanted = np.concatenate([small(source.batch(part)).numpy() for part in _parts(raws)])
    best = np.full(len(wanted), np.inf)
    targets = [""] * len(wanted)
    for part in _parts(train):
        known = small(source.batch([example.source for example in part])).numpy()
        # |a - b|^2 = |a|^2 - 2 a b + |b|^2, of which the first is the same for all examples
        distances = (known**2).sum(axis=1)[None] - 2 * wanted @ known.T
        nearest = distances.argmin(axis=1)
        for row, index in enumerate(nearest.tolist()):
            if distances[row, index] < best[row]:
                best[row], targets[row] = distances[row, index], part[index].target
    if np.isinf(best).any():
        raise ValueError("`train` must hold at least one example; got none.")
    return targets


def _small(pictures: tf.Tensor) -> tf.Tensor:
    shrunk = tf.image.resize(pictures, (_SIDE, _SIDE), "area")
    return tf.reshape(shrunk, [tf.shape(pictures)[0], -1])


def _parts(items: Iterable[Any]) -> Iterator[list[Any]]:
    waiting = iter(items)
    while part := list(islice(waiting, _TOGETHER)):
        yield part
