"""Arrays of numbers as a model takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from kseq2seq_runtime.texts import shown


class ArraySource:
    """Arrays of numbers, (length, ...), from which the model computes its features."""

    def __init__(self, shape: tuple[int, ...], dtype: str, cut: bool):
        self.longest, self.shape = shape[0], shape[1:]
        self.dtype = np.dtype(dtype)
        self.cut = cut

    def several(self, raws: Any) -> list[np.ndarray]:
        """See `Source`; a list or tuple is several, anything else one."""
        arrays = raws if isinstance(raws, list | tuple) else [raws]
        return [self._checked(array, index) for index, array in enumerate(arrays)]

    def fill(self, text: str, raw: Any) -> str:
        """See `Source`; an array keeps nothing back."""
        return text

    def __call__(self, raw: np.ndarray, which: str) -> np.ndarray | None:
        """See `Source`."""
        if len(raw) > self.longest:
            if not self.cut:
                raise ValueError(
                    f"Source {which} has a length of {len(raw)}, and the limit is {self.longest}; "
                    "shorten it."
                )
            raw = raw[: self.longest]
        return raw if len(raw) else None

    def _checked(self, raw: Any, index: int) -> np.ndarray:
        values = np.asarray(raw)
        if values.dtype.kind not in "iufb":
            raise TypeError(f"Source {index} must be an array of numbers; got {shown(raw)}.")
        if values.ndim != 1 + len(self.shape) or values.shape[1:] != self.shape:
            wanted = ", ".join(["length", *map(str, self.shape)])
            raise ValueError(f"Source {index} must have the shape ({wanted}); got {values.shape}.")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"Source {index} holds NaN or infinities. Replace or leave them out.")
        with np.errstate(all="ignore"):  # numbers that do not fit are found below
            cast = values.astype(self.dtype)
        whole = self.dtype.kind != "f"
        if not (np.array_equal(cast, values) if whole else np.isfinite(cast).all()):
            raise ValueError(
                f"Source {index} holds numbers that {self.dtype} does not; got {values.dtype} from "
                f"{values.min()} to {values.max()}. Scale or round them."
            )
        return cast
