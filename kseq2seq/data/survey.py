"""What a corpus holds, counted in the tokens a model will see."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import tensorflow as tf

from kseq2seq.data.records import Corpus, parse_pairs

_TOGETHER = 1024
_MUCH_UNKNOWN = 0.01  # share of a side's tokens
_SHOWN = 60


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


class Unknown(NamedTuple):
    """What the vocabulary of a side lacks, in the kept pairs.

    Attributes:
        tokens: how many tokens are unknown.
        texts: how many texts have no token but unknown ones (and spaces).
        example: the first such text, or else the first with an unknown token.
    """

    tokens: int = 0
    texts: int = 0
    example: str = ""


_NOTHING = Unknown()


@dataclass(frozen=True)
class Survey:
    """The lengths of a corpus, and how much of it training will not see.

    Args:
        lengths: how many kept pairs have s source tokens and t target tokens, `end` included;
            shape (longest source allowed + 1, longest target allowed + 1).
        empty: pairs left out because a side has no token.
        too_long: pairs left out because a side has more tokens than its model takes.
        source_unknown: what the vocabulary of the sources lacks.
        target_unknown: what that of the targets lacks.

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
    source_unknown: Unknown = _NOTHING
    target_unknown: Unknown = _NOTHING

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
        lines = [
            f"{name:<9}{count:>12,}{count / max(total, 1):>8.1%}  {note}".rstrip()
            for name, count, note in rows
        ]
        for side, unknown, share in self._unknown():
            if unknown.tokens:
                only = f", all there is of {unknown.texts:,}" if unknown.texts else ""
                shown = f" {side} tokens{only}, for example of {_shown(unknown.example)}"
                lines.append(f"unknown  {unknown.tokens:>12,}{share:>8.1%} {shown}")
        return "\n".join(lines)

    def _unknown(self) -> list[tuple[str, Unknown, float]]:
        """What each side lacks, and its share of that side's tokens but `end`."""
        return [
            (side, unknown, unknown.tokens / max(tokens - self.kept, 1))
            for side, unknown, tokens in (
                ("source", self.source_unknown, self.source_tokens),
                ("target", self.target_unknown, self.target_tokens),
            )
        ]


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
        The survey; print it for a table. A warning tells of texts that the vocabulary lacks as a
        whole, and of a side of which it lacks more than 1 % of the tokens.

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
    counters = [_unknown_counter(side) for side in (source, target)]

    def measure(records):
        texts = parse_pairs(records)
        rows = [side.tokens(of_side) for side, of_side in zip((source, target), texts, strict=True)]
        side_lengths = [side.row_lengths() for side in rows]
        is_empty, is_long = fates(*side_lengths, source, target)
        kept = ~(is_empty | is_long)
        lacking = [
            count(*(tf.ragged.boolean_mask(part, kept) for part in (side, of_side)))
            for count, side, of_side in zip(counters, rows, texts, strict=True)
        ]
        return (*side_lengths, is_empty, is_long, *lacking)

    lengths = np.zeros((source.max_length + 1, target.max_length + 1), np.int64)
    empty = too_long = 0
    unknown = [Unknown(), Unknown()]
    batches = corpus.records().batch(_TOGETHER).map(measure, tf.data.AUTOTUNE).prefetch(2)
    for source_lengths, target_lengths, is_empty, is_long, *lacking in batches.as_numpy_iterator():
        kept = ~(is_empty | is_long)
        np.add.at(lengths, (source_lengths[kept], target_lengths[kept]), 1)
        empty += int(is_empty.sum())
        too_long += int(is_long.sum())
        unknown = [_added(so_far, *more) for so_far, more in zip(unknown, lacking, strict=True)]
    found = Survey(lengths, empty, too_long, *unknown)
    _warn_of_unknown(found)
    return found


def _unknown_counter(side: Tokens) -> Callable[..., tuple[tf.Tensor, ...]]:
    """Returns what counts unknown tokens, in graph: of ids (N, None), each row with its `end`."""
    special = side.tokenizer.special
    words = side.tokenizer.words() if hasattr(side.tokenizer, "words") else []
    blank = [token for token, word in enumerate(words) if not word.strip()]
    nothing = tf.constant([*blank, special.end, special.start, special.padding], tf.int32)

    def count(ids, texts):
        lacks = ids == special.unknown
        silent = tf.reduce_any(ids.flat_values[:, None] == nothing, axis=1)
        says = ids.with_flat_values(~silent & ~lacks.flat_values)
        some = tf.reduce_any(lacks, axis=1)
        whole = some & ~tf.reduce_any(says, axis=1)
        tokens, wholly = (tf.math.count_nonzero(flags) for flags in (lacks.flat_values, whole))
        return tokens, wholly, *(tf.boolean_mask(texts, flags)[:1] for flags in (whole, some))

    return count


def _added(so_far: Unknown, tokens: int, texts: int, whole: list, some: list) -> Unknown:
    example = so_far.example
    if len(whole) and not so_far.texts:
        example = whole[0].decode(errors="replace")
    elif len(some) and not so_far.tokens:
        example = some[0].decode(errors="replace")
    return Unknown(so_far.tokens + int(tokens), so_far.texts + int(texts), example)


def _warn_of_unknown(found: Survey) -> None:
    """Tells of texts that a model can't tell apart, and of a vocabulary that lacks much."""
    for side, unknown, share in found._unknown():
        told = []
        if unknown.texts:
            told.append(f"{unknown.texts:,} of {found.kept:,} {side} texts are unknown as a whole")
        if share > _MUCH_UNKNOWN:
            told.append(f"{share:.1%} of the {side} tokens are unknown")
        if told:
            warnings.warn(
                f"{' and '.join(told)}, for example in {_shown(unknown.example)}: a model can't "
                "tell what is unknown apart. Train the tokenizer on these texts, give it a larger "
                "vocabulary, or use a ByteTokenizer, which knows all text.",
                stacklevel=3,
            )


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
