"""Grids of vectors that know where in a picture they lie."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kseq2seq.layers.prebuilt import Prebuilt


@keras.saving.register_keras_serializable(package="kseq2seq")
class GridPositions(Prebuilt):
    """Adds to each cell of a grid a learned vector of its row and one of its column.

    Args:
        rows: of the grid.
        columns: of the grid.
        dim: width of the vectors.

    Example:
        >>> import numpy as np
        >>> from kseq2seq.layers import GridPositions
        >>> tuple(GridPositions(2, 3, 4)(np.zeros((1, 2, 3, 4))).shape)
        (1, 2, 3, 4)

    Source:
        Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", appendix D.4: learned positions.
        Here a cell's is the sum of its row's and its column's, so that what is learned of one cell
        helps its whole row and column.
    """

    def __init__(self, rows: int, columns: int, dim: int, **kwargs: Any):
        super().__init__(**kwargs)
        small = keras.initializers.RandomNormal(stddev=0.1)
        with self.parts():
            self.rows = self.add_weight(shape=(rows, 1, dim), initializer=small, name="rows")
            self.columns = self.add_weight(shape=(columns, dim), initializer=small, name="columns")

    def call(self, x):
        """Maps (B, rows, columns, dim) to the same."""
        return x + ops.cast(self.rows + self.columns, x.dtype)


@keras.saving.register_keras_serializable(package="kseq2seq")
class Cells(keras.layers.Layer):
    """Lays the cells of a grid in a row, row by row, and makes their mask: all are real."""

    def call(self, x):
        """Maps (B, rows, columns, D) to ((B, rows * columns, D), bool (B, rows * columns))."""
        _, rows, columns, dim = x.shape
        cells = ops.reshape(x, (-1, rows * columns, dim))
        return cells, ops.ones_like(cells[..., 0], dtype="bool")

    def compute_output_spec(self, x):
        """See `keras.layers.Layer`."""
        batch, rows, columns, dim = x.shape
        cells = keras.KerasTensor((batch, rows * columns, dim), x.dtype)
        return cells, keras.KerasTensor((batch, rows * columns), "bool")
