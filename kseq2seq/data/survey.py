"""A corpus counted in the units a model sees: lengths, pairs left out, unknown tokens."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import Source, Target
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.lengths import LengthCounter, Lengths
from kseq2seq.data.measured import Fits, measure
from kseq2seq.data.records import parse_pairs
from kseq2seq.text.sequences import Tokens, as_source, as_target

_MUCH = 0.01  # share of a side's tokens
_SHOWN = 60
_GROUPS = 4  # what a source unpacks at once, this many times: there is nothing to keep


class Unknown(NamedTuple):
    """The unknown tokens of one side of the kept pairs.

    Attributes:
        tokens: how many tokens are unknown.
        texts: how many texts consist of unknown tokens (and spaces) alone.
        example: the first such text, or else the first with an unknown token.

    Example:
        >>> from kseq2seq.data.survey import Unknown
        >>> Unknown(2, 1, "XY").shown()
        "'XY'"
    """

    tokens: int = 0
    texts: int = 0
    example: str = ""

    def plus(self, tokens: int, texts: int, whole: np.ndarray, some: np.ndarray) -> Unknown:
        """Returns the sum with what `Source.lacking` returned for more texts."""
        example = self.example
        if len(whole) and not self.texts:
            example = whole[0].decode(errors="replace")
        elif len(some) and not self.tokens:
            example = some[0].decode(errors="replace")
        return Unknown(self.tokens + int(tokens), self.texts + int(texts), example)

    def shown(self) -> str:
        """The example, for reading."""
        text = self.example
        return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


NOTHING = Unknown()


class Survey:
    """The lengths of a corpus, and how much of it training will not see.

    Args:
        lengths: how many kept pairs have a source of s units and a target of t ids, `end` included
            where there is one: a matrix of shape (longest source allowed + 1, longest target
            allowed + 1), or the `Lengths` that occur.
        empty: pairs left out because a side holds nothing.
        too_long: pairs left out because a side is longer than its model takes.
        source_unknown: the unknown tokens of the sources.
        target_unknown: the unknown tokens of the targets.
        cut: kept pairs whose source is cut at the longest allowed.
        unfit: pairs left out because a model can't learn them, for example a target that is longer
            than the positions CTC has for it.
        units: the units of a source and of a target, for example ("frames", "tokens").
        splits: whether sources that are too long are split when a model generates.

    Attributes:
        occurring: the `Lengths`, in memory that grows with how many different ones there are.

    Example:
        >>> lengths = np.zeros((9, 9), int)
        >>> lengths[4, 6] = 10
        >>> counts = Survey(lengths, too_long=2)
        >>> counts.kept, counts.source_tokens, counts.target_tokens
        (10, 40, 60)
    """

    def __init__(
        self,
        lengths: np.ndarray | Lengths,
        empty: int = 0,
        too_long: int = 0,
        source_unknown: Unknown = NOTHING,
        target_unknown: Unknown = NOTHING,
        *,
        cut: int = 0,
        unfit: int = 0,
        units: tuple[str, str] = ("tokens", "tokens"),
        splits: bool = False,
    ):
        self.occurring = lengths if isinstance(lengths, Lengths) else Lengths.of(lengths)
        self.empty = empty
        self.too_long = too_long
        self.source_unknown = source_unknown
        self.target_unknown = target_unknown
        self.cut = cut
        self.unfit = unfit
        self.units = units
        self.splits = splits

    @cached_property
    def lengths(self) -> np.ndarray:
        """The lengths as a matrix; see `Lengths.matrix`."""
        return self.occurring.matrix()

    @property
    def total(self) -> int:
        """All pairs."""
        return self.kept + self.empty + self.too_long + self.unfit

    @property
    def kept(self) -> int:
        """Pairs that batches will hold."""
        return int(self.occurring.counts.sum())

    @property
    def source_tokens(self) -> int:
        """Units of the kept sources."""
        return int(self.occurring.sizes[:, 0] @ self.occurring.counts)

    @property
    def target_tokens(self) -> int:
        """Ids of the kept targets."""
        return int(self.occurring.sizes[:, 1] @ self.occurring.counts)

    def longest(self) -> tuple[int, int]:
        """The most units of a kept source, and ids of a kept target.

        Raises:
            ValueError: if the survey kept no pair.
        """
        if not self.kept:
            unfit = f", {self.unfit} unfit" if self.unfit else ""
            raise ValueError(
                f"The survey kept no pair ({self.too_long} too long, {self.empty} empty{unfit}). "
                "Raise `max_length`, split long texts at sentence ends, or check the columns read."
            )
        sources, targets = self.occurring.sizes.max(axis=0)
        return int(sources), int(targets)

    def __repr__(self) -> str:
        return f"<Survey of {self.total:,} pairs, {self.kept:,} kept>"

    def __str__(self) -> str:
        unit, of_target = self.units
        alike = unit == of_target
        longest, other = self.occurring.limits
        limits = (
            f"{longest} x {other} {unit}" if alike else f"{longest} {unit} x {other} {of_target}"
        )
        split = "; longer sources are split in generation only" if self.splits else ""
        source = "source" if alike else f"source {unit}"
        kept = f"{self.source_tokens:,} {source}, {self.target_tokens:,} target {of_target}"
        nothing = f"a {unit.removesuffix('s')}" if alike else f"{unit} or {of_target}"
        rows = [
            ("pairs", self.total, ""),
            ("kept", self.kept, kept),
            ("cut", self.cut, f"kept, sources cut at {longest:,} {unit}"),
            ("too long", self.too_long, f"more than {limits}{split}"),
            ("unfit", self.unfit, "what the model can't learn"),
            ("empty", self.empty, f"a side without {nothing}"),
        ]
        lines = [
            f"{name:<9}{count:>12,}{count / max(self.total, 1):>8.1%}  {note}".rstrip()
            for name, count, note in rows
            if count or name not in ("cut", "unfit")
        ]
        for side, unknown, share in self._unknown():
            if unknown.tokens:
                only = f", all there is of {unknown.texts:,}" if unknown.texts else ""
                shown = f" {side} tokens{only}, for example of {unknown.shown()}"
                lines.append(f"unknown  {unknown.tokens:>12,}{share:>8.1%} {shown}")
        return "\n".join(lines)

    def _unknown(self) -> list[tuple[str, Unknown, float]]:
        """Each side's name, unknown tokens, and their share of its tokens, `end` not counted."""
        return [
            (side, unknown, unknown.tokens / max(tokens - self.kept, 1))
            for side, unknown, tokens in (
                ("source", self.source_unknown, self.source_tokens),
                ("target", self.target_unknown, self.target_tokens),
            )
        ]


