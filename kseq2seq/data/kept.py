"""The pairs that training sees, as tokens."""

from __future__ import annotations

import hashlib

import tensorflow as tf

from kseq2seq.data.fetch import sha256
from kseq2seq.data.records import Corpus, parse_pairs
from kseq2seq.data.survey import Tokens, fates


def kept_tokens(
    records: tf.Tensor,
    source: Tokens,
    target: Tokens,
    longest: tuple[int, int],
    sample: bool = False,
) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    """Tokenise pairs and leave out those with an empty or too long side, in graph.

    Args:
        records: strings (N,), from `Corpus.records`.
        source: turns source text into tokens.
        target: turns target text into tokens.
        longest: the most tokens of a source and of a target that there is room for.
        sample: draw a segmentation; where it is longer than there is room for, or than a model
            takes, the usual one is taken instead.

    Returns:
        int32 ids (K, None) of sources and of targets, for the K <= N pairs kept.

    Example:
        >>> from kseq2seq.data import Corpus, pairs_from
        >>> from kseq2seq.text import ByteTokenizer, TextSource, TextTarget
        >>> source, target = TextSource(ByteTokenizer(), 8), TextTarget(ByteTokenizer(), 8)
        >>> corpus = Corpus.write(pairs_from([("ab", "A"), ("much too long", "B")]))
        >>> (records,) = corpus.records().batch(2)
        >>> [side.to_list() for side in kept_tokens(records, source, target, (8, 8))]
        [[[101, 102, 2]], [[69, 2]]]
    """
    texts = parse_pairs(records)
    source_tokens, target_tokens = (
        _tokens(component, given, min(component.max_length, room), sample)
        for component, given, room in zip((source, target), texts, longest, strict=True)
    )
    lengths = source_tokens.row_lengths(), target_tokens.row_lengths()
    empty, too_long = fates(*lengths, source, target)
    keep = ~(empty | too_long)
    return tf.ragged.boolean_mask(source_tokens, keep), tf.ragged.boolean_mask(target_tokens, keep)


def fingerprint(corpus: Corpus, source: Tokens, target: Tokens, *settings: object) -> str:
    """Returns a hash of a corpus, of the ids of the first pairs that are kept, and of settings.

    Args:
        corpus: the pairs.
        source: turns source text into tokens.
        target: turns target text into tokens.
        settings: what has a `repr` that is the same in another process.

    Raises:
        ValueError: if each pair is empty or too long: there would never be a batch.
    """
    longest = source.max_length, target.max_length
    for records in corpus.records().batch(1024):
        sides = kept_tokens(records, source, target, longest)
        if sides[0].nrows() > 0:
            about = sha256(corpus.path), longest, [side.to_list() for side in sides], settings
            return hashlib.sha256(repr(about).encode()).hexdigest()
    raise ValueError(
        f"None of the {len(corpus):,} pairs can be trained on: each has a side without a token, or "
        f"more than {longest[0]} source or {longest[1]} target tokens. survey() counts them; give "
        "a source and a target with a larger max_length, or other pairs."
    )


def _tokens(component: Tokens, texts: tf.Tensor, longest: int, sample: bool) -> tf.RaggedTensor:
    usual = component.tokens(texts)
    if not sample:
        return usual
    sampled = component.tokens(texts, sample=True)
    count = sampled.nrows()
    longer = tf.cast(sampled.row_lengths() > longest, count.dtype)
    return tf.gather(tf.concat([sampled, usual], axis=0), tf.range(count) + count * longer)
