"""What an encoder reads of a source that is shortened first."""

from __future__ import annotations

from typing import Any

from kseq2seq.encoders.spec import SourceSpec, real_positions
from kseq2seq.layers import Subsampling


def subsampled_spec(spec: SourceSpec, stride: int) -> SourceSpec:
    """Returns the spec of what is left of a source; itself if the stride is 1.

    Args:
        spec: of a sequence.
        stride: units for each position; one of `kseq2seq.layers.STRIDES`.

    Raises:
        ValueError: the source is ids, of which convolutions make no sense.

    Example:
        >>> from kseq2seq.encoders import SourceSpec, subsampled_spec
        >>> frames = {"source": ((None, 40), "float32"), "source_mask": ((None,), "int32")}
        >>> subsampled_spec(SourceSpec.of(frames), 4).size
        320
    """
    if stride == 1:
        return spec
    if spec.vocabulary_size is not None or spec.spelling is not None:
        raise ValueError(
            f"`stride`={stride} shortens sources of features; the source has {spec}. Pass stride=1."
        )
    size = Subsampling(spec.size, stride).output_features
    return SourceSpec({**spec.inputs, "source": ((None, size), "float32")})


def read_subsampled(
    inputs: dict[str, Any], spec: SourceSpec, stride: int
) -> tuple[dict[str, Any], SourceSpec]:
    """Returns symbolic {"source", "source_mask"} and their spec, after subsampling.

    Args:
        inputs: symbolic, of the encoder.
        spec: of a sequence.
        stride: as for `subsampled_spec`.
    """
    if stride == 1:
        return inputs, spec
    left = subsampled_spec(spec, stride)
    shorten = Subsampling(spec.size, stride, name="subsampling")
    units = shorten(inputs["source"], real_positions(inputs))
    return {"source": units, "source_mask": inputs["source_mask"][:, ::stride]}, left