def survey(
    corpus: Corpus,
    source: Source | Tokens,
    target: Target | Tokens,
    *,
    fits: Fits | None = None,
) -> Survey:
    """Counts the pairs of a corpus by their lengths, in one streamed pass and bounded memory.

    The corpus remembers its last survey: `eval_batches` with the same source and target needs no
    pass of its own.

    Args:
        corpus: the pairs.
        source: turns raw sources into inputs. Where its `too_long` is "split", those that are too
            long are left out of training and counted as such.
        target: turns target text into ids.
        fits: (units of sources (N,), ids of targets (N, None)) -> bool (N,), in graph: which pairs
            a model can learn. Others are left out and counted.

    Returns:
        The survey; print it for a table. A warning names texts that are unknown as a whole, a side
        with more than 1 % of unknown tokens and, once, sources that are cut.

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
    counts = counted(corpus, source, target, fits)
    warn_of_unknown(counts._unknown(), counts.kept, stacklevel=2)
    if counts.cut and not corpus.warned_of_cuts:
        corpus.warned_of_cuts = True
        limit = counts.occurring.limits[0]
        warnings.warn(
            f"{counts.cut:,} of {counts.kept:,} sources have more than {limit:,} {counts.units[0]} "
            "and are cut there: training does not see the rest. Raise `max_length`, or pass "
            "too_long='error' to leave them out.",
            stacklevel=2,
        )
    return counts


def counted(
    corpus: Corpus, source: Source | Tokens, target: Target | Tokens, fits: Fits | None
) -> Survey:
    """Returns the survey of a corpus, the last one if it was for the same sides; no warnings."""
    sides = as_source(source), as_target(target)
    arguments = source, target, fits, [(side.max_length, _too_long(side)) for side in sides]
    corpus.check_packed_for(sides[0])
    if corpus.counted is None or corpus.counted[0] != arguments:
        corpus.counted = arguments, _count(corpus, *sides, fits)
    return corpus.counted[1]


def _too_long(side: Source | Target) -> str:
    return side.too_long if isinstance(side, Source) else ""


def _count(corpus: Corpus, source: Source, target: Target, fits: Fits | None) -> Survey:
    sides: list[Any] = [source, target]

    def look(records):
        # 1. In graph, of a group of N pairs: the lengths (K, 2) of the K that are kept, how many of
        #    the others met each fate (4,), and the unknown tokens of each side.
        measured = measure(records, source, target, fits=fits)
        rows, ids, lengths, which = measured.kept()
        texts = [tf.gather(strings, which) for strings in parse_pairs(records)]
        parts = zip(sides, (rows, ids), texts, strict=True)
        lacking = [side.lacking(part, strings) or () for side, part, strings in parts]
        fates = measured.empty, measured.too_long, measured.cut, measured.unfit
        return lengths, [tf.math.count_nonzero(flags) for flags in fates], *lacking

    # 2. In Python: add up the groups.
    counter = LengthCounter((source.max_length, target.max_length))
    fates = np.zeros(4, np.int64)
    unknown = [NOTHING, NOTHING]
    groups = corpus.records().batch(_GROUPS * source.together).map(look, tf.data.AUTOTUNE)
    for lengths, flags, *lacking in groups.prefetch(2).as_numpy_iterator():
        counter.add(lengths)
        fates += flags
        unknown = [
            so_far.plus(*more) if more else so_far
            for so_far, more in zip(unknown, lacking, strict=True)
        ]
    empty, too_long, cut, unfit = fates.tolist()
    return Survey(
        counter.lengths(),
        empty,
        too_long,
        *unknown,
        cut=cut,
        unfit=unfit,
        units=(source.unit, target.unit),
        splits=source.too_long == "split",
    )


def warn_of_unknown(unknown: list[tuple[str, Unknown, float]], kept: int, stacklevel: int) -> None:
    """Warns of texts that are unknown as a whole, and of a side with many unknown tokens.

    Args:
        unknown: each side's name, unknown tokens, and their share of its tokens.
        kept: how many pairs there are.
        stacklevel: of the caller, as `warnings.warn` takes it.
    """
    for side, lacks, share in unknown:
        news = []
        if lacks.texts:
            news.append(f"{lacks.texts:,} of {kept:,} {side} texts are unknown as a whole")
        if share > _MUCH:
            news.append(f"{share:.1%} of the {side} tokens are unknown")
        if news:
            warnings.warn(
                f"{' and '.join(news)}, for example in {lacks.shown()}: unknown tokens look alike "
                "to a model. Train the tokenizer on these texts, give it a larger vocabulary, or "
                "use a ByteTokenizer, which knows all text.",
                stacklevel=stacklevel + 1,
            )
