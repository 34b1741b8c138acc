"""The tokenizer of a fixed list of words, and words as the text between white space."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import tensorflow as tf

from kseq2seq.checks import check_whole, each_text, raw_texts
from kseq2seq.disk.files import read_checked, read_field, sha256, write_checked
from kseq2seq.text.symbols import SPECIAL_NAMES, Symbols, table
from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer, register_tokenizer

FILE = "words.txt"
_SPACE = r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]+"  # what `str.split` takes for white space


@register_tokenizer("words")
class WordTokenizer(Tokenizer):
    r"""Gives each of some words an id, in their order, after the special tokens.

    Text is split at white space of any kind, as `str.split` does it, and read back with single
    spaces; case and punctuation are left as they are, so lower or split them yourself where you
    want it. Each word that is not listed is one `unknown`, and U+FFFD when read back.

    Args:
        words: the known words.
        symbols: strings that are one token each, wherever they stand in a text, white space
            included; their ids come after those of the words. Read back, nothing stands between a
            symbol and its neighbors: give "<ko> " to have a space there.

    Raises:
        TypeError: a word or a symbol is not a string.
        ValueError: there are no words, or one is empty, given twice, holds white space or a lone
            surrogate, or names a special token; or a symbol is empty, given twice, one of the
            words, or names a special token.

    Example:
        >>> from kseq2seq.text import WordTokenizer
        >>> tokenizer = WordTokenizer(["cat", "the", "."])
        >>> tokenizer.tokenize(["the cat\tsat .", ""]).to_list()
        [[5, 4, 3, 6], []]
        >>> tokenizer.detokenize([[5, 4, 3, 6]]).numpy()[0].decode()
        'the cat \ufffd .'
    """

    def __init__(self, words: Iterable[str], symbols: Iterable[str] = ()) -> None:
        super().__init__(symbols)
        listed = raw_texts(words, "words")
        if not listed:
            raise ValueError("`words` must hold at least one word; got none.")
        seen = set(self.symbols)
        for word in listed:
            if word.split() != [word]:
                raise ValueError(f"A word must be text without white space; got {word!r}.")
            if word in SPECIAL_NAMES:
                raise ValueError(f"`words` holds {word!r}, the name of a special token.")
            if word in seen:
                both = "and `symbols` both hold" if word in self.symbols else "holds"
                raise ValueError(f"`words` {both} {word!r}; once is enough.")
            seen.add(word)
        first = len(self.special)
        ids = range(first, first + len(listed))
        self._listed = listed
        self._ids = table(listed, ids, self.special.unknown)
        self._texts = table(ids, listed, REPLACEMENT)

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocabulary_size: int | None = None,
        *,
        min_count: int = 1,
        symbols: Iterable[str] = (),
    ) -> Self:
        """Returns a tokenizer of the most frequent words of texts, the most frequent first.

        Args:
            texts: the texts to count, read once.
            vocabulary_size: the most ids to use, the special ones and the symbols included; None
                for all words. Of equally frequent ones the lower in code point order comes first. A
                warning says which share of the words is unknown, if any is.
            min_count: how often a word must occur to be known.
            symbols: strings that are one token each; no word is learned from them.

        Returns:
            The same tokenizer for the same texts, in whatever order they come. Names of special
            tokens, for example "<end>", are unknown words to it.

        Raises:
            TypeError: a text or a symbol is not a string.
            ValueError: `texts` is a single string or has no word that is frequent enough, a text
                holds a lone surrogate, the vocabulary leaves no room for a word, `min_count` is
                less than 1, or a symbol makes no sense, as the class says.

        Example:
            >>> from kseq2seq.text import WordTokenizer
            >>> WordTokenizer.train(["b a", "b c b a"], min_count=2).words()[4:]
            ['b', 'a']
        """
        apart = Symbols(symbols)
        room = apart.room(vocabulary_size)
        counts: Counter[str] = Counter()
        for text in apart.rests(each_text(texts)):
            counts.update(text.split())
        kept = frequent_words(counts, room, min_count)
        if len(kept) < len(counts):
            unknown = 1 - sum(counts[word] for word in kept) / counts.total()
            warnings.warn(
                f"{len(kept):,} of the {len(counts):,} different words of these texts get an id; "
                f"the others, {unknown:.2%} of the words, are unknown. Raise `vocabulary_size` or "
                "lower `min_count`, or use a SentencePieceTokenizer, which loses none.",
                stacklevel=2,
            )
        return cls(kept, symbols=apart.names)

    @property
    def vocabulary_size(self) -> int:
        """The special tokens, the words and the symbols."""
        return len(self.special) + len(self._listed) + len(self.symbols)

    def to_ids(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """See `Tokenizer`."""
        words = words_of(texts)
        return words.with_flat_values(self._ids.lookup(words.flat_values))

    def to_texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """See `Tokenizer`."""
        words = ids.with_flat_values(self._texts.lookup(tf.cast(ids.flat_values, tf.int64)))
        return tf.strings.reduce_join(words, axis=-1, separator=" ")

    def piece(self, token: int) -> str:
        """See `Tokenizer`."""
        return self._listed[token - len(self.special)]

    def _content(self) -> bytes:
        return "".join(f"{word}\n" for word in self._listed).encode()

    def config(self) -> dict[str, Any]:
        """See `Tokenizer`; the words are in a file of their own, one a line."""
        return {"sha256": sha256(self._content())}

    def write_files(self, directory: Path) -> None:
        """See `Tokenizer`; writes the words."""
        write_checked(directory / FILE, self._content())

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """See `Tokenizer`."""
        lines = read_checked(directory / FILE, read_field(config, "sha256", str, path))
        words = lines.decode().removesuffix("\n").split("\n")
        return cls(words, config.get("symbols", ()))


def frequent_words(counts: Mapping[str, int], room: int | None, min_count: int) -> list[str]:
    """Returns the words that get ids, the most frequent first, of equals the lower in code point.

    Args:
        counts: how often each word occurs. Names of special tokens get no id.
        room: the most words; None for all.
        min_count: how often a word must occur.

    Raises:
        ValueError: no word is left, or `min_count` is not a whole number from 1 on.

    Example:
        >>> from kseq2seq.text.words import frequent_words
        >>> frequent_words({"a": 2, "the": 5, "b": 2, "c": 1}, room=None, min_count=2)
        ['the', 'a', 'b']
    """
    check_whole("min_count", min_count)
    known = [word for word in counts if counts[word] >= min_count and word not in SPECIAL_NAMES]
    kept = sorted(known, key=lambda word: (-counts[word], word))[:room]
    if not kept:
        raise ValueError(
            f"`texts` has no word that occurs at least {min_count} times. Give more text, or lower "
            "`min_count`."
        )
    return kept


def words_of(texts: Any) -> tf.RaggedTensor:
    """Returns the words (N, None) of strings (N,): what stands between white space; in graph.

    As Python's `str.split()` has them, so a text of spaces alone has none.

    Example:
        >>> from kseq2seq.text.words import words_of
        >>> words_of(["The tab\u00a0was  closed.", " "]).to_list()
        [[b'The', b'tab', b'was', b'closed.'], []]
    """
    return tf.strings.split(tf.strings.regex_replace(texts, _SPACE, " "))


def stripped(texts: Any) -> tf.Tensor:
    r"""Returns strings (N,) without the white space around them, as Python's `str.strip`; in graph.

    Example:
        >>> from kseq2seq.text.words import stripped
        >>> stripped(["\u3000hard  news\n", " "]).numpy().tolist()
        [b'hard  news', b'']
    """
    return tf.strings.regex_replace(texts, f"^{_SPACE}|{_SPACE}$", "")
