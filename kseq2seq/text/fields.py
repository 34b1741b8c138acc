"""The fields that a program fills in, behind numbered symbols that a model carries over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import tensorflow as tf

from kseq2seq.format_fields import ESCAPED, PATTERN, WORD
from kseq2seq.text.symbols import cut_at, table

MOST = 9  # different fields of a text
FIELD_SYMBOLS = tuple(f"⟦{number}⟧" for number in range(1, MOST + 1))

_SYMBOL = "⟦[1-9]⟧"
_ANY = rf"{_SYMBOL}|{PATTERN}"  # a symbol in a text is hidden like a field
_FIELD = re.compile(_ANY)
_FIELD_SYMBOL = re.compile(_SYMBOL)
_RE2 = f"({_ANY})".replace(r"\w", WORD)


def hidden(text: str) -> tuple[str, list[str]]:
    """Returns a text with symbols in the place of its fields, and the fields; not in graph.

    The k-th symbol stands for the k-th different field, each time it occurs. Fields are those of
    `format_fields`; of more than 9 different ones the rest stay in the text.

    Args:
        text: any text; a symbol in it is hidden like a field.

    Returns:
        The text with symbols; the fields, the k-th of which the k-th symbol stands for.

    Example:
        >>> from kseq2seq.text.fields import hidden
        >>> hidden("%(n)d of {total} (%(n)d%%)")
        ('⟦1⟧ of ⟦2⟧ (⟦1⟧%%)', ['%(n)d', '{total}'])
    """
    fields: list[str] = []

    def symbol(found: re.Match[str]) -> str:
        field = found[0]
        if field == ESCAPED:
            return field
        if field not in fields:
            if len(fields) == MOST:
                return field
            fields.append(field)
        return FIELD_SYMBOLS[fields.index(field)]

    return _FIELD.sub(symbol, text), fields


def filled(text: str, fields: list[str]) -> str:
    """Returns a text with the fields of its symbols; a symbol that has none is left out.

    Args:
        text: with symbols.
        fields: of its source, as `hidden` returns them.

    Example:
        >>> from kseq2seq.text.fields import filled
        >>> filled("⟦2⟧의 ⟦1⟧", ["%(n)d", "{total}"])
        '{total}의 %(n)d'
    """
    named = dict(zip(FIELD_SYMBOLS, fields, strict=False))
    return _FIELD_SYMBOL.sub(lambda found: named.get(found[0], ""), text)


def hidden_again(text: str, fields: list[str]) -> str:
    """Returns a target with the symbols that the fields have in its source; others stay.

    Args:
        text: a target with fields.
        fields: of its source, as `hidden` returns them.

    Example:
        >>> from kseq2seq.text.fields import hidden_again
        >>> hidden_again("{total}의 %(n)d", ["%(n)d", "{total}"])
        '⟦2⟧의 ⟦1⟧'
    """
    numbers = dict(zip(fields, FIELD_SYMBOLS, strict=False))
    return _FIELD.sub(lambda found: numbers.get(found[0], found[0]), text)


def hidden_pairs(pairs: Iterable[Any]) -> Iterator[Any]:
    """Yields pairs for training with symbols for the fields of both sides.

    The symbols are those of the source. Pairs whose sides do not have the same fields, each as
    often, are left out.

    Args:
        pairs: of texts; what has `source`, `target` and `_replace`.

    Example:
        >>> from kseq2seq.data import Pair
        >>> from kseq2seq.text.fields import hidden_pairs
        >>> pairs = [Pair("%s of {n}", "{n}의 %s", "1"), Pair("Save %s", "저장", "2")]
        >>> list(hidden_pairs(pairs))
        [Pair(source='⟦1⟧ of ⟦2⟧', target='⟦2⟧의 ⟦1⟧', key='1')]
    """
    for pair in pairs:
        source, fields = hidden(pair.source)
        target = hidden_again(pair.target, fields)
        if _counts(source) == _counts(target):
            yield pair._replace(source=source, target=target)


def _counts(text: str) -> Counter[str]:
    """How often a text has each field or symbol."""
    return Counter(found for found in _FIELD.findall(text) if found != ESCAPED)


class Fields(tf.Module):
    """`hidden` and `filled` of many texts, in graph.

    Example:
        >>> from kseq2seq.text.fields import Fields
        >>> fields = Fields()
        >>> texts, own = fields.hide(tf.constant(["%s of {n}, %s", "none"]))
        >>> [text.decode() for text in texts.numpy()], own.to_list()
        (['⟦1⟧ of ⟦2⟧, ⟦1⟧', 'none'], [[b'%s', b'{n}'], []])
        >>> fields.show(tf.constant(["⟦2⟧: ⟦1⟧", "none"]), own).numpy().tolist()
        [b'{n}: %s', b'none']
    """

    def __init__(self) -> None:
        super().__init__()
        self._numbers: Any = table(FIELD_SYMBOLS, range(MOST), -1)

    def hide(self, texts: tf.Tensor) -> tuple[tf.Tensor, tf.RaggedTensor]:
        """Returns texts (N,) with symbols, and their fields, strings (N, None)."""
        # 1. The parts of the texts, and which of them are fields: F of all texts, in their order.
        valid = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
        parts, matched = cut_at(valid, _RE2)
        matched &= parts.flat_values != ESCAPED
        places = tf.where(matched)  # (F, 1)
        found = tf.gather(parts.flat_values, places[:, 0])
        rows = tf.gather(parts.value_rowids(), places[:, 0])

        # 2. The U different ones of each text, by their first place: `unique` numbers keys in the
        #    order it meets them, so those of a text follow one another.
        keys, which = tf.unique(tf.strings.join([tf.strings.as_string(rows), found], " "))
        count = tf.size(keys)
        order = tf.range(tf.size(which))
        firsts = tf.math.unsorted_segment_min(order, which, count)  # (U,)
        own = tf.RaggedTensor.from_value_rowids(
            tf.gather(found, firsts), tf.gather(rows, firsts), parts.nrows(), validate=False
        )

        # 3. The number of each field within its text, (F,), and the symbol of that number.
        numbers = which - tf.cast(tf.gather(own.row_starts(), rows), tf.int32)
        symbols = tf.gather(FIELD_SYMBOLS, tf.minimum(numbers, MOST - 1))
        written = tf.where(numbers < MOST, symbols, found)
        hidden = tf.tensor_scatter_nd_update(parts.flat_values, places, written)
        return tf.strings.reduce_join(parts.with_flat_values(hidden), axis=-1), own[:, :MOST]

    def show(self, texts: tf.Tensor, fields: tf.RaggedTensor) -> tf.Tensor:
        """Returns texts (N,) with the fields (N, None) of their symbols."""
        parts, matched = cut_at(texts, f"({_SYMBOL})")
        numbers = self._numbers.lookup(parts.flat_values)  # (M,), -1 for text
        rows = parts.value_rowids()
        known = matched & (numbers < tf.gather(fields.row_lengths(), rows))
        places = tf.gather(fields.row_starts(), rows) + tf.maximum(numbers, 0)
        values = tf.concat([fields.flat_values, [""]], axis=0)
        places = tf.where(known, places, tf.size(fields.flat_values, tf.int64))
        shown = tf.where(matched, tf.gather(values, places), parts.flat_values)
        return tf.strings.reduce_join(parts.with_flat_values(shown), axis=-1)
