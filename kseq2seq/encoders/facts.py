"""What an encoder does to the length of its source, as its architecture declares it."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from numbers import Integral
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What those who cut, pad and batch sources need to know of an encoder.

    They can't be read off a graph of layers, so an architecture declares them, and a model has them
    as `model.facts`.

    Args:
        stride: units of the source for each position of the encoder's outputs and mask: S units
            become `ceil(S / stride)` positions. The sources that the encoder of a model is given
            are filled up to a multiple of it, so that a strided convolution with padding "same"
            begins at the same unit whatever a source is padded to.
        crops: whether units beyond the end of a source may be left out; not so for an image.
        padding_free: whether the outputs at the positions of a source are the same however much
            padding follows it.
        lookahead: how many units after its own an output depends on; None if on all.

    Raises:
        ValueError: `stride` or `lookahead` is no such number.

    Example:
        >>> from kseq2seq.encoders import Facts
        >>> facts = Facts(stride=4)
        >>> facts.positions(79), facts.filled(79)
        (20, 80)
    """

    stride: int = 1
    crops: bool = True
    padding_free: bool = True
    lookahead: int | None = None

    def __post_init__(self):
        _check("stride", self.stride, 1)
        if self.lookahead is not None:
            _check("lookahead", self.lookahead, 0)

    def positions(self, units: Any) -> Any:
        """Returns how many positions so many units become: of an int, an array or a tensor."""
        return -(-units // self.stride)

    def filled(self, units: Any) -> Any:
        """Returns the least multiple of the stride that holds so many units."""
        return self.positions(units) * self.stride

    def beside(self, other: Facts) -> Facts:
        """Returns what is true of both, for encoders that read one source together."""
        ahead = (self.lookahead, other.lookahead)
        return Facts(
            stride=lcm(self.stride, other.stride),
            crops=self.crops and other.crops,
            padding_free=self.padding_free and other.padding_free,
            lookahead=None if None in ahead else max(ahead),  # type: ignore[type-var]
        )


def _check(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise ValueError(f"`{name}` must be a whole number of at least {least}; got {value!r}.")


UNKNOWN = Facts(crops=False, padding_free=False)
