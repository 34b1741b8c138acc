"""Strings that stay whole: each is one token, wherever it stands in a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

import tensorflow as tf

from kseq2seq.checks import check_whole, raw_texts
from kseq2seq.special_tokens import SpecialTokens

SPECIAL_NAMES = tuple(f"<{name}>" for name in SpecialTokens._fields)  # as `pieces` shows them
MOST_BYTES = 8192  # of all symbols together: RE2 matches more of them slowly, and logs each text
_BORDER = b"\xff"  # a byte of no UTF-8 text


class Symbols(tf.Module):
    r"""Strings that are cut out of texts before a tokenizer sees the rest.

    A symbol is matched as it is written, before any normalization: alone, glued to words, or next
    to others. Of several that match at a position the longest wins, and the search continues after
    it.

    Args:
        names: the symbols, in the order of their ids.
        taken: strings that no symbol may be, since the vocabulary has them already.

    Attributes:
        names: the symbols.

    Raises:
        TypeError: a symbol is not a string.
        ValueError: one is empty, given twice, taken, or holds a lone surrogate; or they have more
            than 8,192 bytes together.

    Example:
        >>> from kseq2seq.text.symbols import Symbols
        >>> symbols = Symbols(["<ko>", "<k", "\n"])
        >>> symbols.split("a<ko>\n<ka")
        ['a', '<ko>', '', '\n', '', '<k', 'a']
        >>> parts, which = symbols.cut(tf.constant(["a<ko>", "b"]))
        >>> parts.to_list(), which.numpy().tolist()
        ([[b'a', b'<ko>', b''], [b'b']], [-1, 0, -1, -1])
    """

    def __init__(self, names: Iterable[str], taken: Collection[str] = ()) -> None:
        super().__init__()
        listed = raw_texts(names, "symbols")
        for index, name in enumerate(listed):
            if not name:
                raise ValueError(f"Symbol {index} is empty. Leave it out.")
            if name in SPECIAL_NAMES or name in taken:
                raise ValueError(
                    f"`symbols` must be strings that the vocabulary does not have; got {name!r}. "
                    "Choose another."
                )
        if len(set(listed)) < len(listed):
            repeated = next(name for index, name in enumerate(listed) if name in listed[:index])
            raise ValueError(f"`symbols` holds {repeated!r} more than once.")
        size = len("".join(listed).encode())
        if size > MOST_BYTES:
            raise ValueError(
                f"`symbols` may have {MOST_BYTES:,} bytes of UTF-8 together; got {size:,} in "
                f"{len(listed):,} symbols. Make words of a WordTokenizer of them."
            )
        self._listed = listed
        longest_first = sorted(listed, key=len, reverse=True)  # the first that matches is taken
        any_of_them = "|".join(map(re.escape, longest_first)) or "(?!)"  # which never matches
        self._any = re.compile(f"({any_of_them})")
        self._pattern = f"({'|'.join(map(_quoted, longest_first))})"
        self._table: Any = table(listed, range(len(listed)), -1) if listed else None

    @property
    def names(self) -> tuple[str, ...]:
        """The symbols."""
        return tuple(self._listed)

    def split(self, text: str) -> list[str]:
        """Returns the parts of a text, not in graph: those with an odd index are the symbols."""
        return self._any.split(text)

    def room(self, vocabulary_size: int | None) -> int | None:
        """Returns how many ids of a vocabulary are left beside the special ones and the symbols.

        None where the vocabulary has no limit.

        Raises:
            ValueError: none are left.
        """
        if vocabulary_size is None:
            return None
        taken = len(SPECIAL_NAMES) + len(self._listed)
        return check_whole("vocabulary_size", vocabulary_size, taken + 1) - taken

    def rests(self, texts: Iterable[str]) -> Iterable[str]:
        """Yields the parts of texts that are no symbols; not in graph."""
        return (part for text in texts for part in self.split(text)[::2])

    def cut(self, texts: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
        """Returns the parts of texts, in graph.

        Args:
            texts: (N,) UTF-8 strings; what is not valid in them becomes U+FFFD.

        Returns:
            (parts (N, None), M in all; int64 (M,), which symbol each part is, -1 if it is none).
        """
        valid = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
        parts, matched = cut_at(valid, self._pattern)
        return parts, tf.where(matched, self._table.lookup(parts.flat_values), -1)

    def tokenize(
        self, texts: tf.Tensor, first: int, to_ids: Callable[[tf.Tensor], tf.RaggedTensor]
    ) -> tf.RaggedTensor:
        """Returns the int32 ids of texts, (N, None), each symbol as one; in graph.

        Args:
            texts: (N,) UTF-8 strings.
            first: the id of the first symbol.
            to_ids: (texts (M,)) -> int32 ids (M, None) of texts without symbols.
        """
        # 1. Cut the texts into M parts; a symbol is an empty text to `to_ids`.
        parts, which = self.cut(texts)
        ids = to_ids(tf.where(which < 0, parts.flat_values, ""))

        # 2. The id of each part that is a symbol, one or none in a row, (M, None).
        matched = which >= 0
        own = tf.cast(tf.boolean_mask(which, matched), tf.int32) + first
        lengths = tf.cast(matched, tf.int64)
        symbols = tf.RaggedTensor.from_row_lengths(own, lengths, validate=False)

        # 3. Join the rows of each text's parts.
        both = tf.concat([ids, symbols], axis=1)
        return tf.RaggedTensor.from_row_splits(both, parts.row_splits, False).merge_dims(1, 2)

    def detokenize(
        self, ids: tf.RaggedTensor, first: int, to_texts: Callable[[tf.RaggedTensor], tf.Tensor]
    ) -> tf.Tensor:
        """Returns the texts (N,) of ids (N, None), with nothing between a symbol and others.

        Args:
            ids: int32, all of them text, `unknown` or symbols.
            first: the id of the first symbol.
            to_texts: (ids (R, None)) -> texts (R,) of runs of ids between symbols.
        """
        # 1. Which ids are symbols, and how many symbols come up to each id, itself included: (M,).
        which = ids.flat_values - first
        matched = (which >= 0) & (which < len(self._listed))
        before = tf.cumsum(tf.cast(matched, tf.int64))
        rows = ids.value_rowids()

        # 2. Divide the other ids into R runs. Each row begins a run, and so does the id after each
        #    symbol: an id is in the run with the number of its row plus the symbols before it.
        count = ids.nrows() + tf.reduce_sum(tf.cast(matched, tf.int64))
        runs = tf.RaggedTensor.from_value_rowids(
            tf.boolean_mask(ids.flat_values, ~matched),
            tf.boolean_mask(rows + before, ~matched),
            nrows=count,
            validate=False,
        )

        # 3. The symbol that follows each run, (R,), from 1; 0 for none, which reads as "".
        ends = tf.boolean_mask(rows + before, matched) - 1
        follows = tf.scatter_nd(
            ends[:, tf.newaxis], tf.boolean_mask(which, matched) + 1, count[tf.newaxis]
        )
        texts = tf.strings.join([to_texts(runs), tf.gather(["", *self._listed], follows)])

        # 4. Join the runs of each row, which are one more than its symbols.
        symbols = tf.math.unsorted_segment_sum(tf.cast(matched, tf.int64), rows, ids.nrows())
        return tf.strings.reduce_join(
            tf.RaggedTensor.from_row_lengths(texts, symbols + 1, validate=False), axis=-1
        )


def cut_at(texts: tf.Tensor, pattern: str) -> tuple[tf.RaggedTensor, tf.Tensor]:
    """Returns the parts of texts between and at what a pattern matches, in graph.

    Args:
        texts: (N,) valid UTF-8 strings.
        pattern: of RE2, in a group.

    Returns:
        (parts (N, None), whether each of the parts of all texts is a match, bool (M,)).
    """
    bordered = tf.raw_ops.StaticRegexReplace(
        input=texts, pattern=pattern, rewrite=_BORDER + rb"\1" + _BORDER
    )
    parts = tf.strings.split(bordered, sep=_BORDER)
    starts = tf.gather(parts.row_starts(), parts.value_rowids())
    indices = tf.range(tf.size(parts.flat_values, tf.int64)) - starts
    return parts, indices % 2 == 1


def table(keys: Any, values: Any, otherwise: Any) -> tf.lookup.StaticHashTable:
    """Returns a table in graph, from int64 to strings or from strings to int64."""
    types = [tf.string if isinstance(otherwise, str) else tf.int64]
    types.insert(0, tf.int64 if types == [tf.string] else tf.string)
    entries = tf.lookup.KeyValueTensorInitializer(
        tf.constant(list(keys), types[0]), tf.constant(list(values), types[1])
    )
    return tf.lookup.StaticHashTable(entries, otherwise)


def _quoted(name: str) -> str:
    """The pattern that matches a name and nothing else, in RE2."""
    plain = [
        char if char.isascii() and char.isalnum() else f"\\x{{{ord(char):X}}}" for char in name
    ]
    return "".join(plain)
