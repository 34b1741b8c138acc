"""Raw text as the input of a model."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np
import tensorflow as tf

from kseq2seq.contracts import register_source
from kseq2seq.contracts.target import drawn
from kseq2seq.decoding.filters import Carried, Filter
from kseq2seq.text.characters import CharacterTokenizer
from kseq2seq.text.fields import FIELD_SYMBOLS, Fields, hidden, hidden_again, shown
from kseq2seq.text.languages import into, language_of, languages_in, without_language
from kseq2seq.text.raw_texts import RawTexts
from kseq2seq.text.sentences import split_sentences
from kseq2seq.text.sequences import TextSequences, TokenRows
from kseq2seq.text.tokenizer import Tokenizer


@register_source("text")
class TextSource(TextSequences, RawTexts, TokenRows):
    """Turns raw strings into a model's source, in a graph.

    Args:
        tokenizer: a `Tokenizer`, which cuts the text.
        max_length: the most tokens of a source, `end` included.
        too_long: the treatment of a longer one where the caller names none: "error", "split" (at
            the ends of sentences) or "cut" (the rest is left out, and `end` put there); see
            `Source`.
        fields: keep the fields that a program fills in, for example `%s` and `{name}` (see
            `kseq2seq.format_fields`): the model reads and writes `FIELD_SYMBOLS`, which both
            tokenizers must have, and was trained on `hidden_pairs`; a target has each symbol
            exactly as often as its source (see `Carried`), beside what the model spells of its own,
            which may look like a field. A text of more than 9 different ones keeps the rest as
            text, which a model may change.

    Raises:
        TypeError: `tokenizer` is not a tokenizer.
        ValueError: `max_length` is less than 1, `too_long` none of these, or with `fields` the
            tokenizer lacks their symbols.

    Example:
        >>> from kseq2seq.text import ByteTokenizer, TextSource
        >>> source = TextSource(ByteTokenizer(), max_length=64)
        >>> inputs = source(["hi", ""])
        >>> inputs["source"].numpy().tolist()
        [[108, 109, 2], [2, 0, 0]]
        >>> inputs["source_mask"].numpy().tolist()
        [[True, True, True], [True, False, False]]
        >>> TextSource(ByteTokenizer(), 2, too_long="cut")(["hi"])["source"].numpy().tolist()
        [[108, 2]]
    """

    unit = "tokens"

    def __init__(
        self, tokenizer: Tokenizer, max_length: int, too_long: str = "error", fields: bool = False
    ) -> None:
        super().__init__(max_length, too_long)
        self.take(tokenizer)
        self.fields = fields
        self._fields = Fields() if fields else None
        if fields:
            _field_ids(tokenizer)
        self.vocabulary_size = tokenizer.vocabulary_size
        self.padding = self.special.padding
        self.spec = {"source": ((None,), "int32"), "source_mask": ((None,), "int32")}

    def counted(self, length: int) -> str:
        """See `Source`."""
        return f"{length} tokens, its end included"

    def __call__(self, raws: Any, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the inputs of a model, padded to the longest of the batch.

        Args:
            raws: (N,) UTF-8 strings.
            training: draw a segmentation where the tokenizer has more than one, and the drawn one
                is not too long.

        Returns:
            `source`: (N, S) int32 ids; `source_mask`: (N, S) bool, True at real tokens.
        """
        return self.inputs(self._fitting(raws, training))

    def tokens(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """See `TextSequences`; of texts with symbols in the place of their fields, if asked for."""
        if self._fields is not None:
            texts, _ = self._fields.hide(tf.convert_to_tensor(texts, tf.string))
        return super().tokens(texts, sample)

    def filters(self, target: Any) -> tuple[Filter, ...]:
        """See `Source`; with `fields` each must be in a target as often as in its source."""
        if not self.fields:
            return ()
        written = _field_ids(getattr(target, "tokenizer", None))
        return (Carried(written, _field_ids(self.tokenizer)),)

    def fill(self, texts: tf.Tensor, raws: tf.Tensor) -> tf.Tensor:
        """See `Source`; the fields of the raws in the place of their symbols."""
        if self._fields is None:
            return texts
        _, own = self._fields.hide(raws)
        each = tf.size(texts) // tf.maximum(tf.size(raws), 1)
        return self._fields.show(texts, tf.gather(own, tf.repeat(tf.range(tf.size(raws)), each)))

    def as_written(self, text: str, raw: str) -> str:
        """See `Source`."""
        return hidden_again(text, hidden(raw)[1]) if self.fields else text

    def fitting(self, texts: Any, sample: bool = False) -> tf.RaggedTensor:
        """Returns the ids (N, None) of `__call__`: drawn if asked, cut if `too_long` says so.

        Args:
            texts: (N,) UTF-8 strings.
            sample: draw a segmentation; where it is too long, the usual one is taken instead.
        """
        return tf.nest.flatten(self._fitting(texts, sample))[0]

    def _fitting(self, texts: Any, sample: bool) -> Any:
        return self.cut(drawn(self.rows, texts, self.max_length) if sample else self.rows(texts))

    def inputs(self, rows: Any) -> dict[str, tf.Tensor]:
        """Returns the inputs of a model that are `rows`, padded to the longest."""
        source = rows.to_tensor(default_value=self.special.padding)
        mask = tf.sequence_mask(rows.row_lengths(), tf.shape(source)[1])
        return {"source": source, "source_mask": mask}

    def split(self, raw: str) -> list[str]:
        """See `Source`; at the ends of sentences, which all ask for its language."""
        language = language_of(raw)
        if not language or language not in self.languages:
            return split_sentences(raw)
        return self.into(language, split_sentences(without_language(raw)))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that a text may ask for, of a model that translates into several."""
        return languages_in(self.tokenizer.symbols)

    def into(self, language: str, texts: str | Collection[str]) -> list[str]:
        """Returns texts that ask for a language: with its symbol before each; not in graph.

        Args:
            language: one of `languages`.
            texts: one text or several.

        Raises:
            ValueError: for another language, or a text that asks for one already.

        Example:
            >>> from kseq2seq.text import ByteTokenizer, TextSource, language_symbol
            >>> symbols = [language_symbol(language) for language in ("fr", "ko")]
            >>> source = TextSource(ByteTokenizer(symbols), 64)
            >>> source.into("ko", ["Save the file"])
            ['<2ko>Save the file']
        """
        return into(language, texts, self.languages)

    def labels(self, inputs: dict[str, np.ndarray]) -> list[list[str]]:
        """See `Source`; the pieces of the tokenizer."""
        lengths = np.asarray(inputs["source_mask"]).astype(int).sum(axis=1)
        rows = zip(np.asarray(inputs["source"]), lengths, strict=True)
        return self.tokenizer.pieces([ids[:length] for ids, length in rows])

    def fixed(self, units: int) -> tuple[dict[str, tf.TensorSpec], Any]:
        """See `Source`; ids, since a host has the tokenizer."""
        specs = {
            "source": tf.TensorSpec([1, units], tf.int32, name="source"),
            "source_length": tf.TensorSpec([1], tf.int32, name="source_length"),
        }

        def inputs(source: tf.Tensor, source_length: tf.Tensor) -> dict[str, tf.Tensor]:
            mask = tf.range(units)[None] < source_length[:, None]
            return {"source": source, "source_mask": mask}

        return specs, inputs

    def feed(self, raw: str, units: int) -> dict[str, np.ndarray]:
        """See `Source`."""
        ids = self.fitting([raw])[0].numpy()
        source = np.full((1, units), self.padding, "int32")
        source[0, : len(ids)] = ids
        return {"source": source, "source_length": np.array([len(ids)], "int32")}

    def words(self, raw: str) -> list[str] | None:
        """Returns the text of each token of a raw, without `end`; None if that is unknown."""
        if not self.fields:
            return surfaces(self.tokenizer, raw)
        text, own = hidden(raw)
        words = surfaces(self.tokenizer, text)
        return words and [shown(word, own) for word in words]

    def config(self) -> dict[str, Any]:
        """See `Saved`."""
        usual = {} if self.too_long == "error" else {"too_long": self.too_long}
        return {**super().config(), **usual, **({"fields": True} if self.fields else {})}

    def record(self) -> dict[str, Any]:
        """See `Saved`; with `fields`, in the format that came with them."""
        version = {"format_version": self.later["fields"]} if self.fields else {}
        return {**version, **self.config()}


def _field_ids(tokenizer: Any) -> list[int]:
    """Returns the ids of the symbols of fields.

    Raises:
        ValueError: the tokenizer lacks one.
    """
    ids = getattr(tokenizer, "symbol_ids", {})
    if lacking := [symbol for symbol in FIELD_SYMBOLS if symbol not in ids]:
        raise ValueError(
            f"`fields` needs tokenizers with the symbols {' '.join(FIELD_SYMBOLS)}; got one "
            f"without {' '.join(lacking)}. Train it with symbols=FIELD_SYMBOLS."
        )
    return [ids[symbol] for symbol in FIELD_SYMBOLS]


MARKS = ("▁", "##")  # of SentencePiece's words and of WordPiece's insides


def surfaces(tokenizer: Tokenizer, text: str) -> list[str] | None:
    """Returns the text that each token of a source stands for, without its end.

    A known token stands for the whole word it is in, which is copied where a model points to it; an
    unknown one for the unknown part of the word alone.

    Args:
        tokenizer: the source's.
        text: the source.

    Returns:
        As many strings as tokens; None if the tokenizer does not cut the text word by word.

    Example:
        >>> from kseq2seq.text.source import surfaces
        >>> from kseq2seq.text import CharacterTokenizer
        >>> surfaces(CharacterTokenizer("abc"), "abX")
        ['a', 'b', 'X']
    """
    (whole,) = tokenizer.tokenize([text]).to_list()
    in_characters = isinstance(tokenizer, CharacterTokenizer)
    words: list[str] = []
    for index, part in enumerate(tokenizer.apart(text)):
        symbol = index % 2 == 1
        words += [part] if symbol else list(part) if in_characters else part.split()
    if in_characters:
        return words
    parts = tokenizer.tokenize(words).to_list() if words else []
    if [token for part in parts for token in part] != whole:
        return None
    return [
        surface
        for word, part in zip(words, parts, strict=True)
        for surface in _of_word(tokenizer, word, part)
    ]


def _of_word(tokenizer: Tokenizer, word: str, tokens: list[int]) -> list[str]:
    """The word at each of its known tokens, and its unknown parts at the unknown ones."""
    unknown = tokenizer.special.unknown
    if tokens.count(unknown) > 3:  # too many ways to divide a word among them
        return [word] * len(tokens)
    pieces = tokenizer.pieces([tokens])[0]
    for mark in MARKS:
        pieces = [piece.removeprefix(mark) for piece in pieces]
    pattern = "".join(
        "(.+?)" if token == unknown else re.escape(piece)
        for token, piece in zip(tokens, pieces, strict=True)
    )
    match = re.fullmatch(pattern, word)
    missing = iter(match.groups() if match else [])
    return [next(missing, word) if token == unknown else word for token in tokens]
