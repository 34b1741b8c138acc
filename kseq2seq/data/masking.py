"""Masked language modeling: some tokens are hidden, and a model predicts them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import Source
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text.sequences import Tokens, as_source


def mask_tokens(
    ids: Any,
    mask: Any,
    seed: Any,
    *,
    special: SpecialTokens,
    vocabulary_size: int,
    rate: float = 0.15,
) -> tuple[tf.Tensor, tf.Tensor]:
    r"""Hides some tokens, in graph, the same ones for the same seed.

    Each token that is real and not special is chosen with probability `rate`. A chosen one becomes
    `special.unknown` (8 of 10; there is no id for a mask), a random token that is not special (1 of
    10), or stays (1 of 10).

    Args:
        ids: integers (B, S).
        mask: bool (B, S), True = real token.
        seed: integers (2,).
        special: the ids that are not text.
        vocabulary_size: how many ids there are, the special ones included.
        rate: the share of tokens to choose, between 0 and 1.

    Returns:
        The ids to give to a model, int32 (B, S), and the labels, int32 (B, S): the token at chosen
        positions and `special.padding` elsewhere, which `TokenCrossEntropy(padding=...)` leaves
        out; padding is 0 except for tokenizers of other projects.

    Raises:
        ValueError: if `rate` is out of range, or no id is left for text.

    Example:
        >>> ids = np.arange(4, 14)[None]
        >>> inputs, labels = mask_tokens(
        ...     ids, ids > 0, (2, 0), special=SpecialTokens(), vocabulary_size=14, rate=0.3
        ... )
        >>> print(ids, inputs.numpy(), labels.numpy(), sep="\n")
        [[ 4  5  6  7  8  9 10 11 12 13]]
        [[13  5  6  7  8  9 10 11 12  3]]
        [[ 4  0  6  0  0  0  0  0  0 13]]

    Source:
        Devlin et al. 2019, section 3.1. They choose 15 % of a sequence's tokens; here each token is
        chosen independently, so a short row may have none.
    """
    if not 0 < rate < 1:
        raise ValueError(f"`rate` must be between 0 and 1, for example 0.15; got {rate!r}.")
    text_ids = np.setdiff1d(np.arange(vocabulary_size, dtype=np.int32), np.array(special))
    if not len(text_ids):
        raise ValueError(
            f"`vocabulary_size` must leave an id beside the special {tuple(special)}; got "
            f"{vocabulary_size}."
        )
    ids = tf.cast(ids, tf.int32)
    shape = tf.shape(ids)
    which, how, what = tf.unstack(tf.random.split(seed, 3))

    is_text = tf.reduce_all(ids[..., None] != tf.constant(special, tf.int32), axis=-1)
    chosen = tf.cast(mask, tf.bool) & is_text & (tf.random.stateless_uniform(shape, which) < rate)

    fate = tf.random.stateless_uniform(shape, how)
    drawn = tf.random.stateless_uniform(shape, what, maxval=len(text_ids), dtype=tf.int32)
    hidden = tf.where(fate < 0.8, special.unknown, tf.gather(text_ids, drawn))
    inputs = tf.where(chosen & (fate < 0.9), hidden, ids)
    return inputs, tf.where(chosen, ids, special.padding)


def masked_batches(
    batches: tf.data.Dataset, source: Source | Tokens, *, seed: int, rate: float = 0.15
) -> tf.data.Dataset:
    """Turns batches of pairs into batches that train an encoder on their sources alone.

    Which tokens are hidden depends on the seed and on how many batches came before: the endless
    `train_batches` hide others in each epoch, `eval_batches` the same ones each time they are
    read. For a corpus without targets, write each text as its own target and pass the source for
    both sides.

    Args:
        batches: from `train_batches` or `eval_batches`.
        source: the source of these batches, which has ids: `special` and `vocabulary_size`.
        seed: makes what is hidden repeatable.
        rate: the share of tokens to choose, between 0 and 1.

    Returns:
        A dataset of `({"source": (B, S) int32, "source_mask": (B, S) bool}, labels (B, S) int32)`;
        see `mask_tokens`.

    Raises:
        ValueError: if `rate` is out of range, or the source has no ids.

    Example:
        >>> from kseq2seq.data import Corpus, pairs_from, train_batches
        >>> from kseq2seq.text import ByteTokenizer, TextSource
        >>> source = TextSource(ByteTokenizer(), 16)
        >>> corpus = Corpus.write(pairs_from((text, text) for text in ["hello", "goodbye"]))
        >>> batches = train_batches(
        ...     corpus, source, source, buckets=[(8, 8)], seed=0, tokens_per_batch=16
        ... )
        >>> inputs, labels = next(iter(masked_batches(batches, source, seed=0)))
        >>> sorted(inputs), labels.shape
        (['source', 'source_mask'], TensorShape([2, 8]))
    """
    side = as_source(source)
    special, size = side.special, side.vocabulary_size
    if special is None or size is None:
        raise ValueError(
            "`source` must be a source of ids, some of which can be hidden, for example a "
            f"TextSource; got {type(source).__name__}."
        )

    def hide(index: tf.Tensor, batch: tuple[dict[str, tf.Tensor], tf.Tensor]) -> tuple:
        mask = batch[0]["source_mask"]
        inputs, labels = mask_tokens(
            batch[0]["source"],
            mask,
            tf.stack([tf.constant(seed, tf.int64), index]),
            special=special,
            vocabulary_size=size,
            rate=rate,
        )
        return {"source": inputs, "source_mask": mask}, labels

    return batches.enumerate().map(hide).prefetch(tf.data.AUTOTUNE)
