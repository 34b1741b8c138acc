"""Encoders of pictures: convolutions whose grid of features becomes a sequence of cells."""

from __future__ import annotations

from typing import Any

import keras

from kseq2seq.encoders.spec import SourceSpec
from kseq2seq.layers import Cells, GridPositions, linear, normalization

LEVELS = (4, 8, 16, 32)  # pixels between the cells of a grid


def image_spec(source: Any, of: str) -> SourceSpec:
    """Returns the spec of a source of pictures of one size.

    Args:
        source: as `SourceSpec.of` takes it.
        of: names the encoder, for the message.

    Raises:
        ValueError: it is another source.
    """
    spec = SourceSpec.of(source)
    shape, dtype = spec.inputs["source"]
    picture = len(shape) == 3 and None not in shape and dtype.startswith("float")
    if not picture or set(spec.inputs) != {"source"}:
        raise ValueError(
            f"The encoder of {of} reads 'source', float (height, width, channels), alone; the "
            f"source has {spec}. Give a source of pictures, for example an ImageSource."
        )
    return spec


def as_cells(grid: Any, hidden_dim: int, dropout: float) -> dict[str, Any]:
    """Returns what decoders attend to: a grid's cells, row by row, that know their places.

    Args:
        grid: symbolic (B, rows, columns, C).
        hidden_dim: D, to which the C features are projected.
        dropout: rate on the result, in [0, 1).

    Returns:
        {"outputs" (B, rows * columns, D), "mask" bool (B, rows * columns), all True}.
    """
    _, rows, columns, width = grid.shape
    x = normalization(width, name="grid_norm")(grid)
    x = linear(width, hidden_dim, name="project")(x)
    x = GridPositions(rows, columns, hidden_dim, name="positions")(x)
    outputs, mask = Cells(name="cells")(x)
    return {"outputs": keras.layers.Dropout(dropout, name="dropout")(outputs), "mask": mask}


def image_encoder(
    source: Any,
    *,
    channels: int,
    hidden_dim: int,
    num_layers: int,
    stride: int,
    dropout: float,
) -> keras.Model:
    """Builds a small residual network of convolutions over a picture.

    Each level halves the picture's sides and doubles the channels, until a cell is `stride` pixels.

    Args:
        source: of pictures of one size.
        channels: of the first level, at half the picture's size.
        hidden_dim: width of the outputs.
        num_layers: residual blocks of two convolutions at the last level; earlier ones have one,
            the first none.
        stride: pixels between the cells of the grid; one of `LEVELS`.
        dropout: rate on the outputs, in [0, 1).

    Returns:
        A functional model {"source" (B, H, W, channels)} -> {"outputs" (B, S, hidden_dim), "mask"
        (B, S)}, for S = ceil(H / stride) * ceil(W / stride) cells, row by row.

    Raises:
        ValueError: the source is no such picture.

    Example:
        >>> from kseq2seq.encoders import image_encoder
        >>> picture = {"source": ((32, 48, 3), "float32")}
        >>> sizes = {"channels": 4, "hidden_dim": 8, "num_layers": 1, "stride": 8, "dropout": 0.0}
        >>> image_encoder(picture, **sizes).output["outputs"].shape
        (None, 24, 8)

    Source:
        He et al. 2016, "Identity Mappings in Deep Residual Networks", figure 1b: blocks that
        normalize first. Normalization is by layer (Ba et al. 2016), over the channels of each cell,
        so that a picture's features do not depend on the rest of its batch.
    """
    spec = image_spec(source, "an image model")
    inputs = spec.symbolic()
    with keras.name_scope("encoder"):
        x = _convolution(channels, 2, "halve_block_0")(inputs["source"])
        step, width, number = 2, channels, 1  # names end in the number of their block
        while step < stride:
            step, width = 2 * step, 2 * width
            x = keras.layers.ReLU(name=f"relu_block_{number}")(x)
            x = _convolution(width, 2, f"halve_block_{number}")(x)
            number += 1
            for _ in range(num_layers if step == stride else 1):
                x = _block(x, width, f"block_{number}")
                number += 1
        encoded = as_cells(x, hidden_dim, dropout)
    return keras.Model(inputs, encoded, name="encoder")


def _convolution(width: int, stride: int, name: str) -> keras.layers.Layer:
    return keras.layers.Conv2D(width, 3, stride, "same", kernel_initializer="he_normal", name=name)


def _block(x: Any, width: int, name: str) -> Any:
    below = keras.layers.ReLU(name=f"relu_{name}")(normalization(width, name=f"norm_{name}")(x))
    below = _convolution(width, 1, f"first_{name}")(below)
    below = keras.layers.ReLU(name=f"again_{name}")(below)
    # The last convolution starts from zero, so that a block begins as the identity.
    last = keras.layers.Conv2D(
        width, 3, padding="same", kernel_initializer="zeros", name=f"second_{name}"
    )
    return keras.layers.Add(name=f"sum_{name}")([x, last(below)])
