"""What a corpus holds, counted in the tokens a model will see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from kseq2seq.data.records import Corpus, parse_pairs

_TOGETHER = 1024


class Tokens(Protocol):
    """Whatever turns a batch of raw examples into rows of token ids, such as a `TextSource`.

    Attributes:
        max_length: the longest row a model takes, in tokens, `end` included.
        tokenizer: what made the ids; `tokenizer.special` is its `SpecialTokens`.
    """

    max_length: int
    tokenizer: Any

    def tokens(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """Return int32 ids (N, None), each row closed by `end`, for N strings."""


@dataclass(frozen=True)
class Survey:
    """The lengths of a corpus, and how much of it training will not see.

    Args:
        lengths: how many kept pairs have s source tokens and t target tokens, `end` included;
            shape (longest source allowed + 1, longest target allowed + 1).
        empty: pairs left out because a side has no token.
        too_long: pairs left out because a side has more tokens than its model takes.

    Example:
        >>> lengths = np.zeros((9, 9), int)
        >>> lengths[4, 6] = 10
        >>> found = Survey(lengths, too_long=2)
        >>> found.kept, found.source_tokens, found.target_tokens
        (10, 40, 60)
    """

    lengths: np.ndarray
    empty: int = 0
    too_long: int = 0

    @property
    def kept(self) -> int:
        """Pairs that batches will hold."""
        return int(self.lengths.sum())

    @property
    def source_tokens(self) -> int:
        """Source tokens of the kept pairs."""
        return int(self.lengths.sum(axis=1) @ np.arange(self.lengths.shape[0]))

    @property
    def target_tokens(self) -> int:
        """Target tokens of the kept pairs."""
        return int(self.lengths.sum(axis=0) @ np.arange(self.lengths.shape[1]))

    def longest(self) -> tuple[int, int]:
        """The most tokens of a kept source, and of a kept target.

        Raises:
            ValueError: if the survey kept no pair.
        """
        if not self.kept:
            raise ValueError(
                f"the survey kept no pair ({self.too_long} too long, {self.empty} empty); "
                "raise max_length, split long text at sentence ends, or look at the columns read"
            )
        sources, targets = self.lengths.nonzero()
        return int(sources.max()), int(targets.max())

    def __str__(self) -> str:
        total = self.kept + self.empty + self.too_long
        longest = " x ".join(str(size - 1) for size in self.lengths.shape)
        rows = [
            ("pairs", total, ""),
            (
                "kept",
                self.kept,
                f"{self.source_tokens:,} source, {self.target_tokens:,} target tokens",
            ),
            ("too long", self.too_long, f"more than {longest} tokens"),
            ("empty", self.empty, "a side without a token"),
        ]
        return "\n".join(
            f"{name:<9}{count:>12,}{count / max(total, 1):>8.1%}  {note}".rstrip()
            for name, count, note in rows
        )


def fates(
    source_lengths: tf.Tensor, target_lengths: tf.Tensor, source: Tokens, target: Tokens
) -> tuple[tf.Tensor, tf.Tensor]:
    """Say which pairs are left out, and why.

    Args:
        source_lengths: tokens of each source, `end` included, shape (N,).
        target_lengths: the same of each target.
        source: gives the longest source allowed.
        target: gives the longest target allowed.

    Returns:
        Two boolean tensors (N,): empty, and too long (but not empty).

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> empty, too_long = fates(tf.constant([1, 8, 9]), tf.constant([9, 8, 8]), source, target)
        >>> empty.numpy().tolist(), too_long.numpy().tolist()
        ([True, False, False], [False, False, True])
    """
    empty = (source_lengths <= 1) | (target_lengths <= 1)
    too_long = (source_lengths > source.max_length) | (target_lengths > target.max_length)
    return empty, too_long & ~empty


def survey(corpus: Corpus, source: Tokens, target: Tokens) -> Survey:
    """Tokenise a corpus once and count it, in one streamed pass and bounded memory.

    Args:
        corpus: the pairs.
        source: turns source text into tokens.
        target: turns target text into tokens.

    Returns:
        The survey; print it for a table.

    Example:
        >>> from kseq2seq.data import pairs_from
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> corpus = Corpus.write(pairs_from([("ab", "A"), ("much too long", "B"), ("c", "")]))
        >>> print(survey(corpus, source, target))
        pairs               3  100.0%
        kept                1   33.3%  3 source, 2 target tokens
        too long            1   33.3%  more than 8 x 8 tokens
        empty               1   33.3%  a side without a token
    """

    def measure(records):
        sources, targets = parse_pairs(records)
        source_lengths = source.tokens(sources).row_lengths()
        target_lengths = target.tokens(targets).row_lengths()
        return (
            source_lengths,
            target_lengths,
            *fates(source_lengths, target_lengths, source, target),
        )

    lengths = np.zeros((source.max_length + 1, target.max_length + 1), np.int64)
    empty = too_long = 0
    batches = corpus.records().batch(_TOGETHER).map(measure, tf.data.AUTOTUNE).prefetch(2)
    for source_lengths, target_lengths, is_empty, is_long in batches.as_numpy_iterator():
        kept = ~(is_empty | is_long)
        np.add.at(lengths, (source_lengths[kept], target_lengths[kept]), 1)
        empty += int(is_empty.sum())
        too_long += int(is_long.sum())
    return Survey(lengths, empty, too_long)
