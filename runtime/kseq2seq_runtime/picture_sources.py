"""Raw pictures as a model takes them: of one size, or as lines of one height."""

from __future__ import annotations

from typing import Any

import numpy as np

from kseq2seq_runtime.pictures import WHITE, decoded, fitted, of_height, width_at

MOST_COLUMNS = 2**17  # of a line that is cut
Shape = tuple[int, ...]


class ImageSource:
    """Pictures, each resized as a whole to one size, with white at its sides.

    Args:
        shape: (1, height, width, channels) of what the model takes.
        length: what it takes as "source_length".
    """

    def __init__(self, shape: Shape, length: int):
        _, self.height, self.width, self.channels = shape
        self.length = length

    def several(self, raws: Any) -> list[Any]:
        """See `Source`; paths, bytes or arrays, of which a list or tuple is several."""
        return list(raws) if isinstance(raws, list | tuple) else [raws]

    def fill(self, text: str, raw: Any) -> str:
        """See `Source`; a picture keeps nothing back."""
        return text

    def __call__(self, raw: Any, which: str) -> dict[str, np.ndarray] | None:
        """See `Source`."""
        pixels = decoded(raw, self.channels, f"Picture {which}")
        if pixels is None:
            return None
        frame = fitted(pixels, self.height, self.width).astype("float32")
        return {"pixels": frame[None], "source_length": np.array([self.length], "int32")}


class LineSource(ImageSource):
    """Lines of text, each resized to one height.

    Args:
        shape: (1, height, the most columns, channels) of what the model takes.
        cut: whether a longer line is cut; else it is refused.
    """

    def __init__(self, shape: Shape, cut: bool):
        super().__init__(shape, shape[2])
        self.cut = cut

    def __call__(self, raw: Any, which: str) -> dict[str, np.ndarray] | None:
        """See `Source`."""
        pixels = decoded(raw, self.channels, f"Line {which}")
        if pixels is None:
            return None
        columns = width_at(pixels, self.height)
        most = MOST_COLUMNS if self.cut else self.width
        if columns > most:
            raise ValueError(
                f"Line {which} has {columns:,} columns at a height of {self.height}, and the limit "
                f"is {most:,}; cut it into shorter lines."
            )
        line = of_height(pixels, self.height)[:, : self.width]
        frame = np.full((1, self.height, self.width, self.channels), WHITE, "float32")
        frame[0, :, : line.shape[1]] = line
        return {"pixels": frame, "source_length": np.array([line.shape[1]], "int32")}
