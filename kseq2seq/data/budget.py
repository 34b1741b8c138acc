"""How many rows a batch has."""

from __future__ import annotations

from collections.abc import Sequence

from kseq2seq.checks import check_whole

TOKENS = 3072


class Budget:
    """A number of units for a batch, padding included, or a number of examples.

    Args:
        tokens_per_batch: units of the longer side of a batch; 3,072 if neither is given.
        batch_size: examples of a batch, whatever their lengths.

    Raises:
        ValueError: both are given, or one is no whole number of at least 1.

    Example:
        >>> Budget(tokens_per_batch=8).rows((3, 4)), Budget(batch_size=5).rows((3, 4))
        (2, 5)
    """

    def __init__(self, tokens_per_batch: int | None = None, batch_size: int | None = None):
        if tokens_per_batch is not None and batch_size is not None:
            raise ValueError(
                f"Give `tokens_per_batch` or `batch_size`, not both; got {tokens_per_batch!r} and "
                f"{batch_size!r}."
            )
        if tokens_per_batch is None and batch_size is None:
            tokens_per_batch = TOKENS
        for name, value in (("tokens_per_batch", tokens_per_batch), ("batch_size", batch_size)):
            if isinstance(value, int) and value < 1:
                raise ValueError(f"`{name}` must be at least 1; got {value}.")
            if value is not None:
                check_whole(name, value)
        self.tokens_per_batch = tokens_per_batch
        self.batch_size = batch_size

    def rows(self, lengths: Sequence[int]) -> int:
        """Returns the rows of a batch whose sides have these lengths, at least one."""
        if self.batch_size is not None:
            return self.batch_size
        assert self.tokens_per_batch is not None
        return max(1, self.tokens_per_batch // max(lengths))

    def __repr__(self) -> str:
        return f"{self.tokens_per_batch} {self.batch_size}"
