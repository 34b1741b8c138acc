"""A corpus counted in the units a model sees: lengths, pairs left out, unknown tokens."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import Source, Target
from kseq2seq.data.corpus import Corpus, parse_pairs
from kseq2seq.data.lengths import LengthCounter, Lengths
from kseq2seq.data.measured import Fits, measure
from kseq2seq.text.sequences import Tokens, as_source, as_target

_MUCH = 0.01  # share of a side's tokens
_SHOWN = 60
_GROUPS = 4  # what a source unpacks at once, this many times: there is nothing to keep


class Unknown(NamedTuple):
    """What the vocabulary of a side lacks, in the kept pairs.

    Attributes:
        tokens: how many tokens are unknown.
        texts: how many texts have no token but unknown ones (and spaces).
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
        """Returns the sum with what `Source.lacking` gives."""
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
        source_unknown: what the vocabulary of the sources lacks.
        target_unknown: what that of the targets lacks.
        cut: kept pairs whose source is cut at the longest allowed.
        unfit: pairs left out because a model can't learn them, such as a target that is longer
            than the positions CTC has for it.
        units: what lengths count, of a source and of a target.
        splits: whether a source that is too long is split when a model generates.

    Attributes:
        occurring: the `Lengths`, in memory that grows with how many different ones there are.

    Example:
        >>> lengths = np.zeros((9, 9), int)
        >>> lengths[4, 6] = 10
        >>> found = Survey(lengths, too_long=2)
        >>> found.kept, found.source_tokens, found.target_tokens
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
                f"the survey kept no pair ({self.too_long} too long, {self.empty} empty{unfit}); "
                "raise max_length, split long text at sentence ends, or look at the columns read"
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
        """What each side lacks, and its share of that side's tokens but `end`."""
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
    """Look at each pair of a corpus once and count it, in one streamed pass and bounded memory.

    What was counted is remembered with the corpus for the last two sides given: `eval_batches` of
    them needs no pass of its own.

    Args:
        corpus: the pairs.
        source: turns raw sources into inputs. Where its `too_long` is "split", those that are too
            long are left out of training and counted as such.
        target: turns target text into ids.
        fits: what a model can learn, (units of sources (N,), ids of targets (N, None)) -> bool
            (N,), in graph; others are left out and counted.

    Returns:
        The survey; print it for a table. A warning tells of texts that the vocabulary lacks as a
        whole, of a side of which it lacks more than 1 % of the tokens, and, once, of sources that
        are cut.

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
    found = counted(corpus, source, target, fits)
    warn_of_unknown(found._unknown(), found.kept, stacklevel=2)
    if found.cut and not corpus.told_of_cuts:
        corpus.told_of_cuts = True
        limit = found.occurring.limits[0]
        warnings.warn(
            f"{found.cut:,} of {found.kept:,} sources have more than {limit:,} {found.units[0]} "
            "and are cut there: what is beyond is not seen in training. Raise max_length to see "
            "more, or pass too_long='error' to leave them out.",
            stacklevel=2,
        )
    return found


def counted(
    corpus: Corpus, source: Source | Tokens, target: Target | Tokens, fits: Fits | None
) -> Survey:
    """Returns the survey of a corpus, remembered if it was the last one asked for; no warnings."""
    sides = as_source(source), as_target(target)
    asked = source, target, fits, [(side.max_length, _too_long(side)) for side in sides]
    corpus.check_packed_for(sides[0])
    if corpus.counted is None or corpus.counted[0] != asked:
        corpus.counted = asked, _count(corpus, *sides, fits)
    return corpus.counted[1]


def _too_long(side: Source | Target) -> str:
    return side.too_long if isinstance(side, Source) else ""


def _count(corpus: Corpus, source: Source, target: Target, fits: Fits | None) -> Survey:
    sides: list[Any] = [source, target]

    def look(records):
        found = measure(records, source, target, fits=fits)
        rows, ids, lengths, which = found.kept()
        texts = [tf.gather(strings, which) for strings in parse_pairs(records)]
        parts = zip(sides, (rows, ids), texts, strict=True)
        lacking = [side.lacking(part, strings) or () for side, part, strings in parts]
        fates = found.empty, found.too_long, found.cut, found.unfit
        return lengths, [tf.math.count_nonzero(flags) for flags in fates], *lacking

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
    """Tells of texts that a model can't tell apart, and of a vocabulary that lacks much.

    Args:
        unknown: of each side its name, what it lacks, and its share of the side's tokens.
        kept: how many pairs there are.
        stacklevel: of the caller, as `warnings.warn` takes it.
    """
    for side, lacks, share in unknown:
        told = []
        if lacks.texts:
            told.append(f"{lacks.texts:,} of {kept:,} {side} texts are unknown as a whole")
        if share > _MUCH:
            told.append(f"{share:.1%} of the {side} tokens are unknown")
        if told:
            warnings.warn(
                f"{' and '.join(told)}, for example in {lacks.shown()}: a model can't "
                "tell what is unknown apart. Train the tokenizer on these texts, give it a larger "
                "vocabulary, or use a ByteTokenizer, which knows all text.",
                stacklevel=stacklevel + 1,
            )
