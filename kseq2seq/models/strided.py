"""A size that shortens long sources of features before an encoder reads them."""

from __future__ import annotations

from dataclasses import dataclass

from kseq2seq import checks
from kseq2seq.encoders import SourceSpec, subsampled_spec
from kseq2seq.layers import STRIDES


@dataclass(frozen=True, kw_only=True)
class Strided:
    """Mixed into architectures whose encoder can begin with `kseq2seq.layers.Subsampling`.

    Args:
        stride: units of the source for each position of the encoder: 1, 2, 4 or 8. Sources of
            ids have 1.

    Example:
        >>> from kseq2seq import build_model
        >>> frames = {"source": ((None, 40), "float32"), "source_mask": ((None,), "int32")}
        >>> build_model("bahdanau", frames, 30, stride=4, hidden_dim=8).facts.stride
        4
    """

    stride: int = 1

    def __post_init__(self):
        checks.one_of(STRIDES, stride=self.stride)
        scheme = getattr(self, "position_scheme", None)
        if self.stride > 1 and scheme == "learned":
            raise ValueError(
                "Learned positions have a limit in units of the source, so they do not go with "
                f"`stride`={self.stride}. Pass position_scheme='sinusoidal' or 'rotary'."
            )

    def shortened(self, source: SourceSpec) -> SourceSpec:
        """Returns the spec of what `stride` leaves of a source."""
        return subsampled_spec(source, self.stride)
