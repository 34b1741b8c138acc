"""Rotary position embedding."""

from __future__ import annotations

from keras import ops


def rotate(x, positions, base: float = 10_000.0):
    r"""Turns each pair of features by an angle proportional to its position.

    Features `i` and `i + D/2` form a pair, turned by :math:`p\,\mathrm{base}^{-2i/D}`; so a dot
    product of two turned vectors depends on their distance only. Angles are computed in float32.

    Args:
        x: (B, H, T, D), D even.
        positions: int (T,), or (B, T) where rows stand at different places.
        base: wavelengths run from 2 pi to 2 pi * base.

    Returns:
        (B, H, T, D) in the dtype of `x`.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import rotate
        >>> x = np.random.default_rng(0).normal(size=(1, 1, 2, 4)).astype("float32")
        >>> near, far = np.array(rotate(x, np.arange(2))), np.array(rotate(x, np.arange(2) + 90))
        >>> bool(np.isclose(near[0, 0, 0] @ near[0, 0, 1], far[0, 0, 0] @ far[0, 0, 1], atol=1e-4))
        True

    Source:
        Su et al. 2021, "RoFormer", equation 34; pairs are halves apart, not neighbours.
    """
    half = x.shape[-1] // 2
    inverse = base ** (-ops.arange(half, dtype="float32") / half)
    angles = ops.cast(positions, "float32")[..., None] * inverse
    angles = angles if len(angles.shape) == 2 else angles[:, None]  # one for all heads
    cosine, sine = ops.cos(angles), ops.sin(angles)
    first, second = x[..., :half], x[..., half:]
    cosine, sine = ops.cast(cosine, x.dtype), ops.cast(sine, x.dtype)
    return ops.concatenate([first * cosine - second * sine, second * cosine + first * sine], -1)
