"""The turns of a conversation as the input of a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from kseq2seq.checks import raw_texts
from kseq2seq.contracts import Source, register_source
from kseq2seq.text.source import TextSource

TURN = "<turn>"  # stands between two turns


@register_source("turns")
class TurnsSource(TextSource):
    """Turns a conversation into a model's source; what is too long loses its oldest turns.

    A raw is a text in which a symbol of the tokenizer stands between turns, oldest first:
    "Hello!<turn>Hi, how are you?". A list or tuple of turns is joined to one; among several raws,
    each may be either. A text without the symbol is one turn. The empty text is a conversation of
    which nothing is known, and is a source like any other: its one token is `end`.

    Where a conversation is too long, as many of its oldest turns are left out as needed; if the
    newest turn alone is too long, so is its beginning.

    Args:
        tokenizer: a `Tokenizer` that has `turn` among its symbols.
        max_length: the most tokens of a source, symbols and `end` included.
        too_long: "cut", as said; or "error".
        turn: the symbol between turns.

    Raises:
        TypeError: `tokenizer` is not a tokenizer.
        ValueError: the tokenizer lacks the symbol, or another argument is invalid.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TurnsSource
        >>> source = TurnsSource(ByteTokenizer(symbols=["<turn>"]), max_length=6)
        >>> source(["a<turn>b"])["source"].numpy().tolist()
        [[101, 260, 102, 2]]
        >>> source(source.batch([("Hello!", "a", "b"), "b"]))["source"].numpy().tolist()
        [[101, 260, 102, 2], [102, 2, 0, 0]]
    """

    noun = "Conversation"
    least = 1  # `end` alone: nothing was said yet

    def __init__(
        self, tokenizer: Any, max_length: int, too_long: str = "cut", turn: str = TURN
    ) -> None:
        super().__init__(tokenizer, max_length, too_long)
        if too_long == "split":
            raise ValueError(
                "`too_long` must be 'cut' or 'error', since a conversation has one answer; got "
                "'split'."
            )
        symbols = tokenizer.symbol_ids
        if turn not in symbols:
            raise ValueError(
                f"`turn` must be one of the tokenizer's symbols; got {turn!r}, and it has "
                f"{', '.join(symbols) or 'none'}. Train it with symbols=[{turn!r}]."
            )
        self.turn = turn
        self._turn_id = symbols[turn]

    split = Source.split  # which refuses

    def joined(self, turns: Iterable[str]) -> str:
        """Returns the raw of a conversation's turns, oldest first; not in graph.

        Raises:
            TypeError: one is not a string.
            ValueError: one holds the symbol between turns.
        """
        listed = raw_texts(turns, "turns")
        if held := [turn for turn in listed if self.turn in turn]:
            raise ValueError(
                f"A turn must not hold {self.turn!r}, which stands between turns; got "
                f"{held[0]!r:.80}. Give it as two turns, or remove it."
            )
        return self.turn.join(listed)

    def read(self, example: Any) -> str:
        """See `Source`; a text, or a list or tuple of turns."""
        turns = isinstance(example, list | tuple)
        return self.joined(example) if turns else super().read(example)

    def several(self, raws: Any) -> list[str]:
        """See `Source`; each may be a text or its turns."""
        if isinstance(raws, list | tuple):
            raws = [self.joined(raw) if isinstance(raw, list | tuple) else raw for raw in raws]
        return super().several(raws)

    def batch(self, raws: Any) -> tf.Tensor:
        """See `Source`."""
        return super().batch([self.read(raw) for raw in raws])

    def shortened(self, rows: Any) -> Any:
        """See `TokenRows`; the newest turns that fit are kept, at least the newest one's end."""
        ids = rows.flat_values
        # 1. How many tokens each row has from each position on, that one included.
        left = tf.cast(tf.gather(rows.row_limits(), rows.value_rowids()), tf.int32)
        left -= tf.range(tf.size(ids))

        # 2. Each row is kept from its first position where a turn begins and what follows fits.
        lengths = tf.cast(rows.row_lengths(), tf.int32)
        first = left == tf.gather(lengths, rows.value_rowids())
        after = tf.concat([[False], ids[:-1] == self._turn_id], axis=0)
        fits = (first | after) & (left <= self.max_length) & (ids != self.special.end)
        kept = tf.reduce_max(rows.with_flat_values(tf.where(fits, left, 0)), axis=1)

        # 3. Where there is none, what fits of the newest turn is kept.
        kept = tf.where(kept > 0, kept, tf.minimum(lengths, self.max_length))
        return tf.ragged.boolean_mask(
            rows, rows.with_flat_values(left <= tf.gather(kept, rows.value_rowids()))
        )

    def words(self, raw: str) -> list[str] | None:
        """See `TextSource`; of the tokens that a model reads, which gets none that is too long."""
        words = super().words(raw)
        kept = len(self.shortened(self.rows([raw]))[0]) - 1
        return words and words[len(words) - kept :]

    def config(self) -> dict[str, Any]:
        """See `Saved`."""
        usual = {} if self.turn == TURN else {"turn": self.turn}
        return {**super().config(), "too_long": self.too_long, **usual}
